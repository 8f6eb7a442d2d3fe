"""A control handler that reports what a test says."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

from ravatard.core.audio.progress import Progress
from ravatard.core.control.protocol import agreed, decode
from ravatard.core.control.status import Reporter
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions

OPTIONS = ConversationOptions(SessionOptions(), TurnOptions(), GateOptions(), has_button=False)


def fresh_report() -> dict[str, Any]:
    """The report of an appliance that has just started."""
    return Reporter(Conversation(OPTIONS), OPTIONS, 0.0, Progress()).snapshot(0.0)


class FakeHandler:
    """Answers a request for the status with ``report``, and notes every request."""

    def __init__(self, report: dict[str, Any] | None = None) -> None:
        self.report = report if report is not None else fresh_report()
        self.asked: list[dict[str, Any]] = []

    async def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        decode(line)
        self.asked.append(json.loads(line))
        yield agreed("all is well", status=self.report)
