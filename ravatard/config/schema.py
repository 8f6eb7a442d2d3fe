"""Sections and keys of the configuration, each key with its type, default and description."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions
from ravatard.config.problems import either, near
from ravatard.core.backoff import BackoffOptions
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.conversation import SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.options.quiet import QuietOptions
from ravatard.core.spend_limit import SpendOptions
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.panel.options import ButtonOptions, LightsOptions, PixelOptions
from ravatard.devices.speaker.earcon_options import EarconOptions
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.errors import InternalError
from ravatard.logs import LogOptions
from ravatard.mqtt.options import GroupOptions, HomeAssistantOptions, MqttOptions
from ravatard.secret import Secret
from ravatard.setting import Setting
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.metrics.options import MetricsOptions
from ravatard.web.page.options import PageOptions


@dataclass(frozen=True, slots=True)
class Options(CloudOptions):
    """Every option group, one field a section; those of the cloud are inherited."""

    microphone: MicrophoneOptions = field(default_factory=MicrophoneOptions)
    speaker: SpeakerOptions = field(default_factory=SpeakerOptions)
    audio: AudioOptions = field(default_factory=AudioOptions)
    button: ButtonOptions = field(default_factory=ButtonOptions)
    lights: LightsOptions = field(default_factory=LightsOptions)
    pixels: PixelOptions = field(default_factory=PixelOptions)
    gate: GateOptions = field(default_factory=GateOptions)
    voice: VoiceOptions = field(default_factory=VoiceOptions)
    wakeword: WakeWordOptions = field(default_factory=WakeWordOptions)
    session: SessionOptions = field(default_factory=SessionOptions)
    turn: TurnOptions = field(default_factory=TurnOptions)
    spend: SpendOptions = field(default_factory=SpendOptions)
    live_audio: LiveAudioOptions = field(default_factory=LiveAudioOptions)
    media: MediaOptions = field(default_factory=MediaOptions)
    earcons: EarconOptions = field(default_factory=EarconOptions)
    capture: CaptureOptions = field(default_factory=CaptureOptions)
    reconnect: BackoffOptions = field(default_factory=BackoffOptions)
    quiet: QuietOptions = field(default_factory=QuietOptions)
    kiosk: KioskOptions = field(default_factory=KioskOptions)
    page: PageOptions = field(default_factory=PageOptions)
    mqtt: MqttOptions = field(default_factory=MqttOptions)
    home_assistant: HomeAssistantOptions = field(default_factory=HomeAssistantOptions)
    group: GroupOptions = field(default_factory=GroupOptions)
    metrics: MetricsOptions = field(default_factory=MetricsOptions)
    logging: LogOptions = field(default_factory=LogOptions)


@dataclass(frozen=True, slots=True)
class Key:
    """One setting.

    Attributes:
        section: name of its section.
        attribute: its name in the group's dataclass: that of a Python keyword ends in "_".
        type: the whole annotation, e.g. ``int | None``.
        default: value of a key that is not written.
        setting: its description.
    """

    section: str
    attribute: str
    type: Any
    default: object
    setting: Setting

    @property
    def name(self) -> str:
        """Its name in the section."""
        return self.attribute.removesuffix("_")

    @property
    def dotted(self) -> str:
        """``section.key``, as in messages and ``config show``."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """Environment variable that sets it."""
        return f"RAVATARD_{self.section}__{self.name}".upper()

    @property
    def credential(self) -> str:
        """Systemd credential that sets it, if it is a secret."""
        return f"ravatard.{self.dotted}"

    @property
    def optional(self) -> bool:
        """True if it may be left unset."""
        return NoneType in get_args(self.type)

    @property
    def form(self) -> Any:
        """Type without ``None``: bool, int, float, str, Secret, ``Literal[...]`` or ``tuple[...]``.

        Raises:
            InternalError: the annotation is a union of several such types.
        """
        if get_origin(self.type) in (None, Literal, tuple):
            return self.type
        members = [member for member in get_args(self.type) if member is not NoneType]
        if len(members) != 1:
            raise InternalError(f"{self.dotted} has a type the configuration cannot explain: {self.type}")
        return members[0]

    @property
    def secret(self) -> bool:
        """True if its value is never shown."""
        return self.setting.secret or self.form is Secret


@cache
def _sections_and_keys() -> tuple[dict[str, type[Any]], dict[str, Key]]:
    """Return what a :class:`Schema` has; kept, since resolving annotations takes long."""
    groups = get_type_hints(Options)
    inherited = [item.name for item in fields(CloudOptions)]
    own = [name for name in groups if name not in inherited]
    sections: dict[str, type[Any]] = {name: groups[name] for name in [inherited[0], *own, *inherited[1:]]}
    keys: dict[str, Key] = {}
    for section, group in sections.items():
        types = get_type_hints(group)
        for item in fields(group):
            key = Key(section, item.name, types[item.name], item.default, item.metadata["setting"])
            keys[key.dotted] = key
    return sections, keys


class Schema:
    """Every section and key of :class:`Options`.

    Attributes:
        sections: section name -> its dataclass, in the order of the reference file: ``service`` first, the
            cloud's other sections last.
        keys: ``section.key`` -> the setting, in order.
    """

    def __init__(self) -> None:
        sections, keys = _sections_and_keys()
        self.sections, self.keys = dict(sections), dict(keys)

    def names(self, section: str) -> list[str]:
        """Return the keys of one section."""
        return [key.name for key in self.keys.values() if key.section == section]

    def homes(self, *names: str) -> list[str]:
        """Return every key of such a name, with its section."""
        return [key.dotted for key in self.keys.values() if key.name in names]

    def about_unknown_section(self, name: str) -> str:
        """Return the message about a section that does not exist, with the likely intended name."""
        if name in self.keys:
            section, _, key = name.partition(".")
            return f"unknown section; write {key} on a line of its own, indented, below {section}:"
        if name == "board":
            return "it is no section; write `board: NAME` into the file itself, with `ravatard config edit`"
        tops = [*self.sections, "board"]
        # A key by its exact name, before a section that is only like it: avatar is not ravatar.
        close = [name] if self.homes(name) else near(name, [*tops, *(key.name for key in self.keys.values())])
        if sections := [one for one in close if one in tops]:
            return f"unknown section; did you mean {either(sections)}?"
        if homes := [home for one in close for home in self.homes(one)]:
            return (
                f"unknown section; did you mean the key {either(homes)}? A key is indented below its "
                "section's name"
            )
        return f"unknown section; there are {', '.join(self.sections)}"

    def about_unknown_key(self, section: str, name: str) -> str:
        """Return the message about a key that ``section`` does not have, with the likely intended key."""
        # A configuration without a slip of the pen never loads it.
        import difflib

        here = [f"{section}.{one}" for one in near(name, self.names(section))]
        there = difflib.get_close_matches(name, [key.name for key in self.keys.values()], n=1, cutoff=0.75)
        if close := self.homes(name) or here or self.homes(*there):
            return f"unknown key; did you mean {either(close)}?"
        return f"unknown key; {section} has {', '.join(self.names(section))}"


def value_of(options: Options, key: Key) -> object:
    """Return the value of ``key``, a secret as it is."""
    return getattr(getattr(options, key.section), key.attribute)


def secrets_of(options: Options) -> list[Secret]:
    """Return every secret in ``options``: the values to keep out of logs, recordings and reports."""
    found = []
    for key in Schema().keys.values():
        value = value_of(options, key)
        if isinstance(value, Secret):
            found.append(value)
        elif key.secret and isinstance(value, str):
            found.append(Secret(value))
    return found
