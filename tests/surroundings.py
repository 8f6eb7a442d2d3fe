"""A home of its own for each test, and nothing of the person or service that started the suite."""

from __future__ import annotations

import os
import signal
from itertools import count
from pathlib import Path

#: Settings, and where a desktop keeps its things: what is found there differs from machine to machine.
_PREFIXES = (
    "RAVATARD_",
    "GPIOZERO_",
    "XDG_",
    "PULSE_",
    "PIPEWIRE_",
    "GIT_CONFIG_",
    "LC_",
    "SUDO_",
    "CLICOLOR",
)
#: What systemd gives a service, which a runner of tests may be; a desktop's message bus; what make hands on;
#: a person's proxy, language, colours, editor and passwords; what changes every Python program.
_NAMES = frozenset(
    {
        "ALL_PROXY",
        "AUDIODEV",
        "BASH_ENV",
        "CACHE_DIRECTORY",
        "CDPATH",
        "COLUMNS",
        "CONFIGURATION_DIRECTORY",
        "CREDENTIALS_DIRECTORY",
        "DBUS_SESSION_BUS_ADDRESS",
        "EDITOR",
        "ENV",
        "FORCE_COLOR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_WORK_TREE",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
        "LANGUAGE",
        "LINES",
        "LOGS_DIRECTORY",
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
        "NETRC",
        "NOTIFY_SOCKET",
        "NO_COLOR",
        "NO_PROXY",
        "PAGER",
        "PYTHONASYNCIODEBUG",
        "PYTHONCOERCECLOCALE",
        "PYTHONDEVMODE",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONINSPECT",
        "PYTHONIOENCODING",
        "PYTHONOPTIMIZE",
        "PYTHONPROFILEIMPORTTIME",
        "PYTHONSTARTUP",
        "PYTHONUNBUFFERED",
        "PYTHONUTF8",
        "PYTHONVERBOSE",
        "PYTHONWARNINGS",
        "RUNTIME_DIRECTORY",
        "SOX_OPTS",
        "STATE_DIRECTORY",
        "TZ",
        "VISUAL",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
        "all_proxy",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    }
)
#: The language of every test, whatever that of the machine is.
_LANGUAGE = "C.UTF-8"
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


#: Some are ignored in a background job, under nohup or in a container, and programs inherit that.
_SIGNALS = (
    signal.SIGALRM,
    signal.SIGCHLD,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def as_in_a_shell() -> None:
    """Give this process the umask and the signals of a program that is started in a shell."""
    os.umask(0o022)
    for one in _SIGNALS:
        if signal.getsignal(one) == signal.SIG_IGN:
            signal.signal(one, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_SIGNALS, signal.SIGINT, signal.SIGPIPE})


def new_home(folder: Path) -> dict[str, str]:
    """Make ``folder``, an empty home; returns the variables that lead there."""
    folder.mkdir()
    # Private, as systemd-logind makes it; PulseAudio refuses another one.
    (folder / _FOLDERS["XDG_RUNTIME_DIR"]).mkdir(mode=0o700)
    return {
        "HOME": str(folder),
        "LANG": _LANGUAGE,
        # Where nothing listens: no test plays on the machine's own, and none starts a server in its new home.
        "PULSE_SERVER": f"unix:{folder}/none",
        **{name: str(folder / below) for name, below in _FOLDERS.items()},
    }


class Homes:
    """Empty homes in one folder: one that nothing was put into is given to the next test, too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._home = folder / "none"
        self._variables: dict[str, str] = {}
        self._as_made = _look_of(self._home)

    def empty(self) -> tuple[Path, dict[str, str]]:
        """Return an empty home, and the variables that lead there."""
        if not self._variables or _look_of(self._home) != self._as_made:
            self._home = self._folder / str(next(self._numbers))
            self._variables = new_home(self._home)
            self._as_made = _look_of(self._home)
        return self._home, self._variables


def _look_of(home: Path) -> list[tuple[str, list[str], int]]:
    """Return what is in ``home`` and its runtime directory, and who may enter; nothing where it is gone."""
    try:
        return [
            (folder, sorted(os.listdir(folder)), Path(folder).stat().st_mode)  # noqa: PTH208 - ten thousand times
            for folder in (str(home), f"{home}/{_FOLDERS['XDG_RUNTIME_DIR']}")
        ]
    except OSError:
        return []
