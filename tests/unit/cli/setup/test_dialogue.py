"""The set-up's questions: what is in effect is the default, and only what differs becomes a wish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ravatard.cli.setup.answers import MachineSteps
from ravatard.cli.setup.dialogue import Dialogue
from ravatard.cli.setup.environment import ConfigTxt, FoundDevices, HeardSpeech, ServiceOffer
from ravatard.cli.setup.questions import Choice
from ravatard.config import Options, load
from ravatard.config.candidate import Wishes, candidate
from ravatard.config.document import Scalar
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.errors import DeviceError, LinkError, RavatardError
from tests.unit.cli.setup.test_questions import Person


class Town:
    """A world with a service, two microphones, no speaker and boards; whatever is None fails.

    Attributes:
        missing: lines that config.txt lacks; None: there is no config.txt.
        greetings: answers of an AvaTar API, or the errors instead.
        asked: kind, address and key that the service was asked with.
        played: names of the speakers that a test sound was played on.
        projects: with which the service was asked.
        tried: button pins and kinds of lights that were tried out.
        words: wake words that can be chosen.
    """

    def __init__(self) -> None:
        self.offers: ServiceOffer | None = ServiceOffer(
            (Choice("id-ada", "Ada"), Choice("id-zoe", "Zoë")),
            (Choice("en", "English (en)"), Choice("no", "Norsk (no)")),
        )
        self.names: tuple[str, ...] | None = ("USB Mic", "Webcam")
        self.best: list[str | None] = ["Webcam"]
        self.system = False
        self.pins = True
        self.projects: list[str | None] = []
        self.greetings: list[str | RavatardError] = ["version 1.0.0"] * 9
        self.asked: list[tuple[str, str, str | None]] = []
        self.tried: list[tuple[int | None, str]] = []
        self.speaker_names: tuple[str, ...] | None = ()
        self.echo_library = False
        self.plays = True
        self.played: list[str | None] = []
        self.missing: tuple[str, ...] | None = ()
        self.writable = True
        self.lit = True
        self.user: str | None = None
        self.words: tuple[Choice, ...] = ()

    def greeting(self, options: Options) -> str:
        key = options.service.api_key
        self.asked.append((options.service.kind, options.service.base_url, key.reveal() if key else None))
        said = self.greetings.pop(0)
        if isinstance(said, RavatardError):
            raise said
        return said

    def offer(self, options: Options) -> ServiceOffer:
        self.asked.append((options.service.kind, options.service.base_url, None))
        project = options.service.project_id
        self.projects.append(project.reveal() if project else None)
        if self.offers is None:
            raise LinkError("cannot reach the service")
        return self.offers

    def microphones(self) -> FoundDevices:
        if self.names is None:
            raise DeviceError("PortAudio is missing")
        return FoundDevices(self.names, self.system)

    def listen(self, microphones: FoundDevices) -> HeardSpeech:
        return HeardSpeech(tuple(f"{name}: -30 dBFS" for name in microphones.names), self.best.pop(0))

    def speakers(self) -> FoundDevices:
        if self.speaker_names is None:
            raise DeviceError("PortAudio is missing")
        return FoundDevices(self.speaker_names, self.system)

    def cancels_echo(self) -> bool:
        return self.echo_library

    def play(self, speaker: SpeakerOptions) -> None:
        if not self.plays:
            raise DeviceError("the card is busy")
        self.played.append(speaker.device)

    def config_txt(self, lines: Sequence[str]) -> ConfigTxt | None:
        if self.missing is None:
            return None
        missing = tuple(line for line in lines if line in self.missing)
        return ConfigTxt(Path("/boot/firmware/config.txt"), missing, self.writable)

    def has_lights(self, options: Options) -> bool:
        return self.lit

    def wake_words(self) -> Sequence[Choice]:
        return self.words

    def joinable(self) -> str | None:
        return self.user

    def boards(self) -> Sequence[Choice]:
        return [
            Choice("respeaker-2mic", "Seeed ReSpeaker 2-Mics Pi HAT (respeaker-2mic)"),
            Choice("aiy-voice-hat", "Google AIY Voice HAT (aiy-voice-hat)"),
        ]

    def try_out(self, options: Options, say: Callable[[str], None]) -> None:
        if not self.pins:
            raise DeviceError("this machine has no GPIO")
        self.tried.append((options.button.pin, options.lights.kind))
        say("button pressed")


class Visit:
    """One run of the questions over a configuration file."""

    def __init__(
        self, folder: Path, text: str = "", town: Town | None = None, kind: str | None = None
    ) -> None:
        self.kind = kind
        self.main = folder / "ravatard.yaml"
        self.main.write_text(text, encoding="utf-8")
        self.town = town or Town()
        self.seen: list[str] = []
        self.steps = MachineSteps()
        self.restart = False

    def answered(self, *lines: str, project: str = "") -> Wishes:
        person = Person(lines, [project])
        self.seen = person.seen
        now = load(self.main, {})
        dialogue = Dialogue(
            person.asker, self.town, now, lambda wishes: candidate(self.main, {}, wishes).loaded, self.kind
        )
        wishes = dialogue.run()
        self.steps, self.restart = dialogue.steps, dialogue.restart
        return wishes


def texts(wishes: Wishes) -> dict[str, str | None]:
    return {dotted: node.text if isinstance(node, Scalar) else None for dotted, node in wishes.nodes.items()}


#: Enter, wherever there is one: avatar, language, board, listen?, microphone.
ENTER_ALL = ("", "", "", "n", "")


def test_enter_everywhere_changes_nothing(tmp_path: Path) -> None:
    visit = Visit(tmp_path, "service: {avatar: id-zoe, language: no}\nmicrophone: {device: USB Mic}\n")

    wishes = visit.answered(*ENTER_ALL)

    assert wishes == Wishes({}, {}, {})
    assert " *  3  Zoë" in visit.seen
    assert " *  2  Norsk (no)" in visit.seen


def test_every_answer_becomes_a_wish_and_the_secret_is_kept_apart(tmp_path: Path) -> None:
    wishes = Visit(tmp_path).answered("Ada", "2", "respeaker-2mic", "y", "y", "y", "", project="abc-123")

    assert texts(wishes) == {
        "service.avatar": "id-ada",
        "service.language": "no",
        "microphone.device": "Webcam",
        "board": "respeaker-2mic",
    }
    assert wishes.names[0] == "service.project_id"
    assert [secret.reveal() for secret in wishes.secrets.values()] == ["abc-123"]


def test_the_service_is_asked_with_the_project_that_was_just_typed_else_with_the_old_one(
    tmp_path: Path,
) -> None:
    visit = Visit(tmp_path, "service: {project_id: old}\n")

    visit.answered(*ENTER_ALL, project="typed-just-now")
    visit.answered(*ENTER_ALL)

    assert visit.town.projects == ["typed-just-now", "old"]
    assert "typed-just-now" not in "".join(visit.seen)


def test_a_project_that_cannot_be_one_is_asked_again_and_not_shown(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    person = Person(ENTER_ALL, ["not allowed!", "abc"])

    wishes = Dialogue(
        person.asker, visit.town, load(visit.main, {}), lambda it: candidate(visit.main, {}, it).loaded
    ).run()

    assert [secret.reveal() for secret in wishes.secrets.values()] == ["abc"]
    assert "not allowed" not in "".join(person.seen)


def test_without_the_service_avatar_and_language_can_be_typed(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.offers = None

    wishes = visit.answered("Zoë", "klingon!", "de", "", "n", "")

    assert texts(wishes) == {"service.avatar": "Zoë", "service.language": "de"}
    assert "  its avatars and languages cannot be listed: cannot reach the service" in visit.seen
    assert any("klingon!" in line and "allowed" in line for line in visit.seen)


def test_an_avatar_the_service_does_not_list_stays(tmp_path: Path) -> None:
    visit = Visit(tmp_path, "service: {avatar: Bob}\n")

    assert texts(visit.answered(*ENTER_ALL)) == {}
    assert " *  4  Bob (as it is)" in visit.seen


def test_who_was_not_heard_may_speak_again_or_choose(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.best = [None, "USB Mic"]

    assert texts(visit.answered("", "", "", "y", "y", ""))["microphone.device"] == "USB Mic"

    visit.town.best = [None]
    assert texts(visit.answered("", "", "", "y", "n", "3"))["microphone.device"] == "Webcam"


def test_a_microphone_only_the_machines_own_alsa_knows_is_written_with_that(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.system = True

    assert texts(visit.answered("", "", "", "y", "")) == {
        "microphone.device": "Webcam",
        "microphone.alsa_config": "system",
    }


@pytest.mark.parametrize(
    ("names", "words"), [((), "There is no microphone yet."), (None, "cannot be listed")]
)
def test_without_microphones_the_rest_is_asked_all_the_same(
    tmp_path: Path, names: tuple[str, ...] | None, words: str
) -> None:
    visit = Visit(tmp_path)
    visit.town.names = names

    assert texts(visit.answered("2", "", "")) == {"service.avatar": "id-ada"}
    assert any(words in line for line in visit.seen)


def test_a_microphone_that_is_no_card_stays(tmp_path: Path) -> None:
    assert texts(Visit(tmp_path, "microphone: {command: cat x}\n").answered("", "", "")) == {}


def test_pins_of_ones_own_are_asked_for_and_tried(tmp_path: Path) -> None:
    visit = Visit(tmp_path)

    wishes = visit.answered("", "", "own", "17", "led", "99", "25", "y", "y", "n", "")

    assert texts(wishes) == {"button.pin": "17", "lights.kind": "led", "lights.pin": "25"}
    assert visit.town.tried == [(17, "led")]
    assert any("found '99'" in line for line in visit.seen)


def test_pins_that_contradict_each_other_are_told_and_asked_again(tmp_path: Path) -> None:
    visit = Visit(tmp_path)

    wishes = visit.answered("", "", "own", "17", "led", "17", "own", "17", "led", "18", "n", "n", "")

    assert texts(wishes)["lights.pin"] == "18"
    assert any("GPIO 17 is already used" in line for line in visit.seen)


def test_a_board_that_did_not_light_up_can_be_chosen_anew(tmp_path: Path) -> None:
    visit = Visit(tmp_path)

    wishes = visit.answered("", "", "respeaker-2mic", "y", "n", "aiy-voice-hat", "y", "y", "n", "")

    assert texts(wishes) == {"board": "aiy-voice-hat"}
    assert len(visit.town.tried) == 2


def test_a_board_that_cannot_be_tried_here_can_be_kept(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.pins = False

    assert texts(visit.answered("", "", "aiy-voice-hat", "y", "y", "n", "")) == {"board": "aiy-voice-hat"}
    assert "  cannot be tried now: this machine has no GPIO" in visit.seen


def test_a_board_instead_of_pins_takes_the_pins_out(tmp_path: Path) -> None:
    visit = Visit(tmp_path, "button: {pin: 4}\nlights:\n  kind: led\n  pin: 5\n  brightness: 50\n")

    wishes = visit.answered("", "", "aiy-voice-hat", "y", "y", "n", "")

    assert texts(wishes) == {
        "board": "aiy-voice-hat",
        "button.pin": None,
        "lights.kind": None,
        "lights.pin": None,
    }
    assert [pin for pin, _ in visit.town.tried] == [23]


def test_no_board_any_more_takes_it_out(tmp_path: Path) -> None:
    visit = Visit(tmp_path, "board: aiy-voice-hat\n")

    assert texts(visit.answered("", "", "1", "n", "")) == {"board": None}


def test_pins_instead_of_a_board_are_written_even_where_they_are_the_boards(tmp_path: Path) -> None:
    visit = Visit(tmp_path, "board: aiy-voice-hat\n")

    wishes = visit.answered("", "", "own", "", "none", "n", "n", "")

    assert texts(wishes) == {"button.pin": "23", "lights.kind": "none", "board": None}


def test_whoever_leaves_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EOFError):
        Visit(tmp_path).answered("Ada")


# ---------------------------------------------------------------------- config.txt, restart, group

SPI = "dtparam=spi=on"


def test_the_lines_of_a_board_are_shown_and_added_only_when_wished(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.missing = ("dtparam=i2c_arm=on", SPI, "dtoverlay=wm8960-soundcard")

    visit.answered("", "", "respeaker-2mic", "y", "n", "n", "")

    assert "  The board needs these 3 lines in /boot/firmware/config.txt, and then a restart:" in visit.seen
    assert "    dtoverlay=wm8960-soundcard" in visit.seen
    assert visit.steps.config_txt == ("dtparam=i2c_arm=on", SPI, "dtoverlay=wm8960-soundcard")
    assert visit.restart

    visit.answered("", "", "respeaker-2mic", "n", "n", "n", "")

    assert visit.steps == MachineSteps()


def test_spi_is_said_before_the_lights_and_they_are_not_tried_without_it(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.missing, visit.town.lit = (SPI,), False

    visit.answered("", "", "respeaker-2mic", "y", "n", "")

    assert "  The board needs this line in /boot/firmware/config.txt, and then a restart:" in visit.seen
    assert "  lights on SPI work after the restart; then try them: ravatard board test" in visit.seen
    assert visit.town.tried == []


def test_lines_that_are_there_are_no_question(tmp_path: Path) -> None:
    visit = Visit(tmp_path)

    visit.answered("", "", "respeaker-2mic", "n", "n", "")

    assert "  /boot/firmware/config.txt has what the board needs." in visit.seen
    assert (visit.steps, visit.restart) == (MachineSteps(), False)


def test_without_rights_the_lines_are_only_shown(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.missing, visit.town.writable = (SPI,), False

    visit.answered("", "", "respeaker-2mic", "n", "n", "")

    assert any("add them yourself, or run setup with sudo" in line for line in visit.seen)
    assert (visit.steps, visit.restart) == (MachineSteps(), True)


def test_on_a_machine_without_config_txt_the_lines_are_only_shown(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.missing = None

    visit.answered("", "", "respeaker-2mic", "n", "n", "")

    assert "  The board needs in config.txt of the Raspberry Pi:" in visit.seen
    assert f"    {SPI}" in visit.seen
    assert visit.steps == MachineSteps()


def test_another_board_takes_back_the_lines_of_the_first(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.missing = (SPI, "dtoverlay=googlevoicehat-soundcard")

    visit.answered("", "", "respeaker-2mic", "y", "y", "n", "aiy-voice-hat", "n", "n", "n", "")

    assert visit.steps == MachineSteps()


def test_the_user_behind_sudo_is_offered_the_group(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.town.user = "pi"

    visit.answered(*ENTER_ALL, "")
    agreed = visit.steps
    visit.answered(*ENTER_ALL, "n")

    assert (agreed.member, visit.steps.member) == ("pi", None)
    assert any("Shall pi be allowed" in line and "group ravatard" in line for line in visit.seen)
