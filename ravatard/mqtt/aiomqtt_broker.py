"""Broker by aiomqtt: the one module that knows the library, and the border for what a broker sends."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiomqtt
from aiomqtt.client import ProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ravatard.cancellation import pass_on_cancellation
from ravatard.errors import DeniedError, LinkError, LinkTimeout
from ravatard.mqtt.broker_tls import distrust, tls_context
from ravatard.mqtt.flood import FloodMeter
from ravatard.mqtt.library_guard import (
    CONNECT_S,
    WAITING_LIMIT,
    HungUpError,
    bounded_queue,
    close_within_a_moment,
    guard,
)
from ravatard.mqtt.options import MqttOptions
from ravatard.ports.broker import TWIN, BrokerMessage, Publication, TakenOverError

#: Bytes of a packet. A broker that heeds MQTT 5 sends none that is longer; any other is left.
PACKET_LIMIT = 32_768
#: For each answer of the broker.
ANSWER_S = 5.0
#: A broker that sends too much is left for so long, at least.
FLOOD_S = 30.0
#: Bytes that the kernel holds for us: what a flood can bring before it is noticed.
_RECEIVE_BUFFER = 65_536

#: OASIS MQTT 5.0, 2.4 Reason Code; the low numbers are those of MQTT 3.1.1, 3.2.2.3.
_WRONG_PROTOCOL = (1, 132)
_WRONG_PASSWORD = (4, 5, 134, 135)
_TAKEN_OVER = 142
#: The library keeps an error of the system as its text alone.
_ERRNO = re.compile(r"\[Errno (\d+)\]")

#: The library's own lines: one for each message of a flood.
_quiet = logging.getLogger("ravatard.mqtt.library")
_quiet.setLevel(logging.CRITICAL + 1)


class AiomqttBroker:
    """Broker that is reached through aiomqtt. A :class:`ravatard.ports.broker.Broker`."""

    def __init__(self, options: MqttOptions, client_id: str) -> None:
        """Prepare.

        Args:
            options: section ``mqtt``, with a host.
            client_id: constant for this appliance, different from every other.
        """
        self._options = options
        self._client_id = client_id
        self._protocol = ProtocolVersion.V5
        #: The older version is a guess: the broker never said that it knows no other.
        self._is_guess = False

    @asynccontextmanager
    async def connected(self, will: Publication) -> AsyncIterator[AiomqttConnection]:
        """See :meth:`ravatard.ports.broker.Broker.connected`.

        Connecting happens in a thread of the loop's pool, with deadlines of its own: cancelled, it is left to
        them.
        """
        await self._look_up()
        context = await self._tls() if self._options.tls else None
        meter = FloodMeter(asyncio.get_running_loop().time)
        with _translated(self, meter):
            client = self._client(will, meter, context)
            try:
                async with client:
                    # The library waits with asyncio.wait_for, which may swallow it on Python 3.11.
                    pass_on_cancellation()
                    if self._is_guess:
                        # It may as well have been restarting. The next connection begins with the newer one.
                        self._protocol, self._is_guess = ProtocolVersion.V5, False
                    try:
                        yield AiomqttConnection(client, self, meter)
                    finally:
                        await close_within_a_moment(client)
            finally:
                # Also one that never answered: the library leaves its socket open, and read.
                await close_within_a_moment(client, answered=False)

    async def _look_up(self) -> None:
        """Look the name up with a deadline; the thread that connects would wait for it without one.

        Raises:
            LinkError: there is none.
        """
        host = self._options.host
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().getaddrinfo(host, self._options.broker_port)
        except TimeoutError:
            raise LinkTimeout(
                f"the name of the MQTT broker {host} is not found within {CONNECT_S:g} s"
            ) from None
        except RuntimeError as error:
            raise _no_thread(error) from None
        except UnicodeError:
            # A label of the name is empty, or longer than 63 letters.
            raise LinkError(f"the MQTT broker {host} is not found: no host has such a name") from None
        except OSError as error:
            raise LinkError(f"the MQTT broker {host} is not found ({error.strerror or error})") from None

    async def _tls(self) -> ssl.SSLContext:
        """Return the context for TLS, made in a thread: it reads files.

        Raises:
            ConfigError, LinkError: see :func:`ravatard.mqtt.broker_tls.tls_context`; it takes too long.
        """
        try:
            async with asyncio.timeout(CONNECT_S):
                return await asyncio.to_thread(tls_context, self._options)
        except RuntimeError as error:
            raise _no_thread(error) from None
        except TimeoutError:
            raise LinkTimeout(f"the files of section mqtt are not read within {CONNECT_S:g} s") from None

    def _client(self, will: Publication, meter: FloodMeter, context: ssl.SSLContext | None) -> aiomqtt.Client:
        options, five = self._options, self._protocol is ProtocolVersion.V5
        limits = None
        if five:
            limits = _properties(
                PacketTypes.CONNECT, MaximumPacketSize=PACKET_LIMIT, ReceiveMaximum=WAITING_LIMIT
            )
        client = aiomqtt.Client(
            hostname=options.host or "",
            port=options.broker_port,
            username=options.username,
            password=None if options.password is None else options.password.reveal(),
            logger=_quiet,
            identifier=self._client_id,
            protocol=self._protocol,
            will=aiomqtt.Will(will.topic, will.payload, int(will.sure), will.retained),
            # No session is kept: nothing is done at night that was asked for at noon.
            clean_session=None if five else True,
            clean_start=True if five else 3,
            properties=limits,
            timeout=ANSWER_S,
            keepalive=round(options.keep_alive_s),
            queue_type=bounded_queue(meter),
            max_queued_outgoing_messages=WAITING_LIMIT,
            tls_context=context,
            socket_options=((socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER),),
        )
        guard(client, meter)
        return client

    @property
    def place(self) -> str:
        """Name and port of the broker."""
        return f"{self._options.host}:{self._options.broker_port}"

    def hung_up(self) -> Exception:
        """Return the error for a broker that ends the connection before it has answered.

        Some that speak MQTT 3.1.1 alone do so: the next attempt is in the other version.
        """
        if self._protocol is ProtocolVersion.V5:
            self._protocol, self._is_guess = ProtocolVersion.V311, True
        elif self._is_guess:
            self._protocol, self._is_guess = ProtocolVersion.V5, False
        hint = " and mqtt.certificate" if self._options.tls else ""
        return LinkError(
            f"the MQTT broker at {self.place} ends the connection before it answers; correct mqtt.port, "
            f"mqtt.tls{hint}, or see its log"
        )

    def refused(self, code: int) -> Exception:
        """Return the error for a reason code of a broker that refuses the connection."""
        if code in _WRONG_PROTOCOL and self._protocol is ProtocolVersion.V5:
            self._protocol = ProtocolVersion.V311
            return LinkError("the MQTT broker speaks an older version of MQTT; trying that")
        if code in _WRONG_PASSWORD:
            return DeniedError(
                "the MQTT broker refuses user name or password; correct mqtt.username and mqtt.password"
            )
        return DeniedError(f"the MQTT broker refuses the connection (reason {code}); its log says why")


class AiomqttConnection:
    """Connection that is up. A :class:`ravatard.ports.broker.BrokerConnection`."""

    def __init__(self, client: aiomqtt.Client, broker: AiomqttBroker, meter: FloodMeter) -> None:
        self._client = client
        self._broker = broker
        self._meter = meter

    @property
    def dropped(self) -> int:
        """Number of messages that were dropped."""
        return self._meter.dropped

    async def publish(self, message: Publication) -> None:
        """See :meth:`ravatard.ports.broker.BrokerConnection.publish`."""
        carried = None
        if message.correlation:
            carried = _properties(PacketTypes.PUBLISH, CorrelationData=message.correlation)
        with _translated(self._broker, self._meter):
            await self._client.publish(
                message.topic, message.payload, int(message.sure), message.retained, carried
            )
        pass_on_cancellation()

    async def subscribe(self, *filters: str) -> None:
        """See :meth:`ravatard.ports.broker.BrokerConnection.subscribe`."""
        with _translated(self._broker, self._meter):
            granted = await self._client.subscribe([(one, 1) for one in filters])
        pass_on_cancellation()
        # 0x80 and above are failures, in both versions.
        codes = [one.value if isinstance(one, ReasonCode) else one for one in granted]
        denied = [topic for topic, code in zip(filters, codes, strict=False) if code >= 0x80]
        if denied:
            raise DeniedError(f"the MQTT broker does not let us read {', '.join(denied)}; correct its rules")

    async def messages(self) -> AsyncIterator[BrokerMessage]:
        """See :meth:`ravatard.ports.broker.BrokerConnection.messages`."""
        with _translated(self._broker, self._meter):
            async for message in self._client.messages:
                yield _taken(message)
                if self._meter.flooded:
                    raise LinkError(self._meter.complaint, retry_after_s=FLOOD_S)


def _properties(kind: int, **values: object) -> Any:
    """Return properties of MQTT 5 for a kind of packet."""
    made: Any = Properties(kind)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(made, name, value)
    return made


def _taken(message: aiomqtt.Message) -> BrokerMessage:
    payload = message.payload
    reply_to, correlation = "", b""
    if message.properties is not None:
        reply_to = str(getattr(message.properties, "ResponseTopic", ""))
        correlation = bytes(getattr(message.properties, "CorrelationData", b""))
    content = (
        payload if isinstance(payload, bytes) else bytes(payload) if isinstance(payload, bytearray) else b""
    )
    return BrokerMessage(str(message.topic), content, bool(message.retain), reply_to, correlation)


@contextmanager
def _translated(broker: AiomqttBroker, meter: FloodMeter) -> Iterator[None]:
    """Turn the library's errors into ours.

    Raises:
        TakenOverError, LinkError, DeniedError: see there.
    """
    try:
        yield
    except aiomqtt.MqttError as error:
        if meter.flooded:
            raise LinkError(meter.complaint, retry_after_s=FLOOD_S) from None
        raise _ours(broker, error) from error
    except RuntimeError as error:
        raise _no_thread(error) from error


def _no_thread(error: RuntimeError) -> LinkError:
    """Return ours for what Python raises when the system gives it no more threads."""
    return LinkError(f"this machine does not let us connect to the MQTT broker ({error})")


def _ours(broker: AiomqttBroker, error: aiomqtt.MqttError) -> Exception:
    code = _code_of(error)
    if isinstance(error, aiomqtt.exceptions.MqttConnectError) and code is not None:
        return broker.refused(code)
    if isinstance(error, HungUpError):
        return broker.hung_up()
    cause = error.__cause__
    if code == _TAKEN_OVER or (isinstance(cause, aiomqtt.MqttError) and _code_of(cause) == _TAKEN_OVER):
        return TakenOverError(TWIN)
    if cause is not None and not isinstance(cause, aiomqtt.MqttError):
        return LinkError(f"what the MQTT broker at {broker.place} sends is no MQTT; correct mqtt.port")
    # The library's own words tell nothing: only that it ended.
    text = str(error if cause is None else cause)
    if (sentence := distrust(text)) is not None:
        return DeniedError(sentence)
    if "timed out" in text.lower():
        return LinkTimeout(f"the MQTT broker does not answer within {ANSWER_S:g} s")
    if refused := _ERRNO.search(text):
        why = os.strerror(int(refused[1])).lower()
        return LinkError(
            f"the MQTT broker at {broker.place} cannot be reached ({why}); start it, or correct "
            "mqtt.host and mqtt.port"
        )
    # 128 is paho's word for a socket that was closed.
    why = "the broker has closed it" if "[code:128]" in text else text or "no reason given"
    return LinkError(f"the connection to the MQTT broker failed ({why})")


def _code_of(error: BaseException) -> int | None:
    """Return the reason code of an error of the library, if it has one."""
    code = getattr(error, "rc", None)
    value = getattr(code, "value", code)
    return value if isinstance(value, int) else None
