"""Uplink: connects to the cloud, sends the outbox, receives what the service says."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from ravatard.core.actions import (
    CancelUtterance,
    DropTurn,
    EndSession,
    EndUtterance,
    Message,
    SendAudio,
    SendUtterance,
    StartSession,
)
from ravatard.core.backoff import Backoff
from ravatard.core.events import (
    LinkConnecting,
    LinkDenied,
    LinkOffline,
    MessageSent,
    SessionRefused,
    SessionStarted,
    UtteranceDropped,
)
from ravatard.core.states import Refusal
from ravatard.errors import (
    BusyError,
    DeniedError,
    LinkError,
    LinkTimeout,
    MoneyError,
    PeerError,
    TurnError,
)
from ravatard.ports.cloud import Cloud
from ravatard.stages.active_connection import ActiveConnection
from ravatard.stages.attempt import Attempt, attempt
from ravatard.stages.mailbox import Inbox, Outbox

log = logging.getLogger(__name__)

#: Pauses after one refusal after another that the owner must mend, the last one for ever: it may have been
#: mended, and an appliance that waits for an hour is deaf for an hour.
DENIED_PAUSES_S = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


async def uplink(cloud: Cloud, outbox: Outbox, inbox: Inbox, backoff: Backoff) -> None:
    """Run for ever. Everything the network or the service does is an event; only our own bugs end it.

    Cancelled anywhere, it leaves the connection closed; a session still held is the caller's to end
    (``cloud.opened()``).
    """

    async def use(active: ActiveConnection, group: asyncio.TaskGroup) -> None:
        outbox.connected()
        group.create_task(active.carry(group), name="carry")
        group.create_task(_interrupt(active, outbox), name="interrupt")
        await _send(cloud, active, outbox, inbox, backoff)

    denials = 0
    while True:
        inbox.put(LinkConnecting())
        ended = await attempt(cloud, ActiveConnection.connected(cloud, outbox, inbox), use)
        refused_again = isinstance(ended.trouble, DeniedError) and ended.up_s is None
        denials = denials + 1 if refused_again else 0
        await _wait(_report(ended, inbox, backoff, denials), cloud, outbox)


def _report(ended: Attempt, inbox: Inbox, backoff: Backoff, denials: int) -> float:
    """Report the end of the link to the hub; return the seconds to wait.

    ``denials``: refusals in a row without a connection in between, this one included.
    """
    trouble = ended.trouble
    if isinstance(trouble, DeniedError):
        refusal = Refusal.MONEY if isinstance(trouble, MoneyError) else Refusal.DENIED
        inbox.put(LinkDenied(str(trouble), refusal))
        return backoff.spread(DENIED_PAUSES_S[min(max(denials, 1), len(DENIED_PAUSES_S)) - 1])
    wait_s = ended.pause_s(backoff)
    inbox.put(LinkOffline(str(trouble) + "." if trouble else "the connection ended.", wait_s))
    return wait_s


async def _wait(seconds: float, cloud: Cloud, outbox: Outbox) -> None:
    """Wait. A session is paid for while we are offline, too, so that a wish to end it is obeyed at once."""
    try:
        async with asyncio.timeout(seconds):
            while isinstance(urgent := await outbox.get_urgent(), EndSession):
                await cloud.end_session(gone=urgent.gone)
    except TimeoutError:
        return


async def _send(
    cloud: Cloud, active: ActiveConnection, outbox: Outbox, inbox: Inbox, backoff: Backoff
) -> None:
    """Send the outbox in its order, for as long as the link lives."""
    loop = asyncio.get_running_loop()
    while True:
        action = await outbox.get()
        match action:
            case StartSession():
                await _start(cloud, action, outbox, inbox, backoff)
            case EndSession(gone=gone):
                await cloud.end_session(gone=gone)
            case CancelUtterance() if active.capabilities.marks_utterances:
                # It may be what the connection could not send: then there is nothing to take back.
                with suppress(TurnError):
                    await active.send(action)
            case _ if _is_meant(action, marks=active.capabilities.marks_utterances):
                try:
                    await active.send(action)
                except TurnError as error:
                    # It was refused, or its session ended, while this waited. Nothing of it may follow later.
                    outbox.put(DropTurn(action.turn))
                    inbox.put(UtteranceDropped(action.turn, str(error)))
                    continue
                except BaseException:
                    # Cancelled or broken: it may have arrived or not, and a turn must not have a hole.
                    inbox.put(UtteranceDropped(action.turn, "the connection broke in the middle of it"))
                    raise
                read_at = action.read_at if isinstance(action, SendAudio | SendUtterance) else None
                inbox.put(MessageSent(action.turn, read_at, loop.time()))


def _is_meant(message: Message, *, marks: bool) -> bool:
    """Return False for what the service has no use for.

    Before the first connection the core does not know how an utterance ends there, and asks for both ways.
    """
    if marks:
        return not (isinstance(message, SendAudio) and message.read_at is None)
    return not isinstance(message, EndUtterance | CancelUtterance)


async def _interrupt(active: ActiveConnection, outbox: Outbox) -> None:
    """Pass on every wish to interrupt the answer, at once, also while a message is being sent."""
    while True:
        await outbox.interrupted()
        # Without a session there is no answer either.
        with suppress(TurnError):
            await active.interrupt()


async def _start(cloud: Cloud, action: StartSession, outbox: Outbox, inbox: Inbox, backoff: Backoff) -> None:
    """Start a session. When the link breaks meanwhile the wish goes back into the outbox, in its place.

    A refusal drops the turn at once: its chunks wait right behind, and the hub learns of it only later.
    """
    try:
        await cloud.start_session()
    except asyncio.CancelledError:
        outbox.put_back(action)
        raise
    except BusyError as error:
        inbox.put(SessionRefused(Refusal.BUSY, str(error), _spread(error, backoff)))
    except LinkTimeout as error:
        inbox.put(SessionRefused(Refusal.TIMEOUT, str(error), _spread(error, backoff)))
    except MoneyError as error:
        inbox.put(SessionRefused(Refusal.MONEY, str(error)))
    except DeniedError as error:
        inbox.put(SessionRefused(Refusal.DENIED, str(error)))
    except (LinkError, PeerError) as error:
        wish_s = _spread(error, backoff) if isinstance(error, LinkError) else None
        inbox.put(SessionRefused(Refusal.FAILED, str(error), wish_s))
    else:
        inbox.put(SessionStarted())
        return
    outbox.put(DropTurn(action.turn))


def _spread(error: LinkError, backoff: Backoff) -> float | None:
    """Return the pause that the service asked for, spread; None without one."""
    return None if error.retry_after_s is None else backoff.spread(error.retry_after_s)
