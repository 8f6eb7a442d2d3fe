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
    def may_mark(self) -> bool:
        """True if the service wants, or may turn out to want, the end of an utterance marked."""
        return self.service.capabilities is None or self.service.capabilities.marks_utterances

    @property
    def wants_silence(self) -> bool:
        """True if it finds, or may have to find, the end of an utterance by the silence after it."""
        return self.service.capabilities is None or not self.service.capabilities.marks_utterances

    @property
    def may_interrupt(self) -> bool:
        """True if the service takes an order to stop its answer."""
        return self.service.capabilities is not None and self.service.capabilities.interrupts

    @property
    def answer_s(self) -> float:
        """Seconds an answer may take."""
        return self.service.answer_s(self.options)
