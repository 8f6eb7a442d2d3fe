"""Refused bodies in words: the field and what it may be, and nothing of what was sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ravatard.web.page.api.settings_types import ChangedSettings
from ravatard.web.page.api.types import NewPassword, NewToken, SetLoudness
from ravatard.web.page.api.validation import in_words

LONG = "a secret that is never told " * 20


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        (NewPassword, {"current": LONG[:30], "password": "short"}, "password must have 8 characters or more"),
        (NewPassword, {"current": LONG[:30], "password": LONG}, "password may have 200 characters at most"),
        (NewPassword, {"current": LONG[:30]}, "the body lacks the field password"),
        (NewToken, {"name": "a\nb", "scopes": ["read"]}, "name has characters, or a form,"),
        (NewToken, {"name": "a", "scopes": [LONG]}, "scopes[0] is none of the words that are taken"),
        (NewToken, {"name": "a", "scopes": []}, "scopes must have 1 entries or more"),
        (NewToken, {"name": 7, "scopes": ["read"]}, "name must be of the type str, not int"),
        (NewToken, [LONG], "the body must be of the type object, not array"),
        (ChangedSettings, {"changes": {"a.b": {LONG: 1}}}, "changes[...] must be of the type bool | int"),
        (ChangedSettings, {"changes": {"a.b": [[LONG]]}}, "changes[...][0] must be of the type bool | int"),
        (SetLoudness, {"percent": 101}, "percent must be 100 or less"),
        (SetLoudness, {LONG[:20]: 1}, "the body has a field that is not known here"),
    ],
)
def test_a_refusal_names_the_field_and_what_it_may_be(kind: Any, body: Any, said: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(msgspec.json.encode(body), type=kind)

    words = in_words(caught.value)

    assert words.startswith(said)
    assert "secret" not in words
    assert "`" not in words
