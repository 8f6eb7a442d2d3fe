"""Questions about microphone and speaker: what was chosen is in effect, also beside a board with its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.config.candidate import candidate
from tests.unit.cli.setup.test_dialogue import ENTER_ALL, Town, Visit, texts


def hat_and_usb() -> Town:
    """A HAT that brings microphone and speaker, beside those on USB."""
    town = Town()
    town.names = ("wm8960-soundcard", "USB Mic")
    town.speaker_names = ("wm8960-soundcard", "USB Speaker")
    return town


def test_a_microphone_on_usb_that_was_chosen_wins_over_the_boards(tmp_path: Path) -> None:
    visit = Visit(tmp_path, town=hat_and_usb())

    wishes = visit.answered("", "", "respeaker-2mic", "n", "n", "USB Mic", "wm8960-soundcard", "n")

    assert texts(wishes) == {"board": "respeaker-2mic", "microphone.device": "USB Mic"}
    assert " *  2  wm8960-soundcard (the board's own)" in visit.seen
    loaded = candidate(visit.main, {}, wishes).loaded
    assert loaded.options.microphone.device == "USB Mic"
    assert loaded.options.speaker.device == "wm8960-soundcard"


def test_automatic_that_was_chosen_beside_a_board_is_in_effect_too(tmp_path: Path) -> None:
    visit = Visit(tmp_path, town=hat_and_usb())

    wishes = visit.answered("", "", "respeaker-2mic", "n", "n", "1", "1", "n")

    loaded = candidate(visit.main, {}, wishes).loaded
    assert texts(wishes) == {"board": "respeaker-2mic", "microphone.device": "", "speaker.device": ""}
    assert (loaded.options.microphone.device, loaded.options.speaker.device) == (None, None)


def test_a_card_that_comes_with_the_restart_can_be_chosen_and_is_not_tried(tmp_path: Path) -> None:
    town = hat_and_usb()
    town.names, town.speaker_names = ("USB Mic",), ("USB Speaker",)
    visit = Visit(tmp_path, town=town)

    wishes = visit.answered("", "", "respeaker-2mic", "n", "n", "", "")

    assert texts(wishes) == {"board": "respeaker-2mic"}
    assert town.played == []
    assert "  it is not there now; after the restart `ravatard doctor` tries it" in visit.seen
    own = " *  3  wm8960-soundcard (the board's own; not there now, perhaps after a restart)"
    assert visit.seen.count(own) == 2


def test_without_any_device_the_boards_own_is_named(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.names = ()

    visit.answered("", "", "respeaker-2mic", "n")

    said = "The board's own (wm8960-soundcard) is used; it may appear only after a restart."
    assert f"There is no microphone yet. {said}" in visit.seen
    assert f"There is no speaker yet. {said}" in visit.seen


def test_a_speaker_that_is_heard_is_kept(tmp_path: Path) -> None:
    town = hat_and_usb()
    visit = Visit(tmp_path, town=town)

    wishes = visit.answered("", "", "", "n", "", "USB Speaker", "y", "y")

    assert texts(wishes) == {"speaker.device": "USB Speaker"}
    assert town.played == ["USB Speaker"]


def test_a_speaker_that_is_not_heard_is_played_again_or_changed(tmp_path: Path) -> None:
    town = hat_and_usb()
    visit = Visit(tmp_path, town=town)

    wishes = visit.answered("", "", "", "n", "", "2", "y", "n", "again", "n", "", "3", "", "y")

    assert texts(wishes) == {"speaker.device": "USB Speaker"}
    assert town.played == ["wm8960-soundcard", "wm8960-soundcard", "USB Speaker"]


def test_a_speaker_that_cannot_be_played_can_be_kept(tmp_path: Path) -> None:
    town = hat_and_usb()
    town.plays = False
    visit = Visit(tmp_path, town=town)

    wishes = visit.answered("", "", "", "n", "", "3", "y", "keep")

    assert texts(wishes) == {"speaker.device": "USB Speaker"}
    assert "  cannot be played: the card is busy" in visit.seen


def test_a_speaker_only_the_machines_own_alsa_knows_is_written_with_that(tmp_path: Path) -> None:
    town = hat_and_usb()
    town.system = True

    wishes = Visit(tmp_path, town=town).answered("", "", "", "n", "", "3", "n")

    assert texts(wishes) == {
        "microphone.alsa_config": "system",
        "speaker.device": "USB Speaker",
        "speaker.alsa_config": "system",
    }


@pytest.mark.parametrize("text", ["speaker: {enabled: no}\n", "speaker: {wav: /tmp/x.wav}\n"])
def test_a_speaker_that_is_no_card_stays(tmp_path: Path, text: str) -> None:
    visit = Visit(tmp_path, text, hat_and_usb())

    assert texts(visit.answered("", "", "", "n", "")) == {}
    assert any("section speaker" in line for line in visit.seen)


def test_speakers_that_cannot_be_listed_are_said_and_passed_over(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.speaker_names = None

    assert texts(visit.answered(*ENTER_ALL)) == {}
    assert "Speakers cannot be listed: PortAudio is missing" in visit.seen


@pytest.mark.parametrize(
    ("answer", "written"),
    [("", {}), ("cancel", {"audio.echo": "cancel", "audio.barge_in": "voice"})],
)
def test_where_the_library_is_users_may_be_let_talk_over_the_avatar(
    tmp_path: Path, answer: str, written: dict[str, str]
) -> None:
    town = hat_and_usb()
    town.echo_library = True
    visit = Visit(tmp_path, town=town)

    wishes = visit.answered("", "", "", "n", "", "USB Speaker", "y", "y", answer)

    assert texts(wishes) == {"speaker.device": "USB Speaker", **written}
    assert any("doctor --echo" in line for line in visit.seen) is bool(answer)


def test_a_setting_for_a_speakerphone_is_not_asked_about(tmp_path: Path) -> None:
    town = hat_and_usb()
    town.echo_library = True
    visit = Visit(tmp_path, "audio: {echo: external}\n", town=town)

    wishes = visit.answered("", "", "", "n", "", "USB Speaker", "y", "y")

    assert texts(wishes) == {"speaker.device": "USB Speaker"}
