"""What the simulated service is like: its licences, its answers, its ears, its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting
from ravatard.sim.sound.audio_codec import Container, Mp4

#: ``{heard}`` becomes what the service understood: "you for 2.1 seconds", or 'you write "hello"'.
ANSWERS = (
    "I heard {heard}. How interesting!",
    "That was clear: I heard {heard}. Please go on.",
    "I heard {heard}, and I am still thinking about it.",
)


@dataclass(frozen=True, slots=True)
class SimOptions:
    """How the simulated service behaves."""

    licences: int = setting(2, "Live sessions that may be open at the same time.", low=0, high=1_000)
    token_lifetime_s: float = setting(
        86_400.0, "How long a token is good for; the real service says 24 hours.", unit="s", low=0, high=1e9
    )
    projects: tuple[str, ...] | None = setting(
        None, "Projects that exist; unset: every project does.", pattern=r"[A-Za-z0-9-]{1,64}"
    )
    think_s: float = setting(0.8, "Time between the end of a turn and its answer.", unit="s", low=0, high=600)
    answers: tuple[str, ...] = setting(
        ANSWERS, "What the avatar answers, in turn; {heard} becomes what it heard. None: it never answers."
    )
    carry_on: bool = setting(
        True,
        "True: speech before the answer belongs to the same turn and delays the answer; False: it is a turn.",
    )
    vad_enabled: bool = setting(True, "What the service says in vadEnabled.")
    strict_chunks: bool = setting(
        True, "True: PCM messages of other than 4,096 samples are refused; False: they are taken."
    )


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """How an answer in chat mode sounds, and how its sound gets to the client."""

    sound: Literal["text", "file", "inline"] = setting(
        "file", "text: no sound; file: to be fetched at fileUrl; inline: in the message itself."
    )
    container: Container = setting("wav", "What the sound is packed in; all but wav need PyAV.")
    mp4: Mp4 = setting(
        "fragmented", "index-last: to be played once it is there; film: with a picture, as the document's."
    )
    inline_field: Literal["file_base64_data", "audio_base64"] = setting(
        "file_base64_data", "The field that sound in a message is in."
    )
    data_uri: bool = setting(
        False, "True: sound in a message is a data: URI with its type; False: base64 alone."
    )
    bytes_per_s: int | None = setting(
        None, "How fast files come; unset: as fast as they can.", unit="byte/s", low=100, high=100_000_000
    )
    file_fault: Literal["none", "missing", "truncated", "wrong-type", "huge"] = setting(
        "none", "What is wrong with every file; wrong-type: a web page in its place."
    )
    huge_bytes: int = setting(64_000_000, "How large a huge file is.", unit="byte", low=1, high=1_000_000_000)


@dataclass(frozen=True, slots=True)
class HearingOptions:
    """How the service finds the end of a spoken turn."""

    silence_ms: int = setting(
        600, "Silence that must arrive after speech to end a turn.", unit="ms", low=100, high=10_000
    )
    onset_ms: int = setting(
        100, "Speech needed to begin a turn; less is a click.", unit="ms", low=20, high=1_000
    )
    margin_db: float = setting(6.0, "How far over the noise floor speech begins.", unit="dB", low=1, high=40)
    quietest_dbfs: float = setting(
        -60.0, "Nothing quieter than this is speech.", unit="dBFS", low=-90, high=-20
    )
    cautious_floor_dbfs: float = setting(
        -40.0,
        "Highest noise floor believed until a whole floor window was heard: the first sound may be speech.",
        unit="dBFS",
        low=-90,
        high=-10,
    )
    floor_window_ms: int = setting(
        4_000, "The quietest moment of this long is the noise floor.", unit="ms", low=500, high=60_000
    )


@dataclass(frozen=True, slots=True)
class AnnouncedOptions:
    """What the service says about itself in ``GET /connection`` and when a session starts."""

    message_timeout_s: int = setting(30, "Announced in messageTimeoutSeconds.", unit="s", low=1, high=600)
    stop_speaking_timeout_s: int = setting(
        10, "Announced in stopSpeakingTimeoutSeconds.", unit="s", low=1, high=600
    )
    streaming_url: str | None = setting(
        None,
        "Where the picture is said to be; unset: a page of this simulator.",
        pattern=r"https?://\S+",
    )


@dataclass(frozen=True, slots=True)
class KeepOptions:
    """How much the record keeps; what is older is counted, not kept."""

    audio_s: float = setting(1_800.0, "Sound kept over all sessions.", unit="s", low=0, high=86_400)
    messages: int = setting(20_000, "Messages kept.", low=1, high=10_000_000)
    sessions: int = setting(1_000, "Sessions kept.", low=1, high=1_000_000)
    requests: int = setting(5_000, "REST calls kept, and violations.", low=1, high=1_000_000)


@dataclass(frozen=True, slots=True)
class FrontOptions:
    """How long a client behind a real socket may take."""

    body_s: float = setting(10.0, "Sending the body of a request.", unit="s", low=0.01, high=600)
    send_s: float = setting(10.0, "Reading one message of ours.", unit="s", low=0.01, high=600)
    ping_s: float = setting(
        30.0,
        "Time between pings; half of it more without a pong and it is gone.",
        unit="s",
        low=0.1,
        high=600,
    )
    close_s: float = setting(
        0.2, "Answering our close; stopping takes up to three times this.", unit="s", low=0.01, high=10
    )
