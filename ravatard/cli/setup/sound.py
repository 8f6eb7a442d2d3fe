"""Questions about microphone and speaker: each is chosen from those that are there, and tried."""

from __future__ import annotations

from ravatard.cli.setup.answers import Answers
from ravatard.cli.setup.environment import LISTEN_S, FoundDevices, SetupEnvironment
from ravatard.cli.setup.questions import Choice
from ravatard.cli.terminal import visible
from ravatard.errors import RavatardError

_AGAIN = (
    Choice("again", "play it again"),
    Choice("other", "choose another speaker"),
    Choice("keep", "keep this one all the same"),
)

#: Values of audio.echo that are asked about.
_TALKING_OVER = {
    "half-duplex": "only a press stops it; the microphone does not listen",
    "cancel": "users may also talk over it; its voice is taken out of the microphone's sound",
}


class SoundQuestions:
    """Asks for microphone and speaker, after the board, which may bring its own."""

    def __init__(self, answers: Answers, environment: SetupEnvironment) -> None:
        self._answers = answers
        self._asker = answers.asker
        self._environment = environment

    def ask_microphone(self) -> None:
        """Ask which microphone the appliance listens to."""
        if not self._answers.base.options.microphone.is_card:
            self._asker.say("The microphone is no sound card (section microphone); it stays as it is.")
            return
        try:
            found = self._environment.microphones()
        except RavatardError as error:
            self._asker.say(f"Microphones cannot be listed: {visible(str(error))}")
            return
        if not found.names:
            self._asker.say(f"There is no microphone yet. {self._later('microphone')}")
            return
        best = self._listen(found)
        self._answers.choose("microphone.device", "Microphone", self._choices(found, "microphone"), best)
        if found.system:
            self._answers.set("microphone.alsa_config", "system")

    def ask_speaker(self) -> None:
        """Ask which speaker the avatar is heard from, and play a test sound on it."""
        options = self._answers.base.options.speaker
        if not (options.enabled and options.is_card):
            self._asker.say("The speaker is off, or no sound card (section speaker); it stays as it is.")
            return
        try:
            found = self._environment.speakers()
        except RavatardError as error:
            self._asker.say(f"Speakers cannot be listed: {visible(str(error))}")
            return
        if not found.names:
            self._asker.say(f"There is no speaker yet. {self._later('speaker')}")
            return
        default = None
        while True:
            choices = self._choices(found, "speaker")
            default = self._answers.choose("speaker.device", "Speaker", choices, default)
            if found.system:
                self._answers.set("speaker.alsa_config", "system")
            if self._is_heard(default, found):
                self._ask_talking_over()
                return

    def _ask_talking_over(self) -> None:
        """Ask whether a user may talk over the avatar, where that is installed and not decided otherwise."""
        audio = self._answers.base.options.audio
        if audio.echo not in _TALKING_OVER or not self._environment.cancels_echo():
            return
        choices = [Choice(value, label) for value, label in _TALKING_OVER.items()]
        if self._answers.choose("audio.echo", "While the avatar speaks", choices) == "cancel":
            self._answers.set("audio.barge_in", "voice")
            self._asker.say("  Try it in the room: `ravatard doctor --echo` says whether this suits.")
        elif audio.echo == "cancel":
            self._answers.set("audio.barge_in", "button")

    # ------------------------------------------------------------------ the choices

    def _own(self, kind: str) -> str:
        """Return the device that the board brings; "" without one."""
        base = self._answers.base
        origin = base.origins[f"{kind}.device"]
        is_boards = base.board is not None and origin.name == str(base.board.path)
        return self._answers.value(f"{kind}.device") if is_boards else ""

    def _later(self, kind: str) -> str:
        if own := self._own(kind):
            return f"The board's own ({own}) is used; it may appear only after a restart."
        return "One that is plugged in later is used automatically."

    def _choices(self, found: FoundDevices, kind: str) -> list[Choice]:
        own = self._own(kind)
        choices = [Choice("", f"automatic (the only USB {kind}, else the system's default)")]
        choices += [
            Choice(name, f"{name} (the board's own)" if name == own else name) for name in found.names
        ]
        if own and own not in found.names:
            choices.append(Choice(own, f"{own} (the board's own; not there now, perhaps after a restart)"))
        return choices

    # ------------------------------------------------------------------ trying them

    def _listen(self, found: FoundDevices) -> str | None:
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

    def _is_heard(self, device: str, found: FoundDevices) -> bool:
        """Return True if the user keeps this speaker; False for another choice."""
        if device and device not in found.names:
            self._asker.say("  it is not there now; after the restart `ravatard doctor` tries it")
            return True
        if not self._asker.confirm("Shall I play a test sound?"):
            return True
        while True:
            try:
                self._environment.play(self._answers.preview().options.speaker)
            except RavatardError as error:
                self._asker.say(f"  cannot be played: {visible(str(error))}")
            else:
                if self._asker.confirm("Did you hear it?"):
                    return True
            answer = self._asker.choose("What now", _AGAIN, "other")
            if answer != "again":
                return answer == "keep"
