"""One request on an open connection: its reply, or the end of the trial."""

from __future__ import annotations

import pytest

from ravatard.doctor.network.connector import REPLY_S, exchange
from ravatard.doctor.network.destination import State
from ravatard.doctor.network.reaching import TrialEnded
from tests.unit.doctor.network.fakes import Answer, FakeStream


async def test_a_reply_is_read() -> None:
    stream = FakeStream([b"HTTP/1.1 204 No Content\r\n\r\n"])

    assert (await exchange(stream, b"GET / HTTP/1.1\r\n\r\n")).status == 204
    assert stream.sent == [b"GET / HTTP/1.1\r\n\r\n"]


@pytest.mark.parametrize(
    ("answer", "state", "text"),
    [
        (None, State.SILENT, f"connected, but a request has no answer within {REPLY_S:g} s"),
        (
            ConnectionResetError(104, "Connection reset by peer"),
            State.FAILED,
            "connected, but a request has no answer (Connection reset by peer)",
        ),
        (b"220 smtp\r\n\r\n", State.FAILED, "connected, but the answer is none of HTTP"),
    ],
)
async def test_what_is_no_reply_ends_the_trial(answer: Answer, state: State, text: str) -> None:
    with pytest.raises(TrialEnded) as ended:
        await exchange(FakeStream([answer]), b"")

    assert (ended.value.outcome.state, ended.value.outcome.text) == (state, text)
