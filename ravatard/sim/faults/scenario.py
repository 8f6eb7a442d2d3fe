"""The words a scenario is written in: every fault with its settings, and when it strikes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ravatard.setting import setting
from ravatard.sim.streaming.faults import STREAM_WORDS, StreamFault

Certificate = Literal["self-signed", "not-yet-valid", "expired"]


# ---------------------------------------------------------------------- what becomes of a call


@dataclass(frozen=True, slots=True)
class Answer:
    """A call is answered with a status of our choice, and the service never hears of it."""

    status: int = setting(503, "The HTTP status.", low=200, high=599)
    body_status: int | None = setting(
        None, "The status in the body; unset: the same as HTTP's.", low=-1, high=599
    )
    error: str = setting("simulated fault", "The error in the body.", pattern=r".{0,200}")
    retry_after: str | None = setting(
        None, "The Retry-After header: seconds or an HTTP date.", pattern=r"[ -~]{1,64}"
    )


@dataclass(frozen=True, slots=True)
class Refuse:
    """No connection is had; a real listener accepts it and resets it before any answer."""


@dataclass(frozen=True, slots=True)
class Hang:
    """A call is never answered."""

    handled: bool = setting(False, "True: the service does what was asked all the same.")


@dataclass(frozen=True, slots=True)
class Lose:
    """The service does what was asked, and the connection breaks before its answer."""


@dataclass(frozen=True, slots=True)
class ExpireToken:
    """Tokens made now die early."""

    lifetime_s: float = setting(0.0, "How long such a token is good for.", unit="s", low=0, high=1e9)


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate is not to be trusted; a real listener shows such a one during its whole run."""

    certificate: Certificate = setting("self-signed", "What is wrong with it.")


# ---------------------------------------------------------------------- what becomes of what the service says


@dataclass(frozen=True, slots=True)
class Delay:
    """Replies and messages come late, in their order."""

    delay_s: float = setting(1.0, "How late.", unit="s", low=0, high=600)
    jitter_s: float = setting(0.0, "A random wait up to this comes on top.", unit="s", low=0, high=600)
    seed: int = setting(1, "Where the random waits begin.", low=0, high=2**31)


@dataclass(frozen=True, slots=True)
class Split:
    """Replies come in pieces and messages in fragments; memory has neither, nothing changes there."""

    pieces: int = setting(3, "How many.", low=2, high=1000)


@dataclass(frozen=True, slots=True)
class Truncate:
    """Replies and messages are cut short."""

    keep: float = setting(0.5, "The part that is left, of 1.", low=0, high=1)


@dataclass(frozen=True, slots=True)
class Malformed:
    """Something that is no proper JSON comes instead of replies and messages."""

    text: str = setting('{"status": 200, oops', "What comes.", pattern=r"(?s).{0,1000}")


@dataclass(frozen=True, slots=True)
class Oversize:
    """Replies and messages are filled up with spaces beyond every limit."""

    size_bytes: int = setting(20_000_000, "How long they are.", unit="byte", low=1, high=100_000_000)


@dataclass(frozen=True, slots=True)
class Swallow:
    """What the service says on the socket never arrives: an answer that never comes."""


# ---------------------------------------------------------------------- what happens to open sockets


@dataclass(frozen=True, slots=True)
class Hangup:
    """The service closes the socket."""

    code: int = setting(1011, "The close code.", low=1000, high=4999)
    reason: str = setting("", "The close reason.", pattern=r".{0,40}")


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks without a close frame."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """The socket stays, but nothing comes or goes any more and no ping is answered."""


@dataclass(frozen=True, slots=True)
class Say:
    """The service says something on the socket, such as one of its stream errors."""

    text: str = setting("Something went wrong", "What it says.", pattern=r"(?s).{0,1000}")
    bare: bool = setting(False, "True: as it stands; False: as a system message in JSON.")


@dataclass(frozen=True, slots=True)
class Unasked:
    """An answer comes that nobody asked for."""

    text: str = setting("And another thing:", "What it says.", pattern=r"(?s).{0,1000}")


@dataclass(frozen=True, slots=True)
class ExpireLicence:
    """Every live session is over, without the client's doing."""

    tell: str = setting("Session expired", "What the client is told; empty: nothing.", pattern=r".{0,200}")


# ---------------------------------------------------------------------- what happens to the microphone


@dataclass(frozen=True, slots=True)
class MicrophoneHang:
    """The microphone delivers nothing and says nothing."""


@dataclass(frozen=True, slots=True)
class MicrophoneCrash:
    """The microphone's process dies."""


@dataclass(frozen=True, slots=True)
class MicrophoneZeros:
    """The microphone delivers digital zeros."""


@dataclass(frozen=True, slots=True)
class MicrophoneDoubleRate:
    """The microphone delivers twice as many samples as it should."""


@dataclass(frozen=True, slots=True)
class MicrophoneRename:
    """The microphone falls off the bus and comes back as another card."""

    name: str = setting("another simulated microphone", "What it is called then.", pattern=r".{1,100}")


CallFault = Answer | Refuse | Hang | Lose | ExpireToken | Tls
TransferFault = Delay | Split | Truncate | Malformed | Oversize | Swallow
SocketFault = Hangup | Cut | Freeze | Say | Unasked | ExpireLicence
MicrophoneFault = MicrophoneHang | MicrophoneCrash | MicrophoneZeros | MicrophoneDoubleRate | MicrophoneRename
Fault = CallFault | TransferFault | SocketFault | MicrophoneFault | StreamFault

#: The word for each fault in a scenario.
WORDS: dict[str, type[Fault]] = {
    "answer": Answer,
    "refuse": Refuse,
    "hang": Hang,
    "lose": Lose,
    "expire-token": ExpireToken,
    "tls": Tls,
    "delay": Delay,
    "split": Split,
    "truncate": Truncate,
    "malformed": Malformed,
    "oversize": Oversize,
    "swallow": Swallow,
    "close": Hangup,
    "drop": Cut,
    "half-open": Freeze,
    "say": Say,
    "unasked": Unasked,
    "expire-licence": ExpireLicence,
    "ear-hang": MicrophoneHang,
    "ear-crash": MicrophoneCrash,
    "ear-zeros": MicrophoneZeros,
    "ear-double-rate": MicrophoneDoubleRate,
    "ear-rename": MicrophoneRename,
    **STREAM_WORDS,
}


@dataclass(frozen=True, slots=True)
class When:
    """What sets a step off; nothing set means always.

    Attributes:
        after_s: not before this many seconds of the scenario; alone: then, at once.
        call: a call of this path; ``/ws/chat`` is the opening of a socket, and for what spoils messages: all
            that is said on sockets.
        nth: only this one of those calls, counted from 1.
        message: the client's message of this number, counted from 1 over all sockets.
    """

    after_s: float | None = setting(None, "Seconds since the scenario began.", unit="s", low=0, high=1e7)
    call: str | None = setting(None, "The path of a call.", pattern=r"/[!-~]{0,79}")
    nth: int | None = setting(None, "Which of those calls.", low=1, high=1_000_000)
    message: int | None = setting(None, "Which message of the client.", low=1, high=100_000_000)


@dataclass(frozen=True, slots=True)
class FaultStep:
    """One line of a scenario.

    Attributes:
        do: the fault.
        when: what sets it off.
        for_s: how long it lasts once it was set off; None: for ever, or for the one
            thing that ``when`` names.
        times: how often it strikes at most.
    """

    do: Fault
    when: When = field(default_factory=When)
    for_s: float | None = setting(None, "How long it lasts.", unit="s", low=0, high=1e7)
    times: int | None = setting(None, "How often at most.", low=1, high=1_000_000)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A bad night, step by step.

    Attributes:
        steps: what happens.
        about: its first comment line: what it shows.
    """

    steps: tuple[FaultStep, ...] = ()
    about: str = ""

    @property
    def certificate(self) -> Certificate | None:
        """The certificate a real listener shows, or None."""
        return next((step.do.certificate for step in self.steps if isinstance(step.do, Tls)), None)
