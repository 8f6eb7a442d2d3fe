"""Scenario files in YAML: reading, checking, and the scenarios shipped with the package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import yaml

from ravatard.errors import ConfigError
from ravatard.setting import Setting
from ravatard.sim.faults.scenario import (
    OLD_WORDS,
    WORDS,
    Fault,
    FaultStep,
    MicrophoneFault,
    Scenario,
    SocketFault,
    Swallow,
    When,
)
from ravatard.sim.streaming.faults import StreamFault

#: Longest scenario file; a real one is a page.
LIMIT_BYTES = 64 * 1024
_STEP_KEYS = ("when", "do", "for_s", "times")

T = TypeVar("T")


def shipped() -> dict[str, str]:
    """Return the shipped scenarios: name to description."""
    files = [one for one in _folder().iterdir() if one.name.endswith(".yaml")]
    return {
        one.name.removesuffix(".yaml"): _about(one.read_text("utf-8"))
        for one in sorted(files, key=lambda one: one.name)
    }


def load(name: str) -> Scenario:
    """Load the scenario in the file ``name``, or the shipped one of that name.

    Raises:
        ConfigError: it does not exist, or is invalid.
    """
    if re.fullmatch(r"[a-z0-9-]+", name) and not Path(name).exists():
        if name not in shipped():
            raise ConfigError(
                f"there is no scenario {name!r}: it is neither a file nor one of {', '.join(shipped())}"
            )
        return parse((_folder() / f"{name}.yaml").read_bytes(), name)
    try:
        with Path(name).open("rb") as file:
            raw = file.read(LIMIT_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no file name"
        raise ConfigError(f"cannot read the scenario {name!r}: {reason}") from None
    return parse(raw, name)


def parse(raw: bytes, name: str = "the scenario") -> Scenario:
    """Parse the scenario in ``raw``; error messages begin with ``name``.

    Raises:
        ConfigError: it is invalid; the message says where and what is allowed.
    """
    if len(raw) > LIMIT_BYTES:
        raise ConfigError(f"{name}: longer than {LIMIT_BYTES} bytes; that is no scenario")
    try:
        text = raw.decode()
        # Strings only: each setting knows its type, and no tag can instantiate anything.
        steps = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - even fewer types than SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(
            f"{name}: no YAML{where}; {getattr(error, 'problem', None) or 'unreadable'}"
        ) from None
    except (UnicodeDecodeError, RecursionError):
        raise ConfigError(f"{name}: neither text nor YAML that could be read") from None
    if not isinstance(steps, list) or not steps:
        raise ConfigError(f"{name}: a scenario is a list of steps, each with 'when' and 'do'")
    read = tuple(_step(one, f"{name}, step {number}") for number, one in enumerate(steps, 1))
    return Scenario(read, _about(text))


def _folder() -> Any:
    return resources.files("ravatard.sim") / "scenarios"


def _about(text: str) -> str:
    first = text.partition("\n")[0]
    return first.lstrip("# ").strip() if first.startswith("#") else ""


def _step(found: object, where: str) -> FaultStep:
    fields_ = _mapping(found, where, _STEP_KEYS)
    if "do" not in fields_:
        raise ConfigError(f"{where}: 'do' is missing; it names the fault: {', '.join(WORDS)}")
    rest = {key: fields_[key] for key in ("for_s", "times") if key in fields_}
    step = _filled(FaultStep, rest, where, do=_fault(fields_["do"], where), when=_when(fields_, where))
    _check(step, where)
    return step


def _when(fields_: Mapping[str, object], where: str) -> When:
    found = fields_.get("when", "always")
    return When() if found == "always" else _filled(When, found, f"{where}, when")


def _fault(found: object, where: str) -> Fault:
    word: object = found
    settings: object = {}
    if isinstance(found, Mapping) and len(found) == 1:
        ((word, settings),) = found.items()
    kind = (WORDS | OLD_WORDS).get(word) if isinstance(word, str) else None
    if kind is None:
        raise ConfigError(
            f"{where}: {_shown(word)} is no fault; 'do' is one of {', '.join(WORDS)}, "
            "or one of them with its settings, as in {answer: {status: 402}}"
        )
    return _filled(kind, settings, f"{where}, {word}")


def _check(step: FaultStep, where: str) -> None:
    """Refuse steps that would never apply or mean nothing.

    Raises:
        ConfigError: names the settings that do not go together.
    """
    when = step.when
    if when.nth is not None and when.call is None:
        raise ConfigError(f"{where}: 'nth' counts calls; say which with 'call'")
    if when.message is not None and when.call is not None:
        raise ConfigError(f"{where}: 'call' and 'message' do not go together; make two steps of it")
    by_clock = when.after_s is not None and not when.call and not when.message
    if isinstance(step.do, MicrophoneFault | StreamFault) and not by_clock:
        what = "stream" if isinstance(step.do, StreamFault) else "microphone"
        raise ConfigError(f"{where}: the {what} knows neither calls nor messages; say 'after_s' alone")
    if isinstance(step.do, SocketFault) and step.for_s is not None:
        raise ConfigError(f"{where}: this fault happens at one moment; 'for_s' means nothing for it")
    if isinstance(step.do, Swallow) and when.call not in {None, "/ws/chat", "/ws"}:
        raise ConfigError(f"{where}: only what comes on the socket is swallowed; use 'hang' for calls")


def _mapping(found: object, where: str, allowed: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(found, Mapping):
        raise ConfigError(f"{where}: {_shown(found)} stands where keys should be: {', '.join(allowed)}")
    for key in found:
        if key not in allowed:
            raise ConfigError(
                f"{where}: unknown key {_shown(key)}; allowed: {', '.join(allowed) or 'nothing, it has none'}"
            )
    return found


def _filled(kind: type[T], found: object, where: str, **more: object) -> T:
    """Make a ``kind`` from the settings found, each converted and checked by its description."""
    settings: dict[str, Field[Any]] = {
        one.name: one
        for one in fields(kind)  # type: ignore[arg-type]  # every kind is a dataclass
        if "setting" in one.metadata
    }
    hints = get_type_hints(kind)
    values = {
        str(name): _value(hints[str(name)], value, settings[str(name)], f"{where}: {name}")
        for name, value in _mapping(found, where, tuple(settings)).items()
    }
    return kind(**values, **more)


def _value(hint: Any, found: object, described: Field[Any], where: str) -> object:
    setting: Setting = described.metadata["setting"]
    if not isinstance(found, str):
        raise ConfigError(f"{where}: {_shown(found)} is no single value")
    if get_origin(hint) is Literal:
        return _one_of(get_args(hint), found, where)
    kinds = set(get_args(hint)) or {hint}
    if bool in kinds:
        return _one_of(("true", "false"), found.lower(), where) == "true"
    if str in kinds:
        if setting.pattern is not None and not re.fullmatch(setting.pattern, found):
            raise ConfigError(f"{where}: {_shown(found)} does not look like {setting.pattern}")
        return found
    kind: type[int] | type[float] = int if int in kinds else float
    try:
        number = kind(found)
    except ValueError:
        number = None
    low, high = setting.low or 0, setting.high or 0
    if number is None or not low <= number <= high:
        raise ConfigError(f"{where}: {_shown(found)} is not a number from {low:g} to {high:g}")
    return number


def _one_of(allowed: tuple[str, ...], found: str, where: str) -> str:
    if found not in allowed:
        raise ConfigError(f"{where}: {_shown(found)} is none of {', '.join(allowed)}")
    return found


def _shown(found: object) -> str:
    """Return a short form of a value for an error message."""
    if isinstance(found, str):
        return repr(found if len(found) <= 40 else found[:40] + "…")
    return "a list" if isinstance(found, list) else "a mapping"
