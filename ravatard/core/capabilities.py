"""Capabilities of a service: the facts that the conversation decides by, whichever cloud it is."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.core.states import (
    VoiceSource,
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Abilities and wishes of a service; the conversation asks for these, never for the service's name.

    Attributes:
        streams_audio: takes chunks while the user speaks (else the whole utterance when it closed).
        needs_session: wants a session started before anything is sent, and ended afterwards.
        listens: the service's own ``vadEnabled``: True for voice, False for push-to-talk, None unsaid.
        answer_timeout_s: seconds the service gives itself for an answer.
        avatar: the avatar's name, for people.
        language: language code in use; "" for a service that is not told one.
        voice: where an answer's sound comes from: a stream that runs as long as the session, the answer, or
            pieces on the connection.
        marks_utterances: wants the end of an utterance marked, and needs no closing silence to find it.
        interrupts: takes an order to stop its answer.
    """

    streams_audio: bool
    needs_session: bool
    listens: bool | None
    answer_timeout_s: float
    avatar: str
    language: str
    voice: VoiceSource = VoiceSource.ANSWER
    marks_utterances: bool = False
    interrupts: bool = False
