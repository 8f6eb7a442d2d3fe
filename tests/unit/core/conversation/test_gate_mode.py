"""Who opens the gate."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.gate_mode import gate_choice, gate_mode, options_after
from ravatard.core.indication import Look
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import GateMode
from ravatard.core.wakeword.options import WakeWordOptions
from tests.unit.core.conversation.test_conversation import OPTIONS, Talker


@pytest.mark.parametrize("word", ["vad", "button", "both"])
@pytest.mark.parametrize("listens", [True, False, None])
def test_the_configurations_word_is_final(word: str, listens: bool | None) -> None:
    assert gate_mode(word, listens, has_button=True).mode.value == word


@pytest.mark.parametrize(
    ("listens", "has_button", "mode"),
    [
        (True, True, GateMode.BOTH),
        (True, False, GateMode.VAD),
        (None, True, GateMode.BOTH),
        (None, False, GateMode.VAD),
        (False, True, GateMode.BUTTON),
        (False, False, GateMode.VAD),
    ],
)
def test_auto_obeys_the_service_as_far_as_the_hardware_goes(
    listens: bool | None, has_button: bool, mode: GateMode
) -> None:
    assert gate_mode("auto", listens, has_button=has_button).mode is mode


def test_a_service_that_wants_a_button_there_is_none_of_is_not_obeyed_silently() -> None:
    assert "button.pin" in gate_mode("auto", listens=False, has_button=False).warning


def test_auto_never_makes_a_device_that_nobody_can_talk_to() -> None:
    for listens in (True, False, None):
        assert gate_mode("auto", listens, has_button=False).mode is not GateMode.BUTTON


def test_nothing_else_is_worth_a_warning() -> None:
    for word, listens, has_button in itertools.product(
        ("auto", "vad", "button", "both"), (True, False, None), (True, False)
    ):
        if (word, listens, has_button) != ("auto", False, False):
            assert gate_mode(word, listens, has_button=has_button).warning == ""


@pytest.mark.parametrize("word", ["wakeword", "wakeword-or-button"])
@pytest.mark.parametrize(("has_button", "instead"), [(True, GateMode.BUTTON), (False, GateMode.VAD)])
def test_a_word_that_cannot_be_recognised_is_replaced_and_the_owner_is_told(
    word: str, has_button: bool, instead: GateMode
) -> None:
    assert gate_mode(word, True, has_button=has_button).mode.value == word

    choice = gate_mode(word, True, has_button=has_button, wakeword_trouble="the model is broken")

    assert choice.mode is instead
    assert "the model is broken" in choice.warning


def test_trouble_with_a_word_that_is_not_used_is_none() -> None:
    assert gate_mode("vad", True, has_button=True, wakeword_trouble="it is broken").warning == ""


def test_the_options_after_an_event_are_those_a_new_beginning_goes_on_with() -> None:
    others = replace(OPTIONS, has_button=not OPTIONS.has_button)

    assert options_after(OPTIONS, ev.OptionsChanged(others)) == others
    assert options_after(OPTIONS, ev.WakeWordLost("it crashed")).wakeword_trouble == "it crashed"
    assert options_after(OPTIONS, ev.Tick()) is OPTIONS


WAITING = replace(OPTIONS, gate=GateOptions(mode="wakeword"), wakeword=WakeWordOptions(word="ada"))


def equipped(options: ConversationOptions, model: int = 0, kept: str = "") -> ConversationOptions:
    return replace(options, equipment=replace(options.equipment, wakeword_model=model, wakeword_kept=kept))


def test_a_word_that_goes_on_in_the_place_of_the_configured_one_is_told_and_opens_the_gate() -> None:
    choice = gate_choice(equipped(WAITING, kept="bob.json is missing"), None)

    assert choice.mode is GateMode.WAKEWORD
    assert choice.warning == "the wake word ada goes on as before: bob.json is missing"


def test_what_is_told_of_a_word_that_is_not_used_is_nothing() -> None:
    assert gate_choice(equipped(OPTIONS, kept="bob.json is missing"), None).warning == ""


def test_another_model_of_the_word_is_loaded_at_once_and_the_same_one_disturbs_nothing() -> None:
    talker = Talker(WAITING)
    talker.happens(ev.Woken(0.9))

    same = talker.happens(ev.OptionsChanged(equipped(WAITING, kept="bob.json is missing")))
    assert act.SetGate(GateMode.WAKEWORD) not in same
    assert talker.look() is Look.LISTENING

    other = talker.happens(ev.OptionsChanged(equipped(WAITING, model=1)))
    assert act.SetGate(GateMode.WAKEWORD) in other
    # The process that heard the word is gone.
    assert talker.look() is Look.WAITING


def test_a_model_for_a_gate_without_a_word_changes_nothing() -> None:
    talker = Talker()

    actions = talker.happens(ev.OptionsChanged(equipped(OPTIONS, model=1)))

    assert not any(isinstance(action, act.SetGate) for action in actions)
