"""Options of the earcons: section ``earcons``."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class EarconOptions:
    """Section ``earcons``: short signals beside the avatar's voice."""

    enabled: bool = setting(True, "False: no signals, only the avatar's voice.")
    folder: str | None = setting(
        None,
        "A folder with signals of your own: listening.wav, sent.wav, error.wav, muted.wav, offline.wav, "
        "no-money.wav, three seconds at most; a missing file is replaced by the shipped signal.",
        local_only=True,
    )
    volume_db: float = setting(
        0.0, "Change of their loudness; below 0 they are softer.", unit="dB", low=-40, high=12
    )
