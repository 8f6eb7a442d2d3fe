"""Dialogue of the set-up: its questions in order, and the settings that follow from the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ravatard.cli.setup.environment import LISTEN_S, Microphones, SetupEnvironment
from ravatard.cli.setup.questions import Asker, Choice
from ravatard.cli.terminal import visible
from ravatard.config import Loaded, Schema, SettingOrigin
from ravatard.config.candidate import Wishes, refusal
from ravatard.config.document import Node, Scalar
from ravatard.config.sources import BOARD
from ravatard.errors import RavatardError
from ravatard.secret import Secret

#: Origin of the answers, as messages name it.
ANSWERS = SettingOrigin("file", "your answers")
_PROJECT = "service.project_id"
_LIGHTS = {"none": (), "led": ("pin",), "pwm": ("pin",), "rgb": ("red", "green", "blue")}

#: Returns the configuration with the answers so far. Raises ConfigError when they contradict it.
Preview = Callable[[Wishes], Loaded]


class Dialogue:
    """Asks, and collects the answers that differ from the present settings. Writes nothing."""

    def __init__(
        self, asker: Asker, environment: SetupEnvironment, current: Loaded, preview: Preview
    ) -> None:
        """``current``: the present settings; their values are the defaults."""
        self._asker = asker
        self._environment = environment
        self._current = current
        self._preview = preview
        self._schema = Schema()
        self._nodes: dict[str, Node | None] = {}
        self._secrets: dict[str, Secret] = {}

    def run(self) -> Wishes:
        """Ask all questions, and return the answers.

        Raises:
            EOFError, KeyboardInterrupt: the user left.
            ConfigError: the answers contradict the present settings.
        """
        self._ask_project()
        self._ask_avatar_and_language()
        self._ask_microphone()
        self._ask_board()
        return self.wishes

    @property
    def wishes(self) -> Wishes:
        """The answers so far."""
        secrets = [key.dotted for key in self._schema.keys.values() if key.credential in self._secrets]
        origins = dict.fromkeys([*secrets, *self._nodes], ANSWERS)
        return Wishes(dict(self._nodes), origins, dict(self._secrets))

    # ------------------------------------------------------------------ the service

    def _ask_project(self) -> None:
        known = self._current.options.service.project_id is not None
        keep = "; Enter keeps the present one" if known else ""
        key = self._schema.keys[_PROJECT]
        typed = self._asker.ask_hidden(
            f"Your project id (not shown while you type{keep})", lambda text: refusal(key, text)
        )
        if typed:
            self._secrets[key.credential] = Secret(typed)
        elif not known:
            self._asker.say(
                "  without one the service may refuse this appliance; `ravatard setup` asks again"
            )

    def _ask_avatar_and_language(self) -> None:
        options = self._current.options
        for project in self._secrets.values():
            options = replace(options, service=replace(options.service, project_id=project))
        self._asker.say(f"Asking {visible(options.service.base_url)} …")
        try:
            offer = self._environment.offer(options)
        except RavatardError as error:
            self._asker.say(f"  its avatars and languages cannot be listed: {visible(str(error))}")
            self._ask_text("service.avatar", "Name or id of the avatar (Enter: the first that can talk)")
            self._ask_text("service.language", "Language code")
            return
        first = Choice("", "the first that can talk")
        self._choose("service.avatar", "Avatar", [first, *offer.avatars])
        if offer.languages:
            self._choose("service.language", "Language", offer.languages)
        else:
            self._ask_text("service.language", "Language code")

    # ------------------------------------------------------------------ the microphone

    def _ask_microphone(self) -> None:
        if not self._current.options.microphone.is_card:
            self._asker.say("The microphone is no sound card (section microphone); it stays as it is.")
            return
        try:
            found = self._environment.microphones()
        except RavatardError as error:
            self._asker.say(f"Microphones cannot be listed: {visible(str(error))}")
            return
        if not found.names:
            self._asker.say("There is no microphone yet. One that is plugged in later is used automatically.")
            return
        best = self._listen(found)
        automatic = Choice("", "automatic (the only USB microphone, else the system's default)")
        choices = [automatic, *(Choice(name, name) for name in found.names)]
        self._choose("microphone.device", "Microphone", choices, best)
        if found.system:
            self._set("microphone.alsa_config", "system")

    def _listen(self, found: Microphones) -> str | None:
        """Return the microphone that picked up speech; None without speech or when the user declined."""
        while self._asker.confirm(
            f"Shall I listen for {LISTEN_S:g} s while you speak, to find the microphone?"
        ):
            self._asker.say("Speak now …")
            try:
                heard = self._environment.listen(found)
            except RavatardError as error:
                self._asker.say(f"  cannot listen: {visible(str(error))}")
                return None
            for line in heard.lines:
                self._asker.say(f"  {visible(line)}")
            if heard.best is not None:
                return heard.best
            self._asker.say("  no speech was heard; go nearer, speak up")
        return None

    # ------------------------------------------------------------------ button and lights

    def _ask_board(self) -> None:
        boards = self._environment.boards()
        named = self._current.board.name if self._current.board else ""
        own = self._current.options.button.pin is not None or self._current.options.lights.kind != "none"
        choices = [Choice("", "no board, no button, no lights"), Choice("own", "pins of my own"), *boards]
        before = named or ("own" if own else "")
        while True:
            kept = dict(self._nodes)
            answer = self._asker.choose("Button and lights", choices, before)
            if answer == "own":
                self._ask_pins(anew=bool(named))
            elif answer != before:
                self._forget_pins()
            if (board := "" if answer == "own" else answer) != named:
                self._nodes[BOARD] = Scalar(board, plain=False, line=1) if board else None
            if self._tried_out():
                return
            self._nodes = kept

    def _ask_pins(self, *, anew: bool) -> None:
        """Ask for the pins; ``anew``: the present ones come from a board that will be removed."""
        self._ask_text("button.pin", "GPIO number of the button (Enter: as it is; none: no button)")
        kinds = [Choice(kind, kind) for kind in _LIGHTS]
        kind = self._choose("lights.kind", "Lights", kinds)
        for name in _LIGHTS[kind]:
            self._ask_text(f"lights.{name}", f"GPIO number of the LED, {name}")
        for dotted in ("button.pin", "lights.kind", *(f"lights.{name}" for name in _LIGHTS[kind])):
            if anew and dotted not in self._nodes:
                self._nodes[dotted] = Scalar(self._value(dotted), plain=True, line=1)

    def _forget_pins(self) -> None:
        """Remove the configuration's own pins, which would override the board."""
        for dotted in ("button.pin", *(f"lights.{name}" for name in ("kind", "pin", "red", "green", "blue"))):
            if self._is_written(dotted):
                self._nodes[dotted] = None

    def _is_written(self, dotted: str) -> bool:
        origin = self._current.origins[dotted]
        return origin.kind == "file" and Path(origin.name) in self._current.files

    def _tried_out(self) -> bool:
        """Return True if the user accepts button and lights, or they cannot be tried."""
        try:
            options = self._preview(self.wishes).options
        except RavatardError as error:
            self._asker.say(f"  these settings contradict each other: {visible(str(error))}")
            return False
        if options.button.pin is None and options.lights.kind == "none":
            return True
        if not self._asker.confirm("Shall I show every light once, while you press the button?"):
            return True
        try:
            self._environment.try_out(options, lambda line: self._asker.say(f"  {line}"))
        except RavatardError as error:
            self._asker.say(f"  cannot be tried now: {visible(str(error))}")
            return self._asker.confirm("Keep this choice all the same?")
        return self._asker.confirm("Were lights and button as you expect?")

    # ------------------------------------------------------------------ answers

    def _value(self, dotted: str) -> str:
        key = self._schema.keys[dotted]
        value = getattr(getattr(self._current.options, key.section), key.name)
        return "" if value is None else str(value)

    def _ask_text(self, dotted: str, question: str) -> None:
        key = self._schema.keys[dotted]
        none = ("none", "null")

        def refused(text: str) -> str | None:
            return None if text in none and key.optional else refusal(key, text)

        text = self._asker.ask(question, self._value(dotted), refused)
        self._set(dotted, "" if text in none else text)

    def _choose(
        self,
        dotted: str,
        question: str,
        choices: list[Choice] | tuple[Choice, ...],
        default: str | None = None,
    ) -> str:
        before = self._value(dotted)
        if before not in (choice.value for choice in choices):
            # It may be named otherwise (an avatar by its name), or be unplugged just now.
            choices = [*choices, Choice(before, f"{before} (as it is)")]
        text = self._asker.choose(question, choices, before if default is None else default)
        self._set(dotted, text)
        return text

    def _set(self, dotted: str, text: str) -> None:
        key = self._schema.keys[dotted]
        if text == self._value(dotted):
            self._nodes.pop(dotted, None)
        else:
            self._nodes[dotted] = Scalar(text, plain=not text or key.form is not str, line=1)
