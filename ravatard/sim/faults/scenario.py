"""Vocabulary of scenarios: every fault with its settings, and the conditions that set it off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ravatard.setting import setting
from ravatard.sim.streaming.faults import STREAM_WORDS, StreamFault

Certificate = Literal["self-signed", "not-yet-valid", "expired"]


# ---------------------------------------------------------------------- faults of calls


@dataclass(frozen=True, slots=True)
class Answer:
    """A call is answered with a chosen status and never reaches the service."""

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
    """The connection is refused; a real listener accepts it and resets it before any answer."""


@dataclass(frozen=True, slots=True)
class Hang:
    """A call is never answered."""

    handled: bool = setting(False, "True: the service handles the call all the same.")


@dataclass(frozen=True, slots=True)
class Lose:
    """The service handles the call, and the connection breaks before its answer."""


@dataclass(frozen=True, slots=True)
class ExpireToken:
    """Tokens issued now expire early."""

    lifetime_s: float = setting(0.0, "Lifetime of such a token.", unit="s", low=0, high=1e9)


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate is not trustworthy, for every request of the step's time.

    A real listener presents it in every handshake of that time, and breaks off the requests of connections
    from before. With ``when.call`` it only breaks off that call: a handshake has no path.
    """

    certificate: Certificate = setting("self-signed", "Its defect.")


# ---------------------------------------------------------------------- faults of replies and messages


@dataclass(frozen=True, slots=True)
class Delay:
    """Replies and messages come late, in their order."""

    delay_s: float = setting(1.0, "Delay.", unit="s", low=0, high=600)
    jitter_s: float = setting(0.0, "Longest random wait on top.", unit="s", low=0, high=600)
    seed: int = setting(1, "Seed of the random waits.", low=0, high=2**31)


@dataclass(frozen=True, slots=True)
class Split:
    """Replies come in pieces and messages in fragments; in memory nothing changes."""

    pieces: int = setting(3, "Number of pieces.", low=2, high=1000)


@dataclass(frozen=True, slots=True)
class Truncate:
    """Replies and messages are cut short."""

    keep: float = setting(0.5, "Part that is kept, of 1.", low=0, high=1)


@dataclass(frozen=True, slots=True)
class Malformed:
    """Invalid JSON comes instead of replies and messages."""

    text: str = setting('{"status": 200, oops', "Text that comes.", pattern=r"(?s).{0,1000}")


@dataclass(frozen=True, slots=True)
class Oversize:
    """Replies and messages are padded with spaces beyond every limit."""

    size_bytes: int = setting(20_000_000, "Their length.", unit="byte", low=1, high=100_000_000)


@dataclass(frozen=True, slots=True)
class Swallow:
    """Messages of the service on the socket never arrive."""


# ---------------------------------------------------------------------- faults of open sockets


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
    """The socket stays open, but carries nothing any more and no ping is answered."""


@dataclass(frozen=True, slots=True)
class Say:
    """The service sends a text on the socket, such as one of its stream errors."""

    text: str = setting("Something went wrong", "Text.", pattern=r"(?s).{0,1000}")
    bare: bool = setting(False, "True: sent as it is; False: as a system message in JSON.")


@dataclass(frozen=True, slots=True)
class Unasked:
    """An unrequested answer comes."""

    text: str = setting("And another thing:", "Text of the answer.", pattern=r"(?s).{0,1000}")


@dataclass(frozen=True, slots=True)
class ExpireLicence:
    """The service ends every live session."""

    tell: str = setting("Session expired", "Message to the client; empty: none.", pattern=r".{0,200}")


# ---------------------------------------------------------------------- faults of the microphone


@dataclass(frozen=True, slots=True)
class MicrophoneHang:
    """The microphone delivers and reports nothing."""


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

    name: str = setting("another simulated microphone", "Its name then.", pattern=r".{1,100}")


CallFault = Answer | Refuse | Hang | Lose | ExpireToken | Tls
TransferFault = Delay | Split | Truncate | Malformed | Oversize | Swallow
SocketFault = Hangup | Cut | Freeze | Say | Unasked | ExpireLicence
MicrophoneFault = MicrophoneHang | MicrophoneCrash | MicrophoneZeros | MicrophoneDoubleRate | MicrophoneRename
Fault = CallFault | TransferFault | SocketFault | MicrophoneFault | StreamFault

#: Names of the faults in scenarios.
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
    "microphone-hang": MicrophoneHang,
    "microphone-crash": MicrophoneCrash,
    "microphone-zeros": MicrophoneZeros,
    "microphone-double-rate": MicrophoneDoubleRate,
    "microphone-rename": MicrophoneRename,
    **STREAM_WORDS,
}
#: Earlier names, still read.
OLD_WORDS: dict[str, type[Fault]] = {
    f"ear-{word.removeprefix('microphone-')}": kind
    for word, kind in WORDS.items()
    if word.startswith("microphone-")
}


@dataclass(frozen=True, slots=True)
class When:
    """Condition that sets a step off; without any setting: always.

    Attributes:
        after_s: not before this many seconds of the scenario; alone: at that moment.
        call: a call of this path; ``/ws/chat`` or ``/ws`` is the opening of a socket, and for faults of
            messages: every message on sockets.
        nth: only the nth of those calls, counted from 1.
        message: the client's nth message, counted from 1 over all sockets.
    """

    after_s: float | None = setting(None, "Seconds since the scenario began.", unit="s", low=0, high=1e7)
    call: str | None = setting(None, "Path of a call.", pattern=r"/[!-~]{0,79}")
    nth: int | None = setting(None, "Number of the call.", low=1, high=1_000_000)
    message: int | None = setting(None, "Number of the client's message.", low=1, high=100_000_000)


@dataclass(frozen=True, slots=True)
class FaultStep:
    """One step of a scenario.

    Attributes:
        do: the fault.
        when: condition that sets it off.
        for_s: duration once it was set off; None: for ever, or for the single call or message that
            ``when`` names.
        times: how often it applies at most.
    """

    do: Fault
    when: When = field(default_factory=When)
    for_s: float | None = setting(None, "Duration.", unit="s", low=0, high=1e7)
    times: int | None = setting(None, "How often at most.", low=1, high=1_000_000)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A series of faults.

    Attributes:
        steps: the steps.
        about: description: its first comment line.
    """

    steps: tuple[FaultStep, ...] = ()
    about: str = ""

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """Defective certificates that a real listener presents at times, each once."""
        return tuple(dict.fromkeys(step.do.certificate for step in self.steps if isinstance(step.do, Tls)))
