"""Typed values as plain values that JSON can hold, and strictly back; what is private stays behind.

A dataclass is the list of its fields. A field that is kept out of ``repr`` (speech, texts, addresses) is
private: only its length is kept, and it comes back as that many zero bytes or blanks.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ravatard.errors import RavatardError

T = TypeVar("T")

#: Sentences are cut to this; none of ours comes near it, a service's own words may.
TEXT_LIMIT = 300
#: No chunk, answer or sound is longer; a damaged length must not cost memory.
LENGTH_LIMIT = 1 << 20
#: Whole numbers beyond this are no count of anything, and would not fit a float.
_INT_LIMIT = 1 << 63


class CodecError(RavatardError):
    """A plain value does not describe a value of the wanted type."""


def to_plain(value: object, clean: Callable[[str], str] = str) -> Any:
    """``value`` as None, bool, int, float, str and lists of those. ``clean`` takes secrets out of texts."""
    # A text is asked for first: an Enum of texts would be one too, and there is none.
    if isinstance(value, str):
        return clean(value)[:TEXT_LIMIT]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        kind: Any = type(value)
        return [
            min(len(getattr(value, name)), LENGTH_LIMIT) if private else to_plain(getattr(value, name), clean)
            for name, private in columns(kind)
        ]
    if isinstance(value, Sequence):
        return [to_plain(one, clean) for one in value]
    raise TypeError(f"{type(value).__name__} has no plain form")


def from_plain(hint: Any, plain: object) -> Any:
    """The value of type ``hint`` that ``plain`` describes.

    Raises:
        CodecError: it describes none.
    """
    return _reader(hint)(plain)


def build(kind: type[T], plain: Sequence[object]) -> T:
    """The dataclass whose fields ``plain`` describes.

    Raises:
        CodecError: it describes none.
    """
    readers = _readers(cast(Any, kind))
    if len(plain) != len(readers):
        raise CodecError(f"{kind.__name__} has {len(readers)} fields, not {len(plain)}")
    return kind(*(reader(one) for reader, one in zip(readers, plain, strict=True)))


@cache
def columns(kind: Any) -> tuple[tuple[str, bool], ...]:
    """The fields of a dataclass in order, each with whether it is private."""
    return tuple((one.name, not one.repr) for one in fields(kind))


@cache
def _readers(kind: Any) -> tuple[Callable[[object], Any], ...]:
    hints = get_type_hints(kind)
    return tuple(_blank(hints[name]) if private else _reader(hints[name]) for name, private in columns(kind))


def _blank(hint: type[bytes] | type[str]) -> Callable[[object], bytes | str]:
    def read(plain: object) -> bytes | str:
        if type(plain) is not int or not 0 <= plain <= LENGTH_LIMIT:
            raise CodecError(f"{plain!r:.40} is not a length")
        return bytes(plain) if hint is bytes else " " * plain

    return read


@cache
def _reader(hint: Any) -> Callable[[object], Any]:
    if hint is Any:
        return lambda plain: plain
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (one for one in get_args(hint) if one is not types.NoneType)
        some = _reader(inner)
        return lambda plain: None if plain is None else some(plain)
    if get_origin(hint) is Literal:
        return _one_of({word: word for word in get_args(hint)})
    if get_origin(hint) is tuple:
        return _tuple_of(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _one_of({one.value: one for one in hint})
    if is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint)
    return _leaf(hint)


def _leaf(hint: type[Any]) -> Callable[[object], Any]:
    # A whole number is good where any number is: the configuration may say 120 for 120.0.
    allowed = (int, float) if hint is float else (hint,)

    def read(plain: object) -> Any:
        if type(plain) not in allowed or (isinstance(plain, int) and abs(plain) >= _INT_LIMIT):
            raise CodecError(f"{plain!r:.40} is not {hint.__name__}")
        return plain

    return read


def _one_of(choices: dict[Any, Any]) -> Callable[[object], Any]:
    def read(plain: object) -> Any:
        if not isinstance(plain, str) or plain not in choices:
            raise CodecError(f"{plain!r:.40} is not one of {', '.join(map(str, choices))}")
        return choices[plain]

    return read


def _tuple_of(hints: tuple[Any, ...]) -> Callable[[object], Any]:
    repeated = len(hints) == 2 and hints[1] is Ellipsis

    def read(plain: object) -> Any:
        if not isinstance(plain, list) or (not repeated and len(plain) != len(hints)):
            raise CodecError(f"{plain!r:.40} is not a list of the right length")
        wanted = [hints[0]] * len(plain) if repeated else hints
        return tuple(_reader(hint)(one) for hint, one in zip(wanted, plain, strict=True))

    return read


def _dataclass(kind: type[Any]) -> Callable[[object], Any]:
    def read(plain: object) -> Any:
        if not isinstance(plain, list):
            raise CodecError(f"{plain!r:.40} is not the list of {kind.__name__}'s fields")
        return build(kind, plain)

    return read
