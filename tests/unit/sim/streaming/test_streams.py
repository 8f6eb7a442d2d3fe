"""What is said in which session, and who may watch it. Sockets and media: integration/test_streaming.py."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.sim.exchange import Request
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.sound.speech import Speech, recorded
from ravatard.sim.streaming.options import SimStreamOptions, StreamFaults
from ravatard.sim.streaming.streams import Streams
from tests.unit.sim.caller import Caller, quiet, tone

TEXT = "That was clear. Please go on."


def _streaming(
    cloud: SimCloud, options: SimStreamOptions | None = None, faults: StreamFaults | None = None
) -> Streams:
    return Streams(cloud.shared, options, faults=faults, speech=Speech(None))


def _cloud(think_s: float = 0.5) -> SimCloud:
    return SimCloud(SimOptions(think_s=think_s, answers=(TEXT,)))


async def test_an_answer_in_a_live_session_is_spoken() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud) as streaming:
        licence = caller.start()
        line = caller.line()
        caller.send(line, caller.text(isLive=True, LicenseId=licence))
        line.due(0.5)
        await asyncio.sleep(0.1)

        (spoken,) = streaming.said(licence)
        assert (spoken.text, spoken.pcm) == (TEXT, recorded(TEXT))


async def test_an_answer_in_chat_mode_is_not_spoken() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud) as streaming:
        licence = caller.start()
        line = caller.line()
        caller.send(line, caller.text())
        line.due(0.5)
        await asyncio.sleep(0.1)

        assert streaming.said(licence) == []


async def test_whoever_speaks_again_cuts_the_answer_off() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud, SimStreamOptions(cut_ms=200)) as streaming:
        licence = caller.start()
        line = caller.line()
        streaming.speak(licence, TEXT)
        await asyncio.sleep(0.1)
        caller.speak(line, licence, quiet(0.5) + tone(1.0))

        (spoken,) = streaming.said(licence)
        assert spoken.cut
        assert spoken.end_sample == 48_000 * 3 // 10


async def test_an_answer_whose_sound_is_not_ready_when_the_user_speaks_is_not_said() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud) as streaming:
        licence = caller.start()
        streaming.speak(licence, TEXT)
        streaming.listed(None)
        streaming.interrupt(licence)
        await asyncio.sleep(0.1)

        assert streaming.said(licence) == []


async def test_an_answer_may_be_said_to_its_end() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud, SimStreamOptions(cut_ms=-1)) as streaming:
        licence = caller.start()
        streaming.speak(licence, TEXT)
        await asyncio.sleep(0.1)
        streaming.interrupt(licence)

        assert not streaming.said(licence)[0].cut


async def test_nothing_is_said_in_sessions_that_are_over_or_never_were() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud) as streaming:
        licence = caller.start()
        streaming.speak(licence, TEXT)
        caller.end(licence)
        for gone in (licence, "another"):
            streaming.speak(gone, TEXT)
            streaming.interrupt(gone)
            streaming.ended(gone)
        await asyncio.sleep(0.1)

        assert streaming.said(licence) == streaming.said("another") == []


async def test_open_sessions_are_listed_and_a_cookie_shows_its_own_alone() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud) as streaming:
        first = caller.start()
        caller.start()
        both = streaming.listed(None)
        mine = streaming.listed(both[1])
        caller.end(first)

        assert [one.streamer_id for one in both] == ["Streamer1", "Streamer2"]
        assert mine == [both[1]]
        assert streaming.listed(None) == [both[1]]
        assert streaming.listed(both[0]) == []


async def test_streamers_may_be_missing_at_first_and_after_a_restart() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud, faults=StreamFaults(empty_lists=1)) as streaming:
        caller.start()
        lists = [len(streaming.listed(None)) for _ in range(2)]
        streaming.restart(2.0)
        lists.append(len(streaming.listed(None)))
        await asyncio.sleep(2.0)
        lists.append(len(streaming.listed(None)))

        assert lists == [0, 1, 0, 1]


async def test_a_subscription_is_refused_in_the_servers_words() -> None:
    caller = Caller(_cloud())
    options = SimStreamOptions(max_players=1)
    async with _streaming(caller.cloud, options, StreamFaults(refusals=1)) as streaming:
        caller.start()
        (streamer,) = streaming.listed(None)
        words = [streaming.refusal("Streamer1", streamer) for _ in range(2)]
        streamer.players = 1
        words += [streaming.refusal("Streamer1", streamer), streaming.refusal("X", None)]

        assert words == [
            "Streamer Streamer1 does not exist.",
            "",
            "Streamer Streamer1 is full. Max players = 1.",
            "Streamer X does not exist.",
        ]


async def test_what_fails_beside_the_house_comes_out_as_it_is() -> None:
    cloud = _cloud()

    with pytest.raises(LookupError):
        async with _streaming(cloud):
            raise LookupError


async def test_the_sound_of_sessions_long_past_is_forgotten() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud) as streaming:
        licences = []
        for _ in range(30):
            licences.append(caller.start())
            streaming.listed(None)
            caller.end(licences[-1])

        assert list(streaming.streamers) == licences[-20:]


async def test_a_house_that_is_closed_leaves_a_service_without_a_voice() -> None:
    caller = Caller(_cloud())
    async with _streaming(caller.cloud):
        licence = caller.start()

    caller.cloud.shared.voice.speak(licence, TEXT)
    assert caller.cloud.shared.voice.page(caller.cloud.record.sessions[0], Request.of("GET", "/", {})) is None
