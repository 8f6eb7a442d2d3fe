"""What the configuration may say about the short signals of the speaker."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class EarconOptions:
    """Section ``earcons``: what is heard beside the avatar's voice."""

    enabled: bool = setting(True, "False: no signals, only the avatar is heard.")
    folder: str | None = setting(
        None,
        "A folder with signals of your own: listening.wav, sent.wav, error.wav, muted.wav, offline.wav, "
        "no-money.wav, three seconds at most; what is missing in it sounds as always.",
    )
    volume_db: float = setting(
        0.0, "How much louder or, below 0, softer they are than shipped.", unit="dB", low=-40, high=12
    )
