"""Convert a written text to the type of its setting, or explain the mistake."""

from __future__ import annotations

import math
import re
from typing import Any, Literal, get_args, get_origin

import msgspec

from ravatard.config.document import Mapping, Node, Scalar, Sequence
from ravatard.config.problems import shown
from ravatard.config.schema import Key
from ravatard.errors import ConfigError
from ravatard.secret import Secret

# Numbers as people write them. YAML 1.1 also reads 010 as eight, 1_000 as a thousand and 1:30 as ninety;
# here these are refused, since each is more often a slip than meant.
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_NULLS = ("", "~", "null", "Null", "NULL")
_TRUE = ("true", "yes", "on")
_FALSE = ("false", "no", "off")
#: Quotes that word processors and web pages put in the place of straight ones; YAML takes them for letters.
TYPOGRAPHIC = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019\u201a\u201b"
_INVALID_IN_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class InvalidValue(ConfigError):
    """A value its setting does not accept; the message has the value and what is allowed, never a secret."""


def convert(node: Node, key: Key) -> object:
    """Return the value of ``node`` for the setting ``key``.

    Raises:
        InvalidValue: wrong type, out of range, not one of the choices, or not matching the pattern.
    """
    try:
        value = msgspec.convert(_raw(node, key.form), key.type, strict=True, dec_hook=_secret_from_text)
    except msgspec.ValidationError:
        raise InvalidValue(_refusal(node, key)) from None
    if not all(_in_bounds(item, key) for item in (value if isinstance(value, tuple) else (value,))):
        raise InvalidValue(_refusal(node, key))
    return value


def allowed(key: Key) -> str:
    """Return the allowed values in words: ``a whole number from 200 to 5000 ms``."""
    words = _form_in_words(key.form, key)
    return f"{words}, or unset" if key.optional else words


def _form_in_words(form: Any, key: Key) -> str:
    unit = f" {key.setting.unit}" if key.setting.unit else ""
    if get_origin(form) is tuple:
        return f"a list, each {_form_in_words(get_args(form)[0], key)}"
    if get_origin(form) is Literal:
        choices = ", ".join(map(str, get_args(form))) + unit
        return f"one of {choices}" if len(get_args(form)) > 1 else f"only {choices}"
    if form is bool:
        return "true or false"
    if form in (int, float):
        return ("a whole number" if form is int else "a number") + _range_in_words(key) + unit
    if key.setting.pattern is None:
        return "text"
    return key.setting.words or f"text of the form {key.setting.pattern}"


def _range_in_words(key: Key) -> str:
    low, high = key.setting.low, key.setting.high
    words = "" if low is None else f" from {low:.12g}"
    return (
        words if high is None else f"{words} up to {high:.12g}" if low is None else f"{words} to {high:.12g}"
    )


def _is_text(form: Any) -> bool:
    if get_origin(form) is Literal:
        return all(isinstance(choice, str) for choice in get_args(form))
    return form in (str, Secret)


def _raw(node: Node, form: Any) -> object:
    """Return the input for msgspec; a node of the wrong kind becomes an object that msgspec refuses."""
    if isinstance(node, Sequence) and get_origin(form) is tuple:
        # tuple[X, ...] repeats X; tuple[X, Y] names each, and msgspec counts them.
        forms = [item for item in get_args(form) if item is not Ellipsis]
        return [_raw(item, forms[min(at, len(forms) - 1)]) for at, item in enumerate(node.items)]
    if not isinstance(node, Scalar):
        return object()
    if node.plain and node.text in _NULLS:
        return None
    if _is_text(form):
        return object() if not node.text.strip() or _INVALID_IN_TEXT.search(node.text) else node.text
    return _meaning(node.text) if node.plain else node.text


def _meaning(text: str) -> bool | int | float | str:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and not _LEADING_ZERO.match(text):
        return float(text)
    return text


def _secret_from_text(form: type, value: object) -> Secret:
    if form is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError("a secret is text")


def _in_bounds(value: object, key: Key) -> bool:
    setting = key.setting
    if isinstance(value, Secret):
        value = value.reveal()
    if isinstance(value, str):
        return setting.pattern is None or re.fullmatch(setting.pattern, value) is not None
    if isinstance(value, int | float):
        low = -math.inf if setting.low is None else setting.low
        high = math.inf if setting.high is None else setting.high
        return math.isfinite(value) and low <= value <= high
    return True


def _refusal(node: Node, key: Key) -> str:
    return f"found {_found(node, key)}{_slip(node)}; allowed: {allowed(key)}"


def _slip(node: Node) -> str:
    """Return the likely slip in a refused text, without any of its letters: it may be a secret."""
    text = node.text if isinstance(node, Scalar) else ""
    if quotes := " ".join(dict.fromkeys(one for one in text if one in TYPOGRAPHIC)):
        return f' with the typographic quotes {quotes} in it, where straight ones (") or none belong'
    return " with a blank in it" if len(text.split()) > 1 or text != text.strip() else ""


def _found(node: Node, key: Key) -> str:
    if isinstance(node, Scalar):
        return _found_scalar(node, key)
    return "a mapping" if isinstance(node, Mapping) else f"a list of {len(node.items)}"


def _found_scalar(node: Scalar, key: Key) -> str:
    if node.plain and node.text in _NULLS:
        return "nothing"
    if not node.text.strip():
        return "an empty text"
    if key.secret:
        return "a value that is not shown"
    quoted = not node.plain and not _is_text(key.form)
    return f"the text {shown(node.text)}; write it without quotes" if quoted else shown(node.text)
