"""Moment: read-only surroundings of a step of turn taking."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.core.conversation.service_state import ServiceState
from ravatard.core.options.conversation import ConversationOptions


@dataclass(frozen=True, slots=True)
class Moment:
    """Surroundings of a step of turn taking: time, options, and the service as it stands."""

    now: float
    options: ConversationOptions
    service: ServiceState

    @property
    def answer_s(self) -> float:
        """Seconds an answer may take."""
        return self.service.answer_s(self.options)
