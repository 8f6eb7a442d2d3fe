"""Gate mode: as configured, else as the service says, but never one that cannot be opened."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ravatard.core.events import Event, OptionsChanged, WakeWordLost
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import GateMode


@dataclass(frozen=True, slots=True)
class GateChoice:
    """Gate mode to use, and a warning for the owner ("" for none)."""

    mode: GateMode
    warning: str = ""


def gate_choice(options: ConversationOptions, listens: bool | None) -> GateChoice:
    """Return :func:`gate_mode` for ``options``, and whether their word is another than the configured one."""
    choice = gate_mode(
        options.gate.mode,
        listens,
        has_button=options.has_button,
        wakeword_trouble=options.wakeword_trouble,
    )
    if choice.mode.takes_word and (kept := options.equipment.wakeword_kept):
        return GateChoice(choice.mode, f"the wake word {options.wakeword.word} goes on as before: {kept}")
    return choice


def gate_mode(
    configured: str, listens: bool | None, *, has_button: bool, wakeword_trouble: str = ""
) -> GateChoice:
    """Return the mode for ``gate.mode`` as configured and the service's ``vadEnabled`` (None: unknown).

    With ``auto`` the service decides between voice and button; a configured button always works. A service
    that wants push-to-talk from an appliance without a button is not obeyed: the device would never listen.
    A wake word that cannot be recognised (``wakeword_trouble``) is replaced by the button, and only without
    one by the voice.
    """
    if configured != "auto":
        mode = GateMode(configured)
        if not mode.takes_word or not wakeword_trouble:
            return GateChoice(mode)
        instead = GateMode.BUTTON if has_button else GateMode.VAD
        how = "the button" if has_button else "any voice"
        return GateChoice(instead, f"no wake word: {wakeword_trouble}; until then {how} opens the gate")
    if listens is False and has_button:
        return GateChoice(GateMode.BUTTON)
    if has_button:
        return GateChoice(GateMode.BOTH)
    if listens is False:
        return GateChoice(
            GateMode.VAD,
            "the service asks for push-to-talk (vadEnabled is false), but no button is configured: listening "
            "by voice; set button.pin, or gate.mode to vad to say that this is meant",
        )
    return GateChoice(GateMode.VAD)


def options_after(options: ConversationOptions, event: Event) -> ConversationOptions:
    """Return the options that count once ``event`` has been handled."""
    match event:
        case OptionsChanged(changed):
            return changed
        case WakeWordLost(reason):
            return replace(options, wakeword_trouble=reason)
        case _:
            return options
