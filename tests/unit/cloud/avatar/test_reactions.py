from __future__ import annotations

import pytest

from ravatard.cloud.avatar.reactions import Closure, Reaction, closure_of, reaction_to


@pytest.mark.parametrize(
    ("code", "reaction"),
    [
        ("AUDIO_PROCESSING_ERROR", Reaction.SOUND_UNUSABLE),
        ("SESSION_NOT_FOUND", Reaction.EXPIRED),
        ("session-expired", Reaction.EXPIRED),
        ("Session Closed", Reaction.EXPIRED),
        ("UNAUTHORIZED", Reaction.AUTH),
        ("INVALID_TOKEN", Reaction.AUTH),
        ("RATE_LIMIT_EXCEEDED", Reaction.SLOW_DOWN),
        ("TOO_MANY_MESSAGES", Reaction.SLOW_DOWN),
        ("BUSY", Reaction.BUSY),
        ("SERVICE_UNAVAILABLE", Reaction.BUSY),
        ("AUDIO_BUFFER_EMPTY", Reaction.IGNORE),
        ("INVALID_STATE", Reaction.IGNORE),
        ("INVALID_SAMPLE_RATE_AUDIO", Reaction.SOUND_UNUSABLE),
        ("GENERATE_FAILED", Reaction.TURN_FAILED),
        ("AUTHOR_NAME", Reaction.TURN_FAILED),
        ("MISSING_AUTHOR", Reaction.TURN_FAILED),
        ("TOKENIZER_FAILED", Reaction.TURN_FAILED),
        ("TOKEN_LIMIT_EXCEEDED", Reaction.TURN_FAILED),
        ("AUDIOBOOK", Reaction.TURN_FAILED),
        ("AUTH", Reaction.AUTH),
        ("AUTH_FAILED", Reaction.AUTH),
        ("bad.auth", Reaction.AUTH),
        ("authError", Reaction.AUTH),
        ("AUTHENTICATION_REQUIRED", Reaction.AUTH),
        ("token expired", Reaction.AUTH),
        ("RATE_LIMITED", Reaction.SLOW_DOWN),
        ("", Reaction.TURN_FAILED),
    ],
)
def test_each_code_has_its_reaction(code: str, reaction: Reaction) -> None:
    assert reaction_to(code) is reaction


def test_an_empty_buffer_may_be_told_in_words() -> None:
    assert reaction_to("INPUT_ERROR", "Audio buffer too small to commit") is Reaction.IGNORE


@pytest.mark.parametrize(
    ("code", "closure"),
    [
        *((1000, Closure.RECONNECT), (1001, Closure.RECONNECT), (1006, Closure.RECONNECT)),
        *((None, Closure.RECONNECT), (4404, Closure.GONE), (4408, Closure.GONE), (4410, Closure.GONE)),
        *((1008, Closure.AUTH), (4001, Closure.AUTH), (4403, Closure.AUTH), (1009, Closure.TOO_LARGE)),
        *((4409, Closure.TAKEN), (1011, Closure.LATER), (1013, Closure.LATER), (4999, Closure.RECONNECT)),
    ],
)
def test_each_close_code_has_its_meaning(code: int | None, closure: Closure) -> None:
    assert closure_of(code) is closure
