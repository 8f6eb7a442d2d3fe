"""Types of the settings in the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ravatard.web.page.api.types import FaultySetting

#: No object, and no list within a list: no setting has one, and one can be too deep to be looked at.
_One = bool | int | float | str | None

Changes = Annotated[
    dict[str, _One | list[_One]],
    Meta(description="`section.key` to its new value; null takes the saved value away"),
]


class ChangedSettings(Struct, forbid_unknown_fields=True):
    """Settings to check or to save."""

    changes: Changes


class SettingChange(Struct):
    """A setting whose value in effect becomes another one; of a secret only `set` is told."""

    key: str
    old: Any
    new: Any
    needs: Literal["reload", "restart"]


class SettingsSaved(Struct):
    """Settings were saved: their new revision, which is the ETag too, and what changed by that."""

    revision: str
    changes: list[SettingChange]


class SettingsChecked(Struct):
    """Every problem of changed settings; none means that they can be saved, and what would change."""

    problems: list[FaultySetting]
    changes: list[SettingChange]


class AvatarEntry(Struct):
    """An avatar of the service; `live`: it has live mode. A setting takes its id, or its name."""

    id: str
    name: str
    live: bool


class AvatarList(Struct):
    """The avatars of the project that is saved."""

    avatars: list[AvatarEntry]


class SettingSection(Struct):
    """A section of the settings."""

    name: str
    text: str


class DescribedSetting(Struct):
    """A setting. `settable` is false where the API refuses any value; `origin` names the file and line."""

    key: str
    section: str
    name: str
    text: str
    type: Literal["boolean", "integer", "number", "choice", "text", "secret", "list"]
    unit: str
    low: float | None
    high: float | None
    choices: list[Any] | None
    allowed: str
    optional: bool
    default: Any
    value: Any
    source: Literal["default", "board", "file", "drop-in", "page", "environment", "credential"]
    origin: str
    needs: Literal["reload", "restart"]
    local_only: bool
    settable: bool


class SettingsReport(Struct):
    """Every setting. `undo`: there is a save to undo; `restart`: keys that wait for a restart."""

    revision: str
    undo: bool
    restart: list[str]
    sections: list[SettingSection]
    settings: list[DescribedSetting]
