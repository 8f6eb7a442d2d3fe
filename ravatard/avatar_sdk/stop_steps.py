"""Steps that stop a session, by a loop or without one. Pure.

Only the service's own word ends a session: what is said to be gone by one id is stopped by its other form,
and what no answer to a stop settles is looked for in the list.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from ravatard.avatar_sdk.failures import AvatarError, failure_of
from ravatard.avatar_sdk.network_port import WholeReply
from ravatard.cloud.avatar import replies, requests
from ravatard.cloud.avatar.refusals import refusal_of
from ravatard.cloud.avatar.sessions.named_ids import stopped_as
from ravatard.cloud.avatar.sessions.session_list import whole_list
from ravatard.cloud.avatar.sessions.stop_verdict import StopVerdict, stop_verdict
from ravatard.secret import Secret


@dataclass(frozen=True, slots=True)
class StopCall:
    """Call that is to be made; its reply is sent to the generator.

    Attributes:
        call: such as "streaming.stop".
        body: its body; None for a GET.
    """

    call: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class StopOutcome:
    """Outcome of the steps.

    Attributes:
        failure: the session may still be open; None: it has ended.
        duration_s: seconds it lasted, as the service counts them; None when it does not say.
    """

    failure: AvatarError | None = None
    duration_s: float | None = None


def stop_steps(session_id: Secret) -> Generator[StopCall, WholeReply, StopOutcome]:
    """Yield the calls that stop a session, one after the other; returns whether they did."""
    failure: AvatarError | None = None
    for one in stopped_as(session_id.reveal()):
        reply = yield StopCall(requests.STOP, requests.stop_request(Secret(one)))
        verdict = stop_verdict(reply.status, reply.body, Secret(one))
        if verdict is StopVerdict.ENDED:
            return StopOutcome(duration_s=replies.stop_reply(reply.body))
        if verdict is StopVerdict.OPEN:
            refused = refusal_of(requests.STOP, reply.status, reply.body, reply.retry_after_s)
            failure = failure_of(refused) if refused is not None else AvatarError(_NO_WORD)
            break
    if failure is None:
        return StopOutcome()
    reply = yield StopCall(requests.SESSIONS, None)
    listed = whole_list(reply.body) if 200 <= reply.status < 300 else None
    absent = listed is not None and listed.excludes(session_id)
    return StopOutcome(None if absent else failure)


_NO_WORD = "the answer to streaming.stop does not say that the session ended; check the API's address"
