"""Choice of a language by BCP 47 tags, after RFC 4647 section 3.4 ("Lookup"). Pure.

The library ``langcodes`` matches by distance, with half a megabyte of tables; here the tags of one short list
are compared, and nothing is guessed beyond the language itself.
"""

from __future__ import annotations

from collections.abc import Sequence

#: IANA language subtag registry and ISO 639-2: other codes of languages that voices are sold in.
_PREFERRED = {
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "no": "nb", "tl": "fil", "cmn": "zh", "zho": "zh",
    "chi": "zh", "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "por": "pt",
    "ita": "it", "nld": "nl", "dut": "nl", "rus": "ru", "ukr": "uk", "pol": "pl", "tur": "tr", "ara": "ar",
    "jpn": "ja", "kor": "ko", "hin": "hi", "heb": "he", "swe": "sv", "dan": "da", "fin": "fi", "nob": "nb",
    "ell": "el", "gre": "el", "ces": "cs", "cze": "cs", "ron": "ro", "rum": "ro", "hun": "hu", "vie": "vi",
}  # fmt: skip
#: Languages whose regions write so differently that one does not stand for another.
_BY_REGION = frozenset({"zh", "sr"})


def lookup(wanted: str, codes: Sequence[str]) -> str | None:
    """Return the one of ``codes`` that fits ``wanted`` best, in its own spelling; None when none does.

    The same tag; else the longest beginning of it (``en-GB``: ``en``); else, as a code without a region means
    any, the first of the same language (``en``: ``en-US``; ``en-GB``: ``en-US``).
    """
    tags: dict[tuple[str, ...], str] = {}
    for code in codes:
        tags.setdefault(_tag(code), code)
    tag = _tag(wanted)
    for length in range(len(tag), 0, -1):
        if tag[:length] in tags:
            return tags[tag[:length]]
        if length == 1 and len(tag) > 1 and tag[0] in _BY_REGION:
            return None
        for other, code in tags.items():
            if other[:length] == tag[:length]:
                return code
    return None


def _tag(code: str) -> tuple[str, ...]:
    """Return the subtags of a code, the language in its preferred spelling."""
    language, *rest = code.strip().casefold().replace("_", "-").split("-")
    # An encoding or modifier of a POSIX locale (de_DE.UTF-8@euro) says nothing of the language.
    rest = [subtag.partition(".")[0].partition("@")[0] for subtag in rest]
    return _PREFERRED.get(language, language), *filter(None, rest)
