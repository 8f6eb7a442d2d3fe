"""Dialogue of the set-up: its questions in order, and the settings that follow from the answers."""

from __future__ import annotations

from dataclasses import replace

from ravatard.cli.setup.answers import Answers, MachineSteps, Preview
from ravatard.cli.setup.environment import SetupEnvironment
from ravatard.cli.setup.questions import Asker, Choice
from ravatard.cli.setup.service import ServiceQuestions, is_written
from ravatard.cli.setup.sound import SoundQuestions
from ravatard.cli.setup.wakeword import ask_wake_word
from ravatard.cli.terminal import visible
from ravatard.config import Loaded, Options
from ravatard.config.candidate import Wishes
from ravatard.config.document import Scalar
from ravatard.config.sources import BOARD
from ravatard.errors import RavatardError

_LIGHTS = {"none": (), "led": ("pin",), "pwm": ("pin",), "rgb": ("red", "green", "blue")}
_OWN = "own"


class Dialogue:
    """Asks, and collects the answers that differ from the present settings. Writes nothing.

    Attributes:
        steps: what else was agreed to.
        restart: True if something of the board works only after a restart of the machine.
    """

    def __init__(
        self,
        asker: Asker,
        environment: SetupEnvironment,
        current: Loaded,
        preview: Preview,
        kind: str | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            asker: asks the questions.
            environment: what there is to choose from.
            current: the present settings; their values are the defaults.
            preview: gives the settings with the answers so far.
            kind: kind of service that is wished for; None: the present one.
        """
        self._kind = kind or current.options.service.kind
        self.steps = MachineSteps()
        self.restart = False
        self._asker = asker
        self._environment = environment
        self._current = current
        self._answers = Answers(asker, current, preview)

    def run(self) -> Wishes:
        """Ask all questions, and return the answers.

        The board comes before microphone and speaker: it may bring its own.

        Raises:
            EOFError, KeyboardInterrupt: the user left.
            ConfigError: the answers contradict the present settings.
        """
        ServiceQuestions(self._answers, self._environment, self._current, self._kind).ask()
        self._ask_board()
        self._answers.rebase()
        sound = SoundQuestions(self._answers, self._environment)
        sound.ask_microphone()
        sound.ask_speaker()
        ask_wake_word(self._answers, self._environment)
        self._ask_group()
        return self._answers.wishes

    # ------------------------------------------------------------------ board, button and lights

    def _ask_board(self) -> None:
        boards = self._environment.boards()
        named = self._current.board.name if self._current.board else ""
        own = self._current.options.button.pin is not None or self._current.options.lights.kind != "none"
        choices = [Choice("", "no board, no button, no lights"), Choice(_OWN, "pins of my own"), *boards]
        before = named or (_OWN if own else "")
        nodes = self._answers.nodes
        while True:
            kept = dict(nodes)
            answer = self._asker.choose("Board, button and lights", choices, before)
            if answer == _OWN:
                self._ask_pins(anew=bool(named))
            elif answer != before:
                self._forget_pins()
            if (board := "" if answer == _OWN else answer) != named:
                nodes[BOARD] = Scalar(board, plain=False, line=1) if board else None
            if self._is_accepted():
                return
            nodes.clear()
            nodes.update(kept)

    def _ask_pins(self, *, anew: bool) -> None:
        """Ask for the pins; ``anew``: the present ones come from a board that will be removed."""
        answers = self._answers
        answers.ask_text("button.pin", "GPIO number of the button (none: no button)")
        kinds = [Choice(kind, kind) for kind in _LIGHTS]
        kind = answers.choose("lights.kind", "Lights", kinds)
        for name in _LIGHTS[kind]:
            answers.ask_text(f"lights.{name}", f"GPIO number of the LED, {name}")
        for dotted in ("button.pin", "lights.kind", *(f"lights.{name}" for name in _LIGHTS[kind])):
            if anew and dotted not in answers.nodes:
                answers.nodes[dotted] = Scalar(answers.value(dotted), plain=True, line=1)

    def _forget_pins(self) -> None:
        """Remove the configuration's own pins, which would override the board."""
        for dotted in ("button.pin", *(f"lights.{name}" for name in ("kind", "pin", "red", "green", "blue"))):
            if is_written(self._current, dotted):
                self._answers.nodes[dotted] = None

    def _is_accepted(self) -> bool:
        """Return True if the user accepts board, button and lights, or they cannot be tried."""
        try:
            preview = self._answers.preview()
        except RavatardError as error:
            self._asker.say(f"  these settings contradict each other: {visible(str(error))}")
            return False
        self._ask_config_txt(preview)
        options = preview.options
        if options.button.pin is None and options.lights.kind == "none":
            return True
        if self.restart and not self._environment.has_lights(options):
            self._asker.say("  lights on SPI work after the restart; then try them: ravatard board test")
            return True
        return self._tried_out(options)

    def _ask_config_txt(self, preview: Loaded) -> None:
        """Show the lines the board needs in ``config.txt``, before anything of it is tried."""
        self.steps, self.restart = replace(self.steps, config_txt=()), False
        if preview.board is None:
            return
        about = preview.board.about
        if about.driver:
            self._asker.say(f"  Driver: {visible(about.driver)}")
        if not about.config_txt:
            return
        try:
            state = self._environment.config_txt(about.config_txt)
        except RavatardError as error:
            self._asker.say(f"  {visible(str(error))}")
            state = None
        if state is None:
            self._asker.say("  The board needs in config.txt of the Raspberry Pi:")
            self._list(about.config_txt)
            return
        if not state.missing:
            self._asker.say(f"  {state.path} has what the board needs.")
            return
        self.restart = True
        count = "this line" if len(state.missing) == 1 else f"these {len(state.missing)} lines"
        self._asker.say(f"  The board needs {count} in {state.path}, and then a restart:")
        self._list(state.missing)
        if not state.writable:
            self._asker.say("  You may not change that file; add them yourself, or run setup with sudo.")
        elif self._asker.confirm("Shall I add them when all is asked? A backup is kept."):
            self.steps = replace(self.steps, config_txt=about.config_txt)

    def _list(self, lines: tuple[str, ...]) -> None:
        for line in lines:
            self._asker.say(f"    {visible(line)}")

    def _tried_out(self, options: Options) -> bool:
        if not self._asker.confirm("Shall I show every light once, while you press the button?"):
            return True
        try:
            self._environment.try_out(options, lambda line: self._asker.say(f"  {line}"))
        except RavatardError as error:
            self._asker.say(f"  cannot be tried now: {visible(str(error))}")
            return self._asker.confirm("Keep this choice all the same?")
        return self._asker.confirm("Were lights and button as you expect?")

    # ------------------------------------------------------------------ who may use the commands

    def _ask_group(self) -> None:
        user = self._environment.joinable()
        if user and self._asker.confirm(
            f"Shall {visible(user)} be allowed to use `ravatard status` and the other commands without sudo "
            "(group ravatard)?"
        ):
            self.steps = replace(self.steps, member=user)
