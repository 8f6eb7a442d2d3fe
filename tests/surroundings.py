"""A home of its own for each test, and nothing of the person or service that started the suite."""

from __future__ import annotations

from pathlib import Path

#: Settings, and where a desktop keeps its things: what is found there differs from machine to machine.
_PREFIXES = ("RAVATARD_", "GPIOZERO_", "XDG_", "PULSE_", "PIPEWIRE_")
#: What systemd gives a service, and a runner of tests may be one; a desktop's message bus.
_NAMES = frozenset(
    {
        "CACHE_DIRECTORY",
        "CONFIGURATION_DIRECTORY",
        "CREDENTIALS_DIRECTORY",
        "DBUS_SESSION_BUS_ADDRESS",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
        "LOGS_DIRECTORY",
        "NOTIFY_SOCKET",
        "RUNTIME_DIRECTORY",
        "STATE_DIRECTORY",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
    }
)
#: Variables of the XDG Base Directory Specification -> the folder in the home.
_FOLDERS = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "XDG_RUNTIME_DIR": "run",
}


def is_foreign(name: str) -> bool:
    """True for a variable that no test may see, wherever the suite was started."""
    return name in _NAMES or name.startswith(_PREFIXES)


def new_home(folder: Path) -> dict[str, str]:
    """Make ``folder``, an empty home; returns the variables that lead there."""
    folder.mkdir()
    # Private, as systemd-logind makes it; PulseAudio refuses another one.
    (folder / _FOLDERS["XDG_RUNTIME_DIR"]).mkdir(mode=0o700)
    return {
        "HOME": str(folder),
        # Where nothing listens: no test plays on the machine's own, and none starts a server in its new home.
        "PULSE_SERVER": f"unix:{folder}/none",
        **{name: str(folder / below) for name, below in _FOLDERS.items()},
    }
