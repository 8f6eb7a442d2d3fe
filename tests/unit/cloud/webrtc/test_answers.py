"""The direction of the sound in an answer to our offer."""

from __future__ import annotations

import pytest

from ravatard.cloud.webrtc.answers import direction_of
from ravatard.errors import LinkError


@pytest.mark.parametrize(
    ("sdp", "direction"),
    [
        ("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\r\n", "sendrecv"),
        (
            "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\nm=video 9 X 97\r\na=sendonly\r\n",
            "recvonly",
        ),
        ("v=0\nm=video 9 X 97\na=sendonly\nm=audio 9 X 96\na=inactive\n", "inactive"),
        ("v=0\na=sendonly\nm=audio 9 X 96\n", "sendonly"),
        ("v=0\nm=audio 9 X 96\n", "sendrecv"),
        ("v=0\nm=audio 0 X 96\na=sendrecv\n", ""),
        ("v=0\nm=video 9 X 96\na=sendrecv\n", ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_the_direction_is_that_of_the_sound(sdp: str, direction: str) -> None:
    assert direction_of(sdp) == direction


def test_an_endless_answer_is_refused() -> None:
    with pytest.raises(LinkError):
        direction_of("v=0\n" * 100_000)
