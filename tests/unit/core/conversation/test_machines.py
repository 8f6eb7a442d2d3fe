"""The coupling: each cue of one machine reaches the machines that act on it, in the order it was given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from ravatard.core import actions as act
from ravatard.core.conversation import cues
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.machines import Machines
from ravatard.core.options.equipment import Equipment
from ravatard.core.states import Cause, Earcon, MicrophoneStatus, TalkState
from tests.unit.core.recorded import OPTIONS

ALOUD = replace(OPTIONS, equipment=Equipment(speaks=True))
CUES: list[Any] = [
    cues.Active(),
    cues.SessionWanted(1),
    cues.SessionUnneeded(),
    cues.SessionUseless("no voice"),
    cues.TurnOpened(Cause.BUTTON),
    cues.TurnClosed(Cause.BUTTON),
    cues.TurnSent(),
    cues.TurnAnswered(),
    cues.AnswerFollows(),
    cues.WordsLost(),
    cues.MuteChanged(muted=True),
    cues.VoiceSounds(),
    cues.VoiceGoesOn(),
    cues.VoiceSilent(1.0),
    cues.SoundAwaited(1.0),
    cues.SoundMissing(),
    cues.WakeHeard(),
    cues.InterruptionFalse(),
    cues.InterruptionProven(),
    cues.EchoMisheard(),
]


def machines() -> Machines:
    made = Machines(ALOUD, Conversation(ALOUD).state)
    made.now = 7.0
    return made


def test_every_cue_is_in_the_list() -> None:
    assert [type(cue) for cue in CUES] == list(get_args(cues.Cue))


@pytest.mark.parametrize("cue", CUES)
def test_every_cue_is_acted_on_and_never_leaves_the_conversation(cue: cues.Cue) -> None:
    coupled = machines()

    coupled.take((coupled.earcons, [cue]))

    assert not [action for action in coupled.actions if isinstance(action, cues.Cue)]


def test_what_follows_from_a_cue_comes_before_the_next_effect() -> None:
    coupled = machines()

    coupled.take((coupled.turns, [cues.TurnClosed(Cause.BUTTON), act.Release()]))

    assert coupled.actions == [act.PlayEarcon(Earcon.SENT), act.Release()]


def test_a_voice_that_sounds_moves_the_talk_and_holds_the_microphone() -> None:
    coupled = machines()
    coupled.take(coupled.microphone.ready("usb"))

    coupled.take((coupled.playback, [cues.VoiceSounds()]))

    assert coupled.turns.talk is TalkState.SPEAKING
    assert coupled.microphone.status is MicrophoneStatus.HELD
