"""Samples of what the page is told: a status report as the daemon makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ravatard.core.audio.progress import Progress
from ravatard.core.control.status import Reporter
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.ports.page import CommandFailed, KeptLine


def status() -> dict[str, Any]:
    """The report of an appliance that has just started."""
    options = ConversationOptions(SessionOptions(), TurnOptions(), GateOptions(), has_button=True)
    return Reporter(Conversation(options), options, 0.0, Progress()).snapshot(1.0)


def turn(number: int, answer_ms: int | None = 800) -> dict[str, Any]:
    """One turn of a report."""
    return {
        "turn": number,
        "ended_s_ago": 1.0,
        "outcome": "answered",
        "cause": "voice",
        "spoken_ms": 1_500,
        "speech_ms": 1_200,
        "messages": 6,
        "answer_ms": answer_ms,
        "slowest_send_ms": 12.0,
        "first_sound_ms": answer_ms,
        "press_to_silence_ms": None,
        "opened_s_ago": 4.0,
        "axis_ms": {
            "speech_end": 1_500,
            "gate_closed": 2_400,
            "last_message": 2_410,
            "answer": answer_ms,
            "first_sound": answer_ms,
            "end": 5_000,
        },
    }


class PlayedJournal:
    """A journal of some lines, or one that may not be read."""

    def __init__(self) -> None:
        self.missing = ""
        self.lines = [KeptLine(1, 1_700_000_000.0, "warning", "systemd", "Started ravatard.service")]

    async def newest(self, lines: int) -> Sequence[KeptLine]:
        if self.missing:
            raise CommandFailed(self.missing)
        return self.lines[-lines:]
