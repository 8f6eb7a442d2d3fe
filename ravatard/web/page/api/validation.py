"""Sentences for a body that is not as an endpoint takes it: what the field may be, and no value."""

from __future__ import annotations

import re

import msgspec

#: Messages of msgspec's decoder -> sentences; FIELD is the place of the value.
_SENTENCES = (
    (
        re.compile(r"Expected `str` of length >= (\d+)"),
        "FIELD must have {} characters or more",
    ),
    (re.compile(r"Expected `str` of length <= (\d+)"), "FIELD may have {} characters at most"),
    (re.compile(r"Expected `(?:array|object)` of length >= (\d+)"), "FIELD must have {} entries or more"),
    (re.compile(r"Expected `(?:array|object)` of length <= (\d+)"), "FIELD may have {} entries at most"),
    (re.compile(r"Expected `(?:int|float)` >= (\S+)"), "FIELD must be {} or more"),
    (re.compile(r"Expected `(?:int|float)` <= (\S+)"), "FIELD must be {} or less"),
    (re.compile(r"Expected `str` matching regex"), "FIELD has characters, or a form, that it may not have"),
    (re.compile(r"Object missing required field `(\w+)`"), "FIELD lacks the field {}"),
    (re.compile(r"Object contains unknown field"), "FIELD has a field that is not known here"),
    (re.compile(r"Invalid enum value"), "FIELD is none of the words that are taken"),
    (re.compile(r"Expected `([\w | ]+)`, got `(\w+)`"), "FIELD must be of the type {}, not {}"),
)
_PLACE = re.compile(r" - at `\$\.?([^`]*)`$")
#: Names of fields are ours; the keys of an object that takes any are the caller's.
_NAME = re.compile(r"[a-z_]+(\[(\d+|\.\.\.)\])*(\.[a-z_]+)*")


def in_words(error: msgspec.ValidationError) -> str:
    """Return why a body was refused, for the person who typed it and for the author of a program."""
    text = str(error)
    place = _PLACE.search(text)
    field = place[1] if place is not None and _NAME.fullmatch(place[1]) else "the body"
    for pattern, sentence in _SENTENCES:
        if (found := pattern.match(text)) is not None:
            said = sentence.format(*found.groups()).replace("FIELD", field)
            return f"{said}; /api/v1/openapi.json has the types"
    return "the body is not as it should be; /api/v1/openapi.json has the types"
