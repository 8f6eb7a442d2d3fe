"""Choice of a language by BCP 47 tags, after RFC 4647 section 3.4 ("Lookup"). Pure.

The library ``langcodes`` matches by distance, with half a megabyte of tables; here the tags of one short list
are compared, and nothing is guessed beyond the language itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

#: IANA language subtag registry and ISO 639-2: other codes of languages that voices are sold in.
_PREFERRED = {
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "no": "nb", "tl": "fil", "cmn": "zh", "zho": "zh",
    "chi": "zh", "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "por": "pt",
    "ita": "it", "nld": "nl", "dut": "nl", "rus": "ru", "ukr": "uk", "pol": "pl", "tur": "tr", "ara": "ar",
    "jpn": "ja", "kor": "ko", "hin": "hi", "heb": "he", "swe": "sv", "dan": "da", "fin": "fi", "nob": "nb",
    "ell": "el", "gre": "el", "ces": "cs", "cze": "cs", "ron": "ro", "rum": "ro", "hun": "hu", "vie": "vi",
}  # fmt: skip
#: Languages whose regions write so differently that one does not stand for another, with the script that is
#: meant without a region, and that of regions with another one (CLDR, likely subtags).
_SCRIPTS: Mapping[str, Mapping[str, str]] = {
    "zh": {"": "hans", "tw": "hant", "hk": "hant", "mo": "hant"},
    "sr": {"": "cyrl", "me": "latn"},
}
#: Also the hyphens and dashes that word processors put in the place of "-".
_DASHES = re.compile("[_\u2010-\u2015\u2212\ufe63\uff0d]")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def lookup(wanted: str, codes: Sequence[str]) -> str | None:
    """Return the one of ``codes`` that fits ``wanted`` best, in its own spelling; None when none does.

    The same tag; else the longest beginning of it (``en-GB``: ``en``); else, as a code without a region means
    any, the first of the same language (``en``: ``en-US``; ``en-GB``: ``en-US``), which must have the same
    script where that follows from the region (``zh-CN``: ``zh-Hans``).
    """
    tags: dict[tuple[str, ...], str] = {}
    for code in codes:
        tags.setdefault(_tag(code), code)
    tag = _tag(wanted)
    for length in range(len(tag), 0, -1):
        if tag[:length] in tags:
            return tags[tag[:length]]
        alike = [other for other in tags if other[:length] == tag[:length]]
        if length == 1 and (script := _script(tag)):
            same = [other for other in alike if _script(other) == script]
            alike = same or (alike if len(tag) == 1 else [])
        if alike:
            return tags[alike[0]]
    return None


def _script(tag: tuple[str, ...]) -> str:
    """Return the script of a language in :data:`_SCRIPTS`, written or by its region; "" of another one."""
    scripts = _SCRIPTS.get(tag[0])
    if scripts is None:
        return ""
    written = next((subtag for subtag in tag[1:] if len(subtag) == 4 and subtag.isalpha()), "")
    return written or next((scripts[subtag] for subtag in tag[1:] if subtag in scripts), scripts[""])


def _tag(code: str) -> tuple[str, ...]:
    """Return the subtags of a code, the language in its preferred spelling."""
    code = _DASHES.sub("-", _UNSEEN.sub("", code))
    language, *rest = code.strip().casefold().split("-")
    # An encoding or modifier of a POSIX locale (de_DE.UTF-8@euro) says nothing of the language.
    rest = [subtag.partition(".")[0].partition("@")[0] for subtag in rest]
    return _PREFERRED.get(language, language), *filter(None, rest)
