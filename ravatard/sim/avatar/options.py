"""Options of the simulated AvaTar API: one switch for each reading that its document leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ravatard.setting import setting
from ravatard.sim.options import ANSWERS

#: The STUN server that the document shows in the answer to ``streaming.new``.
DOCUMENTED_STUN = "stun:stun.l.google.com:19302"


@dataclass(frozen=True, slots=True)
class SimTalkOptions:
    """Conversation: hearing and answering."""

    ear: Literal["socket", "track", "both", "none", "parrot"] = setting(
        "both",
        "Way of the user's voice; none: nothing is heard; parrot: the avatar speaks appended sound.",
    )
    speaks: Literal["service", "client"] = setting(
        "service", "service: answers to texts are spoken, too; client: only avatar.speak makes them sound."
    )
    think_s: float = setting(0.8, "Time between the end of a turn and its answer.", unit="s", low=0, high=600)
    answers: tuple[str, ...] = setting(
        ANSWERS,
        "Answers of the avatar, in turn; {heard} is replaced by what it heard. None: it never answers.",
    )
    chat_events: Literal["both", "agent", "user", "none"] = setting(
        "both", "Roles of a spoken turn that come as chat events."
    )
    chat_beside: bool = setting(True, "True: written turns come as chat events, too; False: they do not.")
    commit_needed: bool = setting(
        True, "True: appended speech counts once it is committed; False: stop_listening is enough."
    )
    while_speaking: Literal["accept", "refuse", "interrupt"] = setting(
        "accept", "Reaction to start_listening while the avatar speaks; refuse: the error INVALID_STATE."
    )
    obeys_interrupt: bool = setting(True, "True: interrupt silences the avatar; False: it is ignored.")


@dataclass(frozen=True, slots=True)
class SimVoiceOptions:
    """Sound of the answers, and the sound that is accepted."""

    sound: Literal["socket", "track", "both", "none"] = setting(
        "socket", "Way of the avatar's voice: audio events, a WebRTC track, or both; none: text only."
    )
    header: Literal["each", "first", "none"] = setting(
        "each", "Audio events of an answer that begin with a WAV header."
    )
    piece_ms: int = setting(400, "Length of the sound of one audio event.", unit="ms", low=5, high=600_000)
    pace: Literal["realtime", "burst"] = setting(
        "realtime", "realtime: each piece when it is due; burst: the whole answer at once."
    )
    rate_hz: int = setting(24_000, "Sample rate of the pieces.", unit="Hz", low=8_000, high=48_000)
    channels: int = setting(1, "Channels of the pieces.", low=1, high=2)
    encoding: Literal["plain", "data-uri", "url-safe"] = setting(
        "plain", "Form of base64; url-safe has no padding either."
    )
    lying_header: bool = setting(
        False, "True: headers announce more sound than follows; False: they tell the truth."
    )
    upload: Literal["any", "pcm", "wav"] = setting(
        "any", "Appended sound that is understood; other sound is AUDIO_PROCESSING_ERROR."
    )


@dataclass(frozen=True, slots=True)
class SimTextOptions:
    """Answers of ``chat.completions``."""

    form: Literal["sse", "json"] = setting(
        "sse", "Answer to a call with stream: true; json: whole, as without stream."
    )
    json_shape: Literal["message", "text", "content", "response"] = setting(
        "message", "Place of the text in a whole answer: choices[0].message.content, choices[0].text, …."
    )
    blank_lines: bool = setting(
        False, "True: a blank line follows each event, as SSE demands; False: as the document prints it."
    )
    ending: Literal["done", "finish", "both", "none"] = setting(
        "done", "Mark of the end: [DONE], a finish_reason, both or none."
    )
    comments: bool = setting(False, "True: keep-alive comments and other fields come between; False: none.")
    line_end: Literal["lf", "crlf", "cr"] = setting("lf", "End of a line.")
    trouble: Literal["none", "error", "stall", "reset"] = setting(
        "none", "Trouble in the middle of each answer: an error event, silence, a broken connection."
    )
    cut_bytes: int = setting(0, "Bytes written at once; 0: event by event.", unit="byte", low=0, high=65_536)
    delta_s: float = setting(0.03, "Time between two deltas.", unit="s", low=0, high=60)


@dataclass(frozen=True, slots=True)
class SimAccessOptions:
    """Authentication, limits, and the form of replies."""

    auth: Literal["none", "api_key", "access_token"] = setting(
        "none", "Bearer token that calls need; access_token: that of the session, where one is named."
    )
    api_key: str = setting("sim-key", "The key.", pattern=r"[!-~]{1,200}")
    socket_auth: Literal["none", "api_key", "header", "query"] = setting(
        "none", "Proof that the socket needs: the key, or the access token in a header or as ?token=."
    )
    socket_refusal: Literal["status", "close"] = setting(
        "status", "Refusal of a socket: an HTTP status, or a close code at once."
    )
    limits: bool = setting(True, "True: the documented limits hold; False: there are none.")
    retry_after: bool = setting(True, "True: 429 and 503 come with Retry-After; False: without.")
    envelope: bool = setting(False, 'True: replies are {"code": 100, "data": …}; False: as documented.')
    errors: Literal["documented", "detail", "detail-list", "message", "string", "html", "empty"] = setting(
        "documented", "Form of the body of an error."
    )
    strict_fields: bool = setting(
        True, "True: fields that the document does not have are refused; False: ignored. Both are recorded."
    )


@dataclass(frozen=True, slots=True)
class SimLeaseOptions:
    """Sessions: number, life time, ids."""

    capacity: int = setting(
        10, "Sessions that may be open at the same time; more are 503.", low=0, high=1_000
    )
    lifetime_s: float = setting(
        0.0, "Time after which a session vanishes; 0: never.", unit="s", low=0, high=1e7
    )
    farewell: Literal["error", "close", "silent"] = setting(
        "error",
        "Notice of a session's end by the service: an error event and the close, the close alone, or none.",
    )
    close_code: int = setting(4408, "Close code of a session's end.", low=1000, high=4999)
    ids: Literal["plain", "slash", "huge"] = setting(
        "plain", "Session ids: as documented, with a slash and blanks in them, or of a megabyte."
    )
    unknown_socket: Literal["status", "close"] = setting(
        "status", "Answer to a socket for an unknown session: 404, or the close code 4404."
    )
    greeting: bool = setting(True, "True: a status event comes as the socket opens; False: none.")
    unhealthy: tuple[str, ...] = setting(
        (), "Services that are not healthy.", pattern=r"api|websocket|redis|gpu"
    )
    ice_servers: tuple[str, ...] = setting(
        (DOCUMENTED_STUN,), "STUN and TURN servers named to the client.", pattern=r"(stun|turns?):\S+"
    )


@dataclass(frozen=True, slots=True)
class SimPictureOptions:
    """``frame`` events."""

    frames_per_s: float = setting(5.0, "Frames a second on an open socket; 0: none.", low=0, high=2_000)
    size_bytes: int = setting(
        8_000, "Size of a frame's JPEG, before base64.", unit="byte", low=300, high=40_000_000
    )


@dataclass(frozen=True, slots=True)
class SimMediaOptions:
    """``streaming.start``: the WebRTC answer."""

    answer: Literal["sendrecv", "sendonly", "inactive", "refuse", "video", "missing"] = setting(
        "sendrecv",
        "Answer to an offer: direction of its sound, refuse: 400, video: 400 unless a picture is offered, "
        "missing: there is no such call.",
    )
    bare_sdp: bool = setting(False, "True: the answer is a string; False: an object with type and sdp.")


@dataclass(frozen=True, slots=True)
class AvatarSimOptions:
    """All options of the simulated AvaTar API, by subject."""

    talk: SimTalkOptions = field(default_factory=SimTalkOptions)
    voice: SimVoiceOptions = field(default_factory=SimVoiceOptions)
    text: SimTextOptions = field(default_factory=SimTextOptions)
    access: SimAccessOptions = field(default_factory=SimAccessOptions)
    lease: SimLeaseOptions = field(default_factory=SimLeaseOptions)
    picture: SimPictureOptions = field(default_factory=SimPictureOptions)
    media: SimMediaOptions = field(default_factory=SimMediaOptions)
