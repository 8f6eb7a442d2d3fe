"""Uplink: connects to the cloud, sends the outbox, receives what the service says."""

from __future__ import annotations

import asyncio
import logging

from ravatard.cancellation import pass_on_cancellation
from ravatard.core.actions import DropTurn, EndSession, SendAudio, SendText, SendUtterance, StartSession
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
    InternalError,
    LinkError,
    LinkTimeout,
    MoneyError,
    NoSessionError,
    PeerError,
    RavatardError,
)
from ravatard.ports.cloud import Cloud
from ravatard.stages.active_connection import ActiveConnection
from ravatard.stages.mailbox import Inbox, Outbox

log = logging.getLogger(__name__)

#: A refusal that the owner must mend is tried again this often: it may have been mended.
DENIED_RETRY_S = 3600.0


async def uplink(cloud: Cloud, outbox: Outbox, inbox: Inbox, backoff: Backoff) -> None:
    """Run for ever. Everything the network or the service does is an event; only our own bugs end it.

    Cancelled anywhere, it leaves the connection closed; a session still held is the caller's to end
    (``cloud.opened()``).
    """
    loop = asyncio.get_running_loop()
    while True:
        inbox.put(LinkConnecting())
        up_at: float | None = None
        trouble: RavatardError | None = None
        try:
            async with ActiveConnection.connected(cloud, outbox, inbox) as active:
                up_at = loop.time()
                async with asyncio.TaskGroup() as group:
                    group.create_task(active.carry(group), name="carry")
                    group.create_task(cloud.maintain(), name="maintain")
                    await _send(cloud, active, outbox, inbox)
        except* (LinkError, DeniedError, PeerError) as errors:
            trouble = _first(errors)
        pass_on_cancellation()
        up_s = None if up_at is None else loop.time() - up_at
        await _wait(_report(trouble, inbox, backoff, up_s), cloud, outbox)


def _first(errors: BaseExceptionGroup[BaseException]) -> RavatardError:
    """Return the first error of a group, however deep; one broken link usually fails several tasks."""
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        # A refusal for the owner outranks what the broken link did to the others.
        leaves = found.exceptions
        found = next((e for e in leaves if isinstance(e, DeniedError)), leaves[0])
    if not isinstance(found, RavatardError):
        raise InternalError(f"an unexpected {type(found).__name__}") from found
    return found


def _report(trouble: RavatardError | None, inbox: Inbox, backoff: Backoff, up_s: float | None) -> float:
    """Report the end of the link to the hub; return the seconds to wait."""
    if isinstance(trouble, DeniedError):
        refusal = Refusal.MONEY if isinstance(trouble, MoneyError) else Refusal.DENIED
        inbox.put(LinkDenied(str(trouble), refusal))
        return DENIED_RETRY_S
    asked_s = trouble.retry_after_s if isinstance(trouble, LinkError) else None
    wait_s = backoff.failed(up_s=up_s, retry_after_s=asked_s)
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


async def _send(cloud: Cloud, active: ActiveConnection, outbox: Outbox, inbox: Inbox) -> None:
    """Send the outbox in its order, for as long as the link lives."""
    loop = asyncio.get_running_loop()
    while True:
        action = await outbox.get()
        match action:
            case StartSession():
                await _start(cloud, action, outbox, inbox)
            case EndSession(gone=gone):
                await cloud.end_session(gone=gone)
            case SendAudio(turn=turn) | SendUtterance(turn=turn) | SendText(turn=turn):
                try:
                    await active.send(action)
                except NoSessionError as error:
                    # It was refused, or it ended, while this waited. Nothing of the turn may follow later.
                    outbox.put(DropTurn(turn))
                    inbox.put(UtteranceDropped(turn, str(error)))
                    continue
                except BaseException:
                    # Cancelled or broken: it may have arrived or not, and a turn must not have a hole.
                    inbox.put(UtteranceDropped(turn, "the connection broke in the middle of it"))
                    raise
                read_at = None if isinstance(action, SendText) else action.read_at
                inbox.put(MessageSent(turn, read_at, loop.time()))


async def _start(cloud: Cloud, action: StartSession, outbox: Outbox, inbox: Inbox) -> None:
    """Start a session. When the link breaks meanwhile the wish goes back into the outbox, in its place.

    A refusal drops the turn at once: its chunks wait right behind, and the hub learns of it only later.
    """
    try:
        await cloud.start_session()
    except asyncio.CancelledError:
        outbox.put_back(action)
        raise
    except BusyError as error:
        inbox.put(SessionRefused(Refusal.BUSY, str(error), error.retry_after_s))
    except LinkTimeout as error:
        inbox.put(SessionRefused(Refusal.TIMEOUT, str(error), error.retry_after_s))
    except MoneyError as error:
        inbox.put(SessionRefused(Refusal.MONEY, str(error)))
    except DeniedError as error:
        inbox.put(SessionRefused(Refusal.DENIED, str(error)))
    except (LinkError, PeerError) as error:
        inbox.put(SessionRefused(Refusal.FAILED, str(error)))
    else:
        inbox.put(SessionStarted())
        return
    outbox.put(DropTurn(action.turn))
