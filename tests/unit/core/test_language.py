"""Languages are matched by BCP 47 lookup, in any spelling."""

from __future__ import annotations

from itertools import product

import pytest

from ravatard.core.language import lookup


@pytest.mark.parametrize(
    ("wanted", "listed"),
    list(
        product(
            ["pt_BR", "pt-BR", "pt-br", "PT_br", " pt-BR ", "por-BR"],
            ["pt_BR", "pt-BR", "pt-br", "pt\u2011BR", "\u200bpt\u2013BR"],
        )
    ),
)
def test_every_spelling_is_one_language(wanted: str, listed: str) -> None:
    assert lookup(wanted, ["en", "pt", listed]) == listed


@pytest.mark.parametrize(
    ("wanted", "codes", "found"),
    [
        ("en", ["en-US"], "en-US"),
        ("en", ["en-US", "en"], "en"),
        ("en-GB", ["en"], "en"),
        ("en-GB", ["en-US", "en"], "en"),
        ("en-GB", ["en-US"], "en-US"),
        ("de-AT", ["en", "de-DE"], "de-DE"),
        ("de_DE.UTF-8", ["de"], "de"),
        ("zh-Hant-TW", ["zh-Hans", "zh-Hant"], "zh-Hant"),
        ("zh", ["zh-CN"], "zh-CN"),
        ("zh-TW", ["zh-CN"], None),
        ("zh-CN", ["zh-Hant", "zh-Hans"], "zh-Hans"),
        ("zh_cn", ["zh-Hans-SG"], "zh-Hans-SG"),
        ("zh-Hans", ["zh-TW", "zh-CN"], "zh-CN"),
        ("zh-TW", ["zh-Hans", "zh-Hant"], "zh-Hant"),
        ("zh-HK", ["zh-CN", "zh-TW"], "zh-TW"),
        ("zh-Hant", ["zh-CN"], None),
        ("zh", ["zh-TW", "zh-CN"], "zh-CN"),
        ("zh", ["zh-TW"], "zh-TW"),
        ("sr-RS", ["sr-Latn", "sr-Cyrl"], "sr-Cyrl"),
        ("sr-Latn-RS", ["sr-Cyrl"], None),
        ("iw", ["he"], "he"),
        ("no", ["nb-NO"], "nb-NO"),
        ("eng", ["en-US"], "en-US"),
        ("fr", ["en", "de-DE"], None),
        ("e", ["en"], None),
        ("en", [], None),
    ],
)
def test_the_best_code_is_found(wanted: str, codes: list[str], found: str | None) -> None:
    assert lookup(wanted, codes) == found
