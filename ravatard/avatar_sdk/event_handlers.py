"""Handlers of a session's events: one queue and one task a name, so that a slow one holds up no other."""

from __future__ import annotations

import asyncio
import builtins
import inspect
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, get_args, overload

from ravatard.cloud.avatar.events import object_in
from ravatard.core.voice.inline_sound import inline_sound

log = logging.getLogger(__name__)

Handler = Callable[[Any], Any]
_Handler = TypeVar("_Handler", bound=Handler)

#: Events whose handlers get the field ``data``, as in the API reference's examples; others get the event.
DataEventName = Literal["frame", "audio"]
EventName = Literal["chat", "status", "error", "connected", "disconnected", "*"]

ANY = "*"
_DATA_EVENTS = frozenset(get_args(DataEventName))
NAMES = _DATA_EVENTS | frozenset(get_args(EventName))
#: Events that wait for a slow handler.
_MOST_WAITING = 1_024


class EventData(str):
    """Field ``data`` of a frame or of sound: base64, as it came.

    Attributes:
        event: the whole event.
    """

    __slots__ = ("event",)

    event: Mapping[str, Any]

    @property
    def bytes(self) -> builtins.bytes:
        """The picture (JPEG) or sound (WAV) in it.

        Raises:
            ValueError: it is no base64.
        """
        return inline_sound(self)

    def __repr__(self) -> str:
        return f"<{len(self)} characters of base64>"


_DataHandler = TypeVar("_DataHandler", bound=Callable[[EventData], Any])
_EventHandler = TypeVar("_EventHandler", bound=Callable[[dict[str, Any]], Any])


class EventSource:
    """Source of events, which a program adds handlers to."""

    def __init__(self, handlers: EventHandlers) -> None:
        """Take over the handlers that it adds to."""
        self._handlers = handlers

    @overload
    def on(self, name: DataEventName) -> Callable[[_DataHandler], _DataHandler]: ...

    @overload
    def on(self, name: EventName) -> Callable[[_EventHandler], _EventHandler]: ...

    @overload
    def on(self, name: DataEventName, handler: _DataHandler) -> _DataHandler: ...

    @overload
    def on(self, name: EventName, handler: _EventHandler) -> _EventHandler: ...

    def on(self, name: str, handler: _Handler | None = None) -> Callable[[_Handler], _Handler] | _Handler:
        """Call ``handler``, also a coroutine function, with each event of a name; a decorator without it.

        ``frame`` and ``audio`` hand over the base64 text (:class:`EventData`), ``chat``, ``status``,
        ``error``, ``connected``, ``disconnected`` and ``*`` (all of them) the event as a dict.

        Raises:
            ValueError: there is no such event.
        """
        if handler is None:
            return lambda given: self._handlers.add(name, given)
        return self._handlers.add(name, handler)

    def off(self, name: DataEventName | EventName, handler: Callable[[Any], Any]) -> None:
        """Call ``handler`` no more."""
        self._handlers.remove(name, handler)


class EventHandlers:
    """Handlers by name, and their queues.

    A queue keeps the newest frame only, and 1,024 of all other events; then the oldest is dropped, with a
    warning.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        self._waiting: dict[str, deque[tuple[str, Any]]] = {}
        self._wakened: dict[str, asyncio.Event] = {}
        self._running: asyncio.TaskGroup | None = None
        self._ending = False
        self._warned: set[str] = set()

    def add(self, name: str, handler: _Handler) -> _Handler:
        """Add a handler; returns it.

        Raises:
            ValueError: there is no such event.
        """
        if name not in NAMES:
            raise ValueError(f"no event is called {name!r}; events are {', '.join(sorted(NAMES))}")
        self._handlers.setdefault(name, []).append(handler)
        return handler

    def remove(self, name: str, handler: Handler) -> None:
        """Remove a handler; one that is not there is no fault."""
        handlers = self._handlers.get(name, [])
        if handler in handlers:
            handlers.remove(handler)

    def wanted(self, name: str) -> bool:
        """Return True if an event called ``name`` has a handler."""
        return bool(self._handlers.get(name) or self._handlers.get(ANY))

    def put(self, name: str, event: Mapping[str, Any] | str | bytes) -> None:
        """Queue an event for its handlers, and for those of all events; a frame as the message it came in."""
        for queue in (name, ANY):
            if self._handlers.get(queue):
                self._queue(queue, name, event)

    def start(self, group: asyncio.TaskGroup) -> None:
        """Run handlers in ``group`` from now on."""
        self._running, self._ending = group, False
        for name in [name for name, waiting in self._waiting.items() if waiting]:
            self._wake(name)

    def end(self) -> None:
        """End the tasks once what waits is handled; a frame is not waited for."""
        self._ending, self._running = True, None
        for name, event in self._wakened.items():
            self._waiting[name] = deque(one for one in self._waiting[name] if one[0] != "frame")
            event.set()

    def _queue(self, queue: str, name: str, event: Mapping[str, Any] | str | bytes) -> None:
        waiting = self._waiting.setdefault(queue, deque())
        if name == "frame" and waiting and waiting[-1][0] == "frame":
            waiting.pop()
        elif len(waiting) >= _MOST_WAITING:
            waiting.popleft()
            if queue not in self._warned:
                self._warned.add(queue)
                log.warning("the handlers of %r are too slow: the oldest events are dropped", queue)
        waiting.append((name, event))
        self._wake(queue)

    def _wake(self, name: str) -> None:
        if (wakened := self._wakened.get(name)) is not None:
            wakened.set()
        elif self._running is not None:
            self._wakened[name] = asyncio.Event()
            self._wakened[name].set()
            self._running.create_task(self._handle(name), name=f"avatar events: {name}")

    async def _handle(self, queue: str) -> None:
        wakened = self._wakened[queue]
        try:
            while True:
                await wakened.wait()
                wakened.clear()
                while self._waiting[queue]:
                    name, event = self._waiting[queue].popleft()
                    await self._call(queue, name, event)
                if self._ending:
                    return
        finally:
            # A new connection begins new tasks.
            self._wakened.pop(queue, None)

    async def _call(self, queue: str, name: str, event: Mapping[str, Any] | str | bytes) -> None:
        whole = object_in(event) if isinstance(event, str | bytes) else event
        if whole is None:
            return
        argument: Any = dict(whole)
        if queue in _DATA_EVENTS:
            data = whole.get("data")
            if isinstance(data, dict):
                # As in the client's own messages.
                data = data.get(queue) or data.get("data")
            argument = EventData(data if isinstance(data, str) else "")
            argument.event = whole
        for handler in list(self._handlers.get(queue, ())):
            try:
                result = handler(argument)
                if inspect.isawaitable(result):
                    await result
            except Exception:
                log.exception("a handler of %r failed; the session goes on", name)
            except (SystemExit, KeyboardInterrupt) as ending:
                # Out of a task it would come twice, the second time in the middle of the loop's own end, and
                # leave open what is closed there.
                asyncio.get_running_loop().call_soon(_end, ending)
                await asyncio.sleep(0)


def _end(ending: BaseException) -> None:
    """Leave the loop, as asyncio lets the program's end through a callback."""
    raise ending
