"""Facts about the service for ``ravatard doctor``; those within a session are all found in one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from ravatard.cloud.avatar.live.session_run import worst_of
from ravatard.cloud.avatar.refusals import CallMissing
from ravatard.cloud.avatar.replies import SessionEntry
from ravatard.cloud.avatar.service import AvatarCloud
from ravatard.cloud.kind import ServiceFinding
from ravatard.core.audio_format import CHUNK_BYTES, RATE_HZ, SAMPLE_BYTES
from ravatard.core.events import Answered, NothingSaid, ServiceMessage, TurnFailed
from ravatard.errors import InternalError, RavatardError
from ravatard.ports.cloud import Connection, ServiceCloud

#: Limits of the parts of one examination within a session.
_STATUS_S = 5.0
_EVIDENCE_S = 15.0
_FRAMES_S = 3.0
_LOOK_EVERY_S = 0.1
#: Numbers of /metrics that say something about a delay or a place.
_TOLD = ("active_sessions", "average_latency", "gpu_usage")


def _ours(cloud: ServiceCloud) -> AvatarCloud:
    if not isinstance(cloud, AvatarCloud):
        raise InternalError("another kind of cloud is examined as an AvaTar API")
    return cloud


async def ask_with_key(cloud: ServiceCloud) -> object:
    """Ask for something that needs our key, if the service wants one. Raises RavatardError."""
    return await _ours(cloud).calls.sessions()


async def greet(cloud: ServiceCloud) -> str:
    """Return the service's version in words, "" when it does not say. Raises RavatardError."""
    health = await _ours(cloud).calls.health()
    return f"version {health.version}" if health.version else ""


async def examine_health(cloud: ServiceCloud) -> ServiceFinding:
    """Find out how the service says it is, each part that is not well by name. Raises RavatardError."""
    calls = _ours(cloud).calls
    health = await calls.health()
    try:
        numbers = [f"{name} {value}" for name, value in await calls.metrics() if name in _TOLD]
    except RavatardError:
        # They are details only.
        numbers = []
    about = ", ".join(filter(None, (f"version {health.version}" if health.version else "", *numbers)))
    about = f" ({about})" if about else ""
    unwell = ", ".join(f"{name} is {state}" for name, state in health.unwell)
    if unwell or not health.well:
        return ServiceFinding(
            "warning",
            f"it says that it is {health.status or 'not well'}{about}: {unwell or 'no part is named'}",
            "ask its operator",
        )
    return ServiceFinding("fine", f"the service says that it is {health.status or 'there'}{about}")


async def examine_orphans(cloud: ServiceCloud) -> ServiceFinding:
    """Find sessions that are open and not on our ledger. Raises RavatardError."""
    ours = _ours(cloud)
    try:
        listed = await ours.calls.sessions()
    except CallMissing:
        return ServiceFinding("fine", "the service has no list of sessions")
    known = {entry.id for entry in ours.ledger.owed()}
    others = [entry for entry in listed if entry.session_id not in known]
    intents = len(ours.ledger.intents())
    if not others:
        return ServiceFinding("fine", "every open session is on our list" if listed else "no session is open")
    text = f"the service lists {_count(len(others), 'session')} of other clients ({_ages(others)})"
    if not intents:
        return ServiceFinding("fine", f"{text}; ravatard does not end those")
    return ServiceFinding(
        "warning",
        f"{text}; {_count(intents, 'start')} of ours had no answer and may have left one",
        "`ravatard end-sessions --unknown` ends the one that fits; avatar.sole_client: true does it always",
    )


def _ages(entries: list[SessionEntry]) -> str:
    shown = [_age(entry.duration_s) for entry in entries[:5]]
    return ", ".join(shown) + (" and more" if len(entries) > 5 else "")


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "of unknown age"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


async def try_live(cloud: ServiceCloud, sentence: bytes) -> Mapping[str, ServiceFinding]:
    """Start a session, speak in it, count its frames, and end it; see :data:`ravatard.cloud.kind.TryLive`.

    Raises:
        BusyError, LinkError, DeniedError, PeerError: no session was had.
    """
    ours = _ours(cloud)
    findings: dict[str, ServiceFinding] = {}
    said: list[ServiceMessage] = []
    trouble: RavatardError | None = None
    async with ours.connect() as connection:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(ours.maintain(), name="maintain"),
                    group.create_task(_receive(connection, said), name="receive"),
                ]
                await ours.start_session()
                try:
                    await _examine_session(ours, connection, sentence, said, findings)
                finally:
                    await ours.end_session()
                for task in tasks:
                    task.cancel()
        except* RavatardError as errors:
            trouble = worst_of(errors)
    if trouble is not None and "live" not in findings:
        raise trouble
    return findings


async def _receive(connection: Connection, said: list[ServiceMessage]) -> None:
    async for message in connection.receive():
        said.append(message)


async def _examine_session(
    cloud: AvatarCloud,
    connection: Connection,
    sentence: bytes,
    said: list[ServiceMessage],
    findings: dict[str, ServiceFinding],
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    status = await _soon(lambda: cloud.keeper.status, _STATUS_S)
    state = f"it says {cloud.keeper.status}" if status else "it says nothing by itself"
    findings["live"] = ServiceFinding(
        "fine", f"a session and its socket were open, and ended at once; {state}"
    )
    findings["ear"] = await _examine_ear(cloud, connection, sentence, said)
    await asyncio.sleep(max(0.0, began + _FRAMES_S - loop.time()))
    frames, size = cloud.run.frames.rate(loop.time())
    if not frames:
        findings["frames"] = ServiceFinding("fine", "the service sends no picture")
        return
    findings["frames"] = ServiceFinding(
        "fine",
        f"{frames:.1f} frames/s, {size * 8 / 1e6:.1f} Mbit/s come while a session is open, and are dropped",
    )


async def _examine_ear(
    cloud: AvatarCloud, connection: Connection, sentence: bytes, said: list[ServiceMessage]
) -> ServiceFinding:
    """Say a sentence, and wait for any sign that it was heard."""
    trial = cloud.keeper.learned.trial
    path = trial.path.value
    try:
        for at in range(0, len(sentence), CHUNK_BYTES):
            chunk = sentence[at : at + CHUNK_BYTES]
            await connection.send_audio(chunk)
            await asyncio.sleep(len(chunk) / (RATE_HZ * SAMPLE_BYTES))
        await connection.end_utterance()
    except RavatardError as error:
        return ServiceFinding("broken", f"a sentence could not be sent: {error}", "see section avatar")
    signs = (Answered, NothingSaid, TurnFailed)
    await _soon(lambda: trial.proven or any(isinstance(one, signs) for one in said), _EVIDENCE_S)
    if failed := [one.reason for one in said if isinstance(one, TurnFailed)]:
        return ServiceFinding("broken", f"by {path}: {failed[0]}", "try another avatar.microphone")
    if trial.proven or any(isinstance(one, Answered) for one in said):
        return ServiceFinding(
            "fine", f"a sentence was heard by {path}; avatar.microphone: {path} skips the trial"
        )
    return ServiceFinding(
        "broken",
        f"nothing came of a sentence that was sent by {path}: the service does not hear",
        "try another avatar.microphone; with text, start the recogniser or correct speech_to_text.uri",
    )


async def _soon(condition: Callable[[], object], within_s: float) -> bool:
    """Return True as soon as ``condition`` holds, False when it does not within ``within_s``."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within_s
    # A few seconds of looking are simpler than an event for each of these conditions.
    while not (holds := bool(condition())) and loop.time() < until:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_EVERY_S)
    return holds
