"""Options of the simulated service: licences, answers, turn detection, limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting
from ravatard.sim.sound.audio_codec import Container, Mp4

#: ``{heard}`` is replaced by the recognised input: "you for 2.1 seconds", or 'you write "hello"'.
ANSWERS = (
    "I heard {heard}. How interesting!",
    "That was clear: I heard {heard}. Please go on.",
    "I heard {heard}, and I am still thinking about it.",
)


@dataclass(frozen=True, slots=True)
class SimOptions:
    """Behaviour of the simulated service."""

    licences: int = setting(2, "Live sessions that may be open at the same time.", low=0, high=1_000)
    token_lifetime_s: float = setting(
        86_400.0, "Lifetime of a token; the real service says 24 hours.", unit="s", low=0, high=1e9
    )
    projects: tuple[str, ...] | None = setting(
        None, "Projects that exist; unset: every project does.", pattern=r"[A-Za-z0-9-]{1,64}"
    )
    think_s: float = setting(0.8, "Time between the end of a turn and its answer.", unit="s", low=0, high=600)
    answers: tuple[str, ...] = setting(
        ANSWERS,
        "Answers of the avatar, in turn; {heard} is replaced by what it heard. None: it never answers.",
    )
    carry_on: bool = setting(
        True,
        "True: speech before the answer belongs to the same turn and delays the answer; False: it is a turn.",
    )
    vad_enabled: bool = setting(True, "Value of vadEnabled.")
    strict_chunks: bool = setting(
        True, "True: PCM messages of other than 4,096 samples are refused; False: they are taken."
    )


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Sound of answers in chat mode: format and transport."""

    sound: Literal["text", "file", "inline"] = setting(
        "file", "text: no sound; file: to be fetched at fileUrl; inline: in the message itself."
    )
    container: Container = setting("wav", "Container of the sound; all but wav need PyAV.")
    mp4: Mp4 = setting(
        "fragmented", "index-last: playable only when complete; film: with a picture, as in the document."
    )
    inline_field: Literal["file_base64_data", "audio_base64"] = setting(
        "file_base64_data", "Message field that carries inline sound."
    )
    data_uri: bool = setting(False, "True: inline sound is a data: URI with its type; False: base64 alone.")
    bytes_per_s: int | None = setting(
        None, "Download rate of files; unset: unlimited.", unit="byte/s", low=100, high=100_000_000
    )
    file_fault: Literal["none", "missing", "truncated", "wrong-type", "huge"] = setting(
        "none", "Defect of every file; wrong-type: a web page in its place."
    )
    huge_bytes: int = setting(64_000_000, "Size of a huge file.", unit="byte", low=1, high=1_000_000_000)


@dataclass(frozen=True, slots=True)
class TurnDetectorOptions:
    """Detection of the end of a spoken turn by the service."""

    silence_ms: int = setting(600, "Silence after speech that ends a turn.", unit="ms", low=100, high=10_000)
    onset_ms: int = setting(
        100, "Speech that begins a turn; less counts as a click.", unit="ms", low=20, high=1_000
    )
    margin_db: float = setting(
        6.0, "Level above the noise floor from which sound is speech.", unit="dB", low=1, high=40
    )
    quietest_dbfs: float = setting(-60.0, "Quieter sound is never speech.", unit="dBFS", low=-90, high=-20)
    cautious_floor_dbfs: float = setting(
        -40.0,
        "Highest noise floor assumed until a floor window was received: the first sound may be speech.",
        unit="dBFS",
        low=-90,
        high=-10,
    )
    floor_window_ms: int = setting(
        4_000, "The quietest moment of this window is the noise floor.", unit="ms", low=500, high=60_000
    )


@dataclass(frozen=True, slots=True)
class AnnouncedOptions:
    """Values the service announces in ``GET /connection`` and when a session starts."""

    message_timeout_s: int = setting(30, "Announced in messageTimeoutSeconds.", unit="s", low=1, high=600)
    stop_speaking_timeout_s: int = setting(
        10, "Announced in stopSpeakingTimeoutSeconds.", unit="s", low=1, high=600
    )
    streaming_url: str | None = setting(
        None,
        "Announced address of the picture; unset: a page of this simulator.",
        pattern=r"https?://\S+",
    )


@dataclass(frozen=True, slots=True)
class KeepOptions:
    """Limits of the record; older entries are counted, not kept."""

    audio_s: float = setting(1_800.0, "Sound kept over all sessions.", unit="s", low=0, high=86_400)
    messages: int = setting(20_000, "Messages kept.", low=1, high=10_000_000)
    sessions: int = setting(1_000, "Sessions kept.", low=1, high=1_000_000)
    requests: int = setting(5_000, "REST calls kept, and violations.", low=1, high=1_000_000)


@dataclass(frozen=True, slots=True)
class FrontOptions:
    """Deadlines of a client behind a real socket."""

    body_s: float = setting(10.0, "Sending the body of a request.", unit="s", low=0.01, high=600)
    send_s: float = setting(10.0, "Reading one message of ours.", unit="s", low=0.01, high=600)
    ping_s: float = setting(
        30.0,
        "Time between pings; after half of it without a pong the client counts as gone.",
        unit="s",
        low=0.1,
        high=600,
    )
    close_s: float = setting(
        0.2, "Answering our close; stopping takes up to three times this.", unit="s", low=0.01, high=10
    )
