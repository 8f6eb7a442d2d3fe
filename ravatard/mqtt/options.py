"""Options of the broker, of Home Assistant, and of devices in one room."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.secret import Secret
from ravatard.setting import setting

_PLAIN_PORT, _TLS_PORT = 1_883, 8_883
#: Levels of a topic without what means something to MQTT: wildcards, and a leading $.
_TOPIC = r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*"
_TOPIC_WORDS = "letters, digits, hyphens and underscores, with / between levels: no wildcards, no blanks"


@dataclass(frozen=True, slots=True)
class MqttOptions:
    """Section ``mqtt``: an MQTT broker; needs the extra ``mqtt``."""

    host: str | None = setting(
        None,
        "Name or address of the broker; unset: none, and nothing of MQTT is loaded.",
        pattern=r"[A-Za-z0-9._:-]{1,253}",
        words="a host name or an address, without a port",
        local_only=True,
    )
    port: int | None = setting(
        None, "Port of the broker; unset: 1883, with TLS 8883.", low=1, high=65_535, local_only=True
    )
    username: str | None = setting(
        None, "User name at the broker.", pattern=r"[^\s\0]{1,128}", words="at most 128 characters, no blanks"
    )
    password: Secret | None = setting(
        None,
        "Password at the broker.",
        pattern=r"[^\0\r\n]{1,512}",
        words="one line of at most 512 characters",
        secret=True,
        local_only=True,
    )
    tls: bool = setting(
        False, "True: the connection is encrypted, and the broker must prove its name.", local_only=True
    )
    ca: str | None = setting(
        None,
        "File with the issuer of the broker's certificate, PEM; unset: the issuers that this machine trusts.",
        local_only=True,
    )
    certificate: str | None = setting(
        None, "File with a certificate of this client, PEM, for a broker that asks for one.", local_only=True
    )
    key: str | None = setting(None, "File with the key of that certificate, PEM.", local_only=True)
    prefix: str = setting(
        "ravatard",
        "First levels of every topic; what follows is the id of the appliance.",
        pattern=rf"(?=.{{1,32}}$){_TOPIC}",
        words=_TOPIC_WORDS,
    )
    keep_alive_s: float = setting(
        15.0,
        "Longest silence on the connection; a broker that hears nothing for half as long again says that the "
        "appliance is unavailable.",
        unit="s",
        low=2,
        high=300,
    )

    @property
    def broker_port(self) -> int:
        """Port that is connected to."""
        return self.port or (_TLS_PORT if self.tls else _PLAIN_PORT)


@dataclass(frozen=True, slots=True)
class HomeAssistantOptions:
    """Section ``home_assistant``: the appliance as a device of Home Assistant, by the broker of ``mqtt``."""

    discovery: bool = setting(
        True, "False: Home Assistant is not told of the appliance, and forgets it when it was."
    )
    discovery_prefix: str = setting(
        "homeassistant",
        "Discovery prefix, as set in Home Assistant.",
        pattern=rf"(?=.{{1,16}}$){_TOPIC}",
        words=_TOPIC_WORDS,
    )
    name: str = setting(
        "Avatar",
        "Name of the device in Home Assistant.",
        pattern=r"\S.{0,39}",
        words="one line that does not begin with a blank, at most 40 characters",
    )
    update_command: str | None = setting(
        None,
        "Command that has the newest version installed, such as `touch /run/ravatard/update-wanted`, for "
        "which a unit of root's waits (systemd/README.md); unset: Home Assistant shows versions and installs "
        "nothing.",
        local_only=True,
    )
    update_check: str | None = setting(
        None,
        "Command that prints the newest version there is, run every six hours; unset: the one that runs.",
        local_only=True,
    )


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """Section ``group``: several appliances in one room, of which only one answers."""

    name: str | None = setting(
        None,
        "Name of the room, the same on every appliance in it; the first one that hears the words answers. "
        "Needs mqtt.host; while the broker is away each one answers.",
        pattern=r"[A-Za-z0-9_-]{1,32}",
        words="letters, digits, hyphens and underscores, at most 32",
    )
