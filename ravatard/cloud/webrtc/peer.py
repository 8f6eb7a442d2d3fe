"""WebRTC connection by aiortc, with behaviour for which aiortc has no switch.

The only module that imports aiortc (70 MB); the player imports it when a stream is opened. Private names of
aiortc are used in three places (jitter buffer, decoder thread, ICE agent); each is looked up first, and an
error says which one is missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NoReturn

import aiortc

from ravatard.cloud.webrtc.ice import (
    MOST_CANDIDATES,
    MOST_LEARNED,
    PATIENT_S,
    AskRelay,
    IceGathering,
    IceHelper,
    RemoteAddress,
)
from ravatard.cloud.webrtc.reception import Reception
from ravatard.cloud.webrtc.relays import relayed
from ravatard.cloud.webrtc.sdp import AudioOffer, finish
from ravatard.errors import LinkError

log = logging.getLogger(__name__)

#: In aiortc.RTCRtpReceiver: the buffer that takes packets after they were counted.
_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
#: With ForceTURN there are only relay candidates: then the servers get aioice's own time.
_RELAY_GATHER_S = 5.0
#: aioice's rounds of checks are 20 ms apart, and the last one ends after closing.
_LAST_CHECK_S = 0.05


class Peer:
    """Player's end of one connection. :meth:`close` must be awaited, or the process may not end."""

    def __init__(
        self,
        helpers: Iterable[IceHelper],
        reception: Reception,
        changed: Callable[[], None],
        *,
        gather_s: float,
        relay_only: bool,
        loopback: bool,
    ) -> None:
        """Connect nothing yet.

        Args:
            helpers: STUN and TURN servers, with the numeric addresses to connect to.
            reception: takes the packets of sound.
            changed: called when :attr:`lost` may have changed, and at the first packet.
            gather_s: time limit of the helpers.
            relay_only: connect through a TURN server only.
            loopback: offer 127.0.0.1, too.
        """
        self._reception = reception
        self._changed = changed
        self._gather_s = gather_s
        self._relay_only = relay_only
        self._loopback = loopback and not relay_only
        self._helpers = list(helpers)
        #: Hosts and ports of the streamer's candidates so far, in offers and after them.
        self._candidates: set[tuple[str, int]] = set()
        policy = aiortc.RTCIceTransportPolicy.RELAY if relay_only else aiortc.RTCIceTransportPolicy.ALL
        # Without a list, even an empty one, aiortc asks a STUN server of a third party.
        # TURN servers are asked by ourselves.
        servers = [aiortc.RTCIceServer(urls=one.url) for one in self._helpers if one.role == "STUN"]
        self._connection = aiortc.RTCPeerConnection(
            aiortc.RTCConfiguration(iceServers=servers, iceTransportPolicy=policy)
        )
        self._connection.on("connectionstatechange", changed)
        self._connection.on("datachannel", _drain)

    @property
    def lost(self) -> str:
        """The reason why no more sound can come; "" while some can."""
        state = self._connection.connectionState
        return f"the media connection is {state}" if state in ("failed", "closed") else ""

    async def answer(self, offer: AudioOffer) -> str:
        """Return the answer to an offer, for the streamer; called again for a later offer of its transport.

        Raises:
            LinkError: aiortc does not accept the offer.
        """
        self._candidates |= offer.candidates
        if len(self._candidates) > 2 * MOST_CANDIDATES:
            raise LinkError(f"the stream's offers name more than {2 * MOST_CANDIDATES} candidates")
        try:
            await self._connection.setRemoteDescription(
                aiortc.RTCSessionDescription(sdp=offer.shown, type="offer")
            )
            receivers = self._decline_all_but(offer.audio_mid)
            self._take_over(receivers)
            self._limit_agents()
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except LinkError:
            raise
        except (aiortc.InvalidStateError, aiortc.exceptions.OperationError) as error:
            raise LinkError(f"the stream's offer cannot be answered ({str(error)[:200]})") from error
        except Exception as error:
            # aiortc's parsers raise anything for a malformed description.
            raise LinkError(f"the stream's offer cannot be answered ({type(error).__name__})") from error
        return finish(offer, self._connection.localDescription.sdp)

    async def add(self, address: RemoteAddress, mid: str | None, index: int | None) -> None:
        """Add an address of the streamer, up to a limit; ``mid`` or ``index`` names the section."""
        place = (address.host, address.port)
        if (mid is None and index is None) or place in self._candidates:
            return
        if len(self._candidates) >= MOST_CANDIDATES:
            return
        self._candidates.add(place)
        candidate = aiortc.RTCIceCandidate(
            component=address.component,
            foundation=address.foundation,
            ip=address.host,
            port=address.port,
            priority=address.priority,
            protocol="udp",
            type=address.kind,
            relatedAddress=address.related_host,
            relatedPort=address.related_port,
            sdpMid=mid,
            sdpMLineIndex=index,
        )
        try:
            await self._connection.addIceCandidate(candidate)
        except Exception as error:  # noqa: BLE001 - aiortc and aioice raise anything for a malformed candidate
            log.debug("a candidate of the stream is of no use (%s)", type(error).__name__)

    async def close(self) -> None:
        """Close it; idempotent. Cancelling leaves sockets open, but no thread."""
        for receiver in self._connection.getReceivers():
            _end_decoder(receiver)
        connecting = self._connection.connectionState in ("new", "connecting")
        transports = self._transports()
        for transport in transports:
            # aiortc goes on connecting the next section while it closes, and fails in a task of its own.
            transport.start = _closed
        await self._connection.close()
        if connecting:
            # aioice may finish connecting only now, and would then ask for the peer's consent for ever.
            await asyncio.sleep(_LAST_CHECK_S)
            for transport in transports:
                await _agent(transport).close()

    def _transports(self) -> list[Any]:
        """Return the ICE transports; one, when everything is bundled."""
        ends: list[Any] = [one.receiver for one in self._connection.getTransceivers()]
        if self._connection.sctp is not None:
            ends.append(self._connection.sctp)
        return list({id(end.transport.transport): end.transport.transport for end in ends}.values())

    def _decline_all_but(self, audio_mid: str) -> list[Any]:
        """Decline every section but one; returns the receivers of that one."""
        wanted = []
        for transceiver in self._connection.getTransceivers():
            if transceiver.mid == audio_mid:
                transceiver.direction = "recvonly"
                wanted.append(transceiver.receiver)
            else:
                transceiver.direction = "inactive"
        return wanted

    def _take_over(self, receivers: list[Any]) -> None:
        for receiver in receivers:
            if not hasattr(receiver, _JITTER_BUFFER):
                raise _other_version("its jitter buffer")
            setattr(receiver, _JITTER_BUFFER, _PacketTap(receiver, self._reception, self._changed))

    def _limit_agents(self) -> None:
        """Shorten the wait for dead STUN and TURN servers, and bound the addresses that the peer may have.

        The servers are reached at the addresses that were checked, not at those their names have by then.
        """
        for transport in self._transports():
            agent = _agent(transport)
            gather = getattr(agent, "get_component_candidates", None)
            if gather is None:
                raise _other_version("its gathering")
            if isinstance(gather, IceGathering):
                continue
            agent.get_component_candidates = IceGathering(
                gather,
                self._gather_s,
                loopback=self._loopback,
                patient_s=_RELAY_GATHER_S if self._relay_only else PATIENT_S,
                relays=[
                    AskRelay(
                        partial(relayed, agent, helper, relay_only=self._relay_only),
                        patient=self._relay_only or helper.way != "udp",
                    )
                    for helper in self._helpers
                    if helper.role == "TURN"
                ],
                found=partial(_taken, agent),
            )
            _limit_learning(agent)
            for helper in self._helpers:
                if helper.role == "STUN":
                    _pin(agent, helper)


class _PacketTap:
    """Stand-in for aiortc's jitter buffer: passes packets on, and ends the decoder thread at the first."""

    def __init__(self, receiver: Any, reception: Reception, begun: Callable[[], None]) -> None:
        self._receiver: Any = receiver
        self._reception = reception
        self._begun = begun

    def add(self, packet: Any) -> tuple[bool, None]:
        taken = self._reception.add(packet)
        if self._receiver is not None:
            _end_decoder(self._receiver)
            self._receiver = None
            self._begun()
        return taken


def _agent(transport: Any) -> Any:
    """Return aioice's part of a transport."""
    agent = getattr(transport.iceGatherer, "_connection", None)
    if agent is None:
        raise _other_version("its ICE agent")
    return agent


def _limit_learning(agent: Any) -> None:
    """Bound the addresses from which the peer's checks are answered: each is one more candidate."""
    received = getattr(agent, "request_received", None)
    known = getattr(agent, "_remote_candidates", None)
    if received is None or not isinstance(known, list):
        raise _other_version("its ICE agent")

    def bounded(message: object, address: tuple[str, int], protocol: object) -> None:
        # Of the checks that come before it connects, aioice keeps the last hundred by itself.
        if len(known) < MOST_CANDIDATES + MOST_LEARNED or any(
            one.port == address[1] and one.host == address[0] for one in known
        ):
            received(message, address, protocol)

    agent.request_received = bounded


def _pin(agent: Any, helper: IceHelper) -> None:
    """Let ``agent`` reach a server at the address that was looked up and checked."""
    server = getattr(agent, "stun_server", None)
    if not isinstance(server, tuple) or helper.address is None:
        raise _other_version("the address of a server")
    agent.stun_server = (helper.address, server[1])


def _taken(agent: Any, relay: Any) -> Any:
    """Give ``agent`` the way of a relayed candidate, and return the candidate."""
    ways = getattr(agent, "_protocols", None)
    if not isinstance(ways, list):
        raise _other_version("its ICE agent")
    ways.append(relay)
    return relay.local_candidate


async def _closed(_parameters: object) -> NoReturn:
    """End the calling task of aiortc."""
    raise asyncio.CancelledError


def _end_decoder(receiver: Any) -> None:
    """End the thread that would decode. It is no daemon thread, and would keep the process alive."""
    end = getattr(receiver, "_handle_disconnect", None)
    if end is None:
        raise _other_version("its decoder thread")
    end()


def _other_version(what: str) -> LinkError:
    version = getattr(aiortc, "__version__", "?")
    return LinkError(
        f"aiortc {version} is not the version ravatard was made for: {what} is not where it was; "
        "install ravatard[live-audio] anew"
    )


def _drain(channel: Any) -> None:
    """Keep the data channel, which the engine may want, and drop its messages: aiortc queues nothing."""
    log.debug("the stream opened the data channel %.40r", channel.label)
