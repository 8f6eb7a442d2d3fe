from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.voice.inline_sound import inline_sound


@pytest.mark.parametrize(
    "value",
    [
        "SGVsbG8=",
        "SGVsbG8",
        "SGVs\r\nbG8=\n",
        "data:audio/wav;base64,SGVsbG8%3D",
        " Data:;base64,SGVsbG8",
        "SGVs\xa0bG8=",
    ],
)
def test_every_spelling_of_base64_is_read(value: str) -> None:
    assert inline_sound(value) == b"Hello"


@pytest.mark.parametrize("value", ["no base64!", "A", "ü", "SGVs*G8=", "SGVs=bG8=", "SGVsb"])
def test_what_is_no_base64_is_refused_in_words(value: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        inline_sound(value)


def test_digits_after_the_padding_are_refused_across_pieces() -> None:
    with pytest.raises(ValueError, match="'='"):
        inline_sound("A" * ((1 << 16) - 2) + "==" + "SGVs")


@settings(deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_what_was_encoded_comes_back(sound: bytes, url_safe: bool) -> None:
    encoded = base64.urlsafe_b64encode(sound) if url_safe else base64.b64encode(sound)

    assert inline_sound(encoded.decode()) == sound
