"""The AvaTar API as a cloud, against the simulated service in memory and in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ravatard.cloud.avatar.options import AvatarOptions
from ravatard.cloud.lease import MemoryLedger
from ravatard.core.events import Answered, ServiceHearing, StreamBroke, TurnFailed
from ravatard.core.states import Refusal, VoiceSource
from ravatard.errors import AuthError, BusyError, DeniedError, LinkError, NoSessionError, PeerError, TurnError
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret
from ravatard.sim.avatar.options import (
    SimAccessOptions,
    SimLeaseOptions,
    SimTalkOptions,
    SimTextOptions,
    SimVoiceOptions,
)
from ravatard.sim.avatar.service import AvatarSimService
from tests.unit.cloud.avatar.world import PLAIN, SERVICE, AvatarWorld, speak

TALK = PLAIN.talk


def texts(world: AvatarWorld) -> list[str]:
    """Texts of the answers that had words."""
    return [one.text for one in world.said if isinstance(one, Answered) and one.text]


def failures(world: AvatarWorld) -> list[str]:
    """Reasons of failed turns."""
    return [one.reason for one in world.said if isinstance(one, TurnFailed)]


async def test_connecting_costs_nothing_and_tells_what_the_service_can_do() -> None:
    world = AvatarWorld()

    async with world.connected() as connection:
        await asyncio.sleep(310.0)
        capabilities = connection.capabilities

    assert (capabilities.streams_audio, capabilities.needs_session) == (True, True)
    assert (capabilities.marks_utterances, capabilities.interrupts) == (True, True)
    assert capabilities.voice is VoiceSource.PIECES
    assert list(world.sim.record.sessions) == []
    # One health call to connect, and one a minute.
    assert sum(request.path == "/health" for request in world.sim.record.requests) == 6


async def test_a_spoken_turn_is_heard_and_answered_in_words_and_sound() -> None:
    world = AvatarWorld()

    async with world.connected() as connection:
        await world.cloud.start_session()
        await speak(connection)
        await asyncio.sleep(10.0)

    assert [turn.outcome for turn in world.session.heard] == ["heard"]
    # 6 chunks of 4,096 samples at 16 kHz are 36,864 samples at 24 kHz.
    assert len(world.session.heard[0].pcm) == 2 * 36_864
    assert texts(world) == ["I heard you."]
    (said,) = world.session.said
    assert world.sink.seconds == [pytest.approx(len(said.pcm) / 48_000, abs=0.001)]
    assert world.sink.ended == 1
    assert world.session.how == "client"
    assert world.violations == []
    assert world.ledger.owed() == []


async def test_a_written_turn_is_answered_once_although_it_comes_as_an_event_too() -> None:
    world = AvatarWorld()

    async with world.connected() as connection:
        await world.cloud.start_session()
        await connection.send_text("Hello?")
        await asyncio.sleep(10.0)

    assert texts(world) == ["I heard you."]
    assert len(world.sink.answers) == 1
    assert world.calls("avatar.speak") == 0


@pytest.mark.parametrize("form", ["sse", "json"])
async def test_a_service_that_does_not_speak_by_itself_is_asked_to(form: str) -> None:
    talk = replace(TALK, speaks="client", chat_beside=False)
    text = SimTextOptions(form="sse" if form == "sse" else "json")
    world = AvatarWorld(replace(PLAIN, talk=talk, text=text))

    async with world.connected() as connection:
        await world.cloud.start_session()
        for _ in range(2):
            await connection.send_text("Hello?")
            await asyncio.sleep(12.0)

    assert world.calls("avatar.speak") == 2
    assert [said.cause for said in world.session.said] == ["speak", "speak"]
    assert len(world.sink.answers) == 2
    assert texts(world) == ["I heard you.", "I heard you."]


@pytest.mark.parametrize(
    "text",
    [
        SimTextOptions(blank_lines=True, ending="both", comments=True, line_end="crlf"),
        SimTextOptions(ending="none", cut_bytes=1),
        SimTextOptions(line_end="cr", ending="finish", cut_bytes=7),
        SimTextOptions(form="json", json_shape="response"),
        SimTextOptions(form="json", json_shape="content"),
    ],
)
async def test_every_form_of_a_text_is_read(text: SimTextOptions) -> None:
    world = AvatarWorld(replace(PLAIN, talk=replace(TALK, chat_beside=False), text=text))

    async with world.connected() as connection:
        await world.cloud.start_session()
        await connection.send_text("Hello?")
        await asyncio.sleep(10.0)

    assert texts(world) == ["I heard you."]


async def test_an_error_in_the_middle_of_a_text_fails_the_turn_and_keeps_the_session() -> None:
    world = AvatarWorld(
        replace(PLAIN, talk=replace(TALK, chat_beside=False), text=SimTextOptions(trouble="error"))
    )

    async with world.connected() as connection:
        await world.cloud.start_session()
        await connection.send_text("Hello?")
        await asyncio.sleep(10.0)
        open_then = len(world.sim.record.open_sessions)

    assert len(failures(world)) == 1
    assert texts(world) == []
    assert open_then == 1


async def test_an_interruption_reaches_the_service_and_the_rest_is_not_played() -> None:
    long = replace(TALK, answers=("This is a long answer, which nobody wants to hear to its end.",))
    world = AvatarWorld(replace(PLAIN, talk=long))

    async with world.connected() as connection:
        await world.cloud.start_session()
        await connection.send_text("Hello?")
        await asyncio.sleep(1.5)
        await connection.interrupt()
        heard_s = world.sink.seconds[0]
        await asyncio.sleep(5.0)

    (said,) = world.session.said
    assert said.cut_at is not None
    assert world.sink.seconds == [heard_s]
    assert heard_s < len(said.pcm) / 48_000


async def test_an_interruption_that_the_service_ignores_is_silent_all_the_same() -> None:
    talk = replace(TALK, answers=("This is a long answer, nobody wants to hear it.",), obeys_interrupt=False)
    world = AvatarWorld(replace(PLAIN, talk=talk))

    async with world.connected() as connection:
        await world.cloud.start_session()
        await connection.send_text("Hello?")
        await asyncio.sleep(1.5)
        await connection.interrupt()
        heard_s = world.sink.seconds[0]
        await asyncio.sleep(2.0)
        after_s = world.sink.seconds

    assert after_s == [heard_s]


async def test_a_cancelled_utterance_is_forgotten_by_the_service() -> None:
    world = AvatarWorld()

    async with world.connected() as connection:
        await world.cloud.start_session()
        for _ in range(4):
            await connection.send_audio(bytes(8_192))
        await connection.cancel_utterance()
        await asyncio.sleep(5.0)

    assert [turn.outcome for turn in world.session.heard] == ["cleared"]
    assert list(world.said) == []


async def test_without_a_session_nothing_can_be_sent() -> None:
    world = AvatarWorld()

    async with world.connected() as connection:
        with pytest.raises(NoSessionError):
            await connection.send_audio(bytes(8_192))
        with pytest.raises(NoSessionError):
            await connection.send_text("Hello?")


async def test_a_session_that_vanishes_in_a_turn_is_told_as_expired() -> None:
    world = AvatarWorld(replace(PLAIN, lease=SimLeaseOptions(lifetime_s=20.0)))

    async with world.connected() as connection:
        await world.cloud.start_session()
        await asyncio.sleep(19.5)
        await connection.send_audio(bytes(8_192))
        await asyncio.sleep(2.0)
        first = list(world.said)
        await world.cloud.end_session(gone=True)
        await world.cloud.start_session()
        await speak(connection)
        await asyncio.sleep(5.0)

    assert [one.refusal for one in first if isinstance(one, StreamBroke)] == [Refusal.EXPIRED]
    assert len(world.sim.record.sessions) == 2
    assert texts(world) == ["I heard you."]
    assert world.calls("streaming.stop") == 2


@pytest.mark.parametrize("code", [4404, 4408, 4409, 4410])
async def test_a_socket_that_is_closed_as_gone_still_stops_its_session(code: int) -> None:
    world = AvatarWorld()

    async with world.connected():
        await world.cloud.start_session()
        world.network.drop_sockets(code)
        await asyncio.sleep(2.0)
        open_then = len(world.sim.record.open_sessions)
        await world.cloud.end_session(gone=True)

    assert [one.refusal for one in world.said if isinstance(one, StreamBroke)] == [Refusal.EXPIRED]
    assert open_then == 0
    assert world.calls("streaming.stop") == 1


@pytest.mark.parametrize("code", [1008, 4001, 4003, 4401, 4403])
async def test_a_socket_that_is_closed_for_want_of_a_key_is_told_and_does_not_end_the_link(code: int) -> None:
    world = AvatarWorld()

    async with world.connected():
        await world.cloud.start_session()
        await asyncio.sleep(1.0)
        world.network.drop_sockets(code)
        await asyncio.sleep(5.0)

    assert world.trouble is None
    assert [one.refusal for one in world.said if isinstance(one, StreamBroke)] == [Refusal.DENIED]
    assert world.sim.record.open_sessions == []


@pytest.mark.parametrize("farewell", ["error", "close", "silent"])
async def test_a_session_that_ends_without_a_word_is_noticed(farewell: str) -> None:
    lease = SimLeaseOptions(lifetime_s=200.0, farewell="silent" if farewell == "silent" else "close")
    world = AvatarWorld(replace(PLAIN, lease=lease))

    async with world.connected():
        await world.cloud.start_session()
        await asyncio.sleep(330.0)

    (broke,) = [one for one in world.said if isinstance(one, StreamBroke)]
    # Nothing was sent in it: only what is certain makes the core forget it.
    assert (broke.refusal, broke.certain) == (Refusal.EXPIRED, True)


async def test_a_lost_socket_comes_back_in_the_same_session() -> None:
    world = AvatarWorld()

    async with world.connected() as connection:
        await world.cloud.start_session()
        await asyncio.sleep(30.0)
        world.network.drop_sockets()
        await asyncio.sleep(5.0)
        await speak(connection)
        await asyncio.sleep(5.0)

    assert len(world.sim.record.sessions) == 1
    assert world.session.sockets == 2
    assert texts(world) == ["I heard you."]


async def test_an_utterance_is_not_continued_on_another_socket() -> None:
    world = AvatarWorld()

    async with world.connected() as connection:
        await world.cloud.start_session()
        await connection.send_audio(bytes(8_192))
        world.network.drop_sockets()
        await asyncio.sleep(5.0)
        with pytest.raises(TurnError, match="in the middle"):
            await connection.send_audio(bytes(8_192))
        await connection.cancel_utterance()
        await speak(connection)
        await asyncio.sleep(5.0)

    assert texts(world) == ["I heard you."]


async def test_a_socket_that_does_not_come_back_ends_the_session_and_the_link() -> None:
    world = AvatarWorld()

    async with world.connected():
        await world.cloud.start_session()
        world.network.sockets_down = True
        world.network.drop_sockets()
        await asyncio.sleep(30.0)
        ended = world.session.stopped_at

    assert ended is not None
    assert isinstance(world.trouble, LinkError)
    assert [one.refusal for one in world.said if isinstance(one, StreamBroke)] == [Refusal.EXPIRED]


async def test_a_socket_that_comes_back_and_closes_every_time_is_not_said_to_have_stayed_away() -> None:
    world = AvatarWorld()

    async with world.connected():
        await world.cloud.start_session()
        for _ in range(60):
            await asyncio.sleep(0.5)
            world.network.drop_sockets(1011)

    assert isinstance(world.trouble, LinkError)
    assert "the socket did not stay open for 15 s" in str(world.trouble)


async def test_a_socket_that_never_opens_leaves_no_session() -> None:
    world = AvatarWorld()

    async with world.connected():
        world.network.sockets_down = True
        with pytest.raises(LinkError, match="socket"):
            await world.cloud.start_session()
        await asyncio.sleep(1.0)
        open_then = len(world.sim.record.open_sessions)

    assert open_then == 0
    assert len(world.sim.record.sessions) == 1


async def test_a_service_that_stops_answering_is_offline_after_two_failures() -> None:
    world = AvatarWorld()

    async with world.connected():
        await asyncio.sleep(10.0)
        world.network.down = True
        await asyncio.sleep(120.0)

    assert isinstance(world.trouble, BaseExceptionGroup)


@pytest.mark.parametrize(
    ("access", "key"),
    [
        (SimAccessOptions(auth="api_key"), "sim-key"),
        (SimAccessOptions(auth="api_key", socket_auth="api_key"), "sim-key"),
        (SimAccessOptions(socket_auth="header"), None),
        (SimAccessOptions(socket_auth="query"), None),
        (SimAccessOptions(socket_auth="query", socket_refusal="close"), None),
        (SimAccessOptions(socket_auth="api_key", socket_refusal="close"), "sim-key"),
        (SimAccessOptions(auth="access_token"), None),
    ],
)
async def test_every_way_to_prove_who_we_are(access: SimAccessOptions, key: str | None) -> None:
    service = replace(SERVICE, api_key=Secret(key) if key else None, base_url="http://localhost:8000/v1")
    world = AvatarWorld(replace(PLAIN, access=access), service)

    async with world.connected() as connection:
        await world.cloud.start_session()
        await speak(connection)
        await connection.send_text("Hello?")
        await asyncio.sleep(10.0)

    assert texts(world) != []
    assert world.sim.record.open_sessions == []


async def test_a_key_that_is_missing_or_wrong_is_told() -> None:
    access = SimAccessOptions(auth="api_key")
    service = replace(SERVICE, base_url="http://localhost:8000/v1")

    missing = AvatarWorld(replace(PLAIN, access=access), service)
    async with missing.connected():
        with pytest.raises(AuthError, match=r"the service wants service\.api_key"):
            await missing.cloud.start_session()

    wrong = AvatarWorld(replace(PLAIN, access=access), replace(service, api_key=Secret("another")))
    async with wrong.connected():
        with pytest.raises(AuthError, match=r"check service\.api_key"):
            await wrong.cloud.start_session()
    assert missing.ledger.owed() == wrong.ledger.owed() == []


async def test_a_key_is_not_sent_over_the_public_network_in_the_clear() -> None:
    service = replace(SERVICE, api_key=Secret("k"), base_url="http://avatar.example.org/v1")
    refused = AvatarWorld(PLAIN, service)
    allowed = AvatarWorld(PLAIN, service, AvatarOptions(plain_key=True))

    with pytest.raises(DeniedError, match=r"avatar\.plain_key"):
        async with refused.cloud.connect():
            raise AssertionError("it was connected")
    async with allowed.connected():
        await allowed.cloud.start_session()

    assert list(refused.sim.record.requests) == []


async def test_no_more_sessions_are_asked_for_than_are_allowed() -> None:
    world = AvatarWorld()
    refused = 0

    async with world.connected():
        for _ in range(12):
            try:
                await world.cloud.start_session()
            except BusyError:
                refused += 1
            await world.cloud.end_session()

    assert refused > 0
    assert world.sim.record.refusals["RATE_LIMIT_EXCEEDED"] == 0
    assert len(world.sim.record.sessions) == 12 - refused


async def test_a_full_service_is_busy_and_leaves_nothing_on_the_ledger() -> None:
    world = AvatarWorld(replace(PLAIN, lease=SimLeaseOptions(capacity=0)))

    async with world.connected():
        with pytest.raises(BusyError):
            await world.cloud.start_session()

    assert world.ledger.owed() == []


@pytest.mark.parametrize("ids", ["slash", "huge"])
async def test_odd_session_ids_leave_no_session(ids: str) -> None:
    world = AvatarWorld(replace(PLAIN, lease=SimLeaseOptions(ids="slash" if ids == "slash" else "huge")))

    async with world.connected() as connection:
        if ids == "huge":
            with pytest.raises(PeerError, match="1000000 characters"):
                await world.cloud.start_session()
        else:
            await world.cloud.start_session()
            await speak(connection)
            await asyncio.sleep(5.0)

    assert world.sim.record.open_sessions == []
    assert texts(world) == (["I heard you."] if ids == "slash" else [])


async def test_a_parrot_is_noticed_and_interrupted() -> None:
    talk = replace(TALK, ear="parrot")
    world = AvatarWorld(replace(PLAIN, talk=talk), avatar=AvatarOptions(microphone="socket"))

    async with world.connected() as connection:
        await world.cloud.start_session()
        await speak(connection, 8)
        await asyncio.sleep(10.0)

    assert world.sink.seconds[0] <= 0.5
    assert [one.deaf for one in world.said if isinstance(one, ServiceHearing)] == [True]
    assert len(failures(world)) == 1


async def test_a_service_that_hears_nothing_is_told_after_two_turns() -> None:
    deaf = replace(PLAIN, talk=replace(TALK, ear="none"))
    world = AvatarWorld(deaf, avatar=AvatarOptions(microphone="socket"))

    async with world.connected() as connection:
        await world.cloud.start_session()
        for _ in range(3):
            await speak(connection, 8)
            await asyncio.sleep(20.0)
        details = dict(world.cloud.details())

    # After the second turn, and again after the third.
    assert [one.deaf for one in world.said if isinstance(one, ServiceHearing)] == [True, True]
    assert details["voice by"] == "socket (not heard by the service)"


async def test_a_microphone_that_is_off_sends_nothing() -> None:
    world = AvatarWorld(avatar=AvatarOptions(microphone="off"))

    async with world.connected() as connection:
        await world.cloud.start_session()
        with pytest.raises(TurnError, match="off"):
            await connection.send_audio(bytes(8_192))
        await connection.send_text("Hello?")
        await asyncio.sleep(5.0)

    assert world.session.appends == 0
    assert texts(world) == ["I heard you."]


async def test_the_other_format_is_tried_when_the_sound_is_not_understood() -> None:
    world = AvatarWorld(replace(PLAIN, voice=SimVoiceOptions(upload="wav")))

    async with world.connected() as connection:
        await world.cloud.start_session()
        for _ in range(3):
            await speak(connection)
            await asyncio.sleep(8.0)

    assert texts(world)[-1:] == ["I heard you."]
    assert world.session.heard[-1].outcome == "heard"


@pytest.mark.parametrize("while_speaking", ["refuse", "interrupt", "accept"])
async def test_speaking_into_an_answer_is_heard(while_speaking: str) -> None:
    long = ("This is a long answer, which goes on and on, for quite some time.", "Yes.")
    talk = SimTalkOptions(
        think_s=0.2,
        answers=long,
        while_speaking="refuse" if while_speaking == "refuse" else "accept",
    )
    world = AvatarWorld(replace(PLAIN, talk=talk))

    async with world.connected() as connection:
        await world.cloud.start_session()
        await connection.send_text("Hello?")
        await asyncio.sleep(1.5)
        await connection.interrupt()
        await speak(connection)
        await asyncio.sleep(8.0)

    assert texts(world) == [long[0], "Yes."]
    assert len(world.sink.answers) == 2


async def test_sessions_of_an_earlier_run_are_ended_at_their_service() -> None:
    sim = AvatarSimService(PLAIN)
    first = AvatarWorld(sim)
    async with first.cloud.opened(), first.cloud.connect():
        async with asyncio.TaskGroup() as group:
            maintaining = group.create_task(first.cloud.maintain())
            await first.cloud.start_session()
            left = first.ledger.owed()
            ledger = MemoryLedger()
            for one in left:
                ledger.add(one)
            second = AvatarWorld(sim, ledger=ledger)
            async with second.cloud.opened():
                await asyncio.sleep(5.0)
            maintaining.cancel()

    assert ledger.owed() == []
    assert sim.record.open_sessions == []


@pytest.mark.parametrize("sole", [True, False])
async def test_a_start_without_an_answer_is_looked_for_in_the_list(
    sole: bool, caplog: pytest.LogCaptureFixture
) -> None:
    sim = AvatarSimService(PLAIN)
    ledger = MemoryLedger()
    world = AvatarWorld(sim, avatar=AvatarOptions(sole_client=sole), ledger=ledger)
    async with world.cloud.opened(), world.cloud.connect():
        # A run that was killed between request and answer: the session is there, and nobody knows its id.
        other = AvatarWorld(sim)
        async with other.cloud.opened(), other.cloud.connect():
            async with asyncio.TaskGroup() as group:
                maintaining = group.create_task(other.cloud.maintain())
                await other.cloud.start_session()
                now = asyncio.get_running_loop().time()
                ledger.add(
                    OwedSession("avatar", Secret(f"{1_000_000 + now:.3f}"), SERVICE.base_url, "intent")
                )
                settling = group.create_task(world.cloud.maintain())
                await asyncio.sleep(5.0)
                open_then = len(sim.record.open_sessions)
                intents = len(ledger.owed())
                settling.cancel()
                maintaining.cancel()

    assert (open_then, intents) == ((0, 0) if sole else (1, 1))
    assert ("--unknown" in caplog.text) is not sole


async def test_questions_about_what_the_service_does_not_have_are_answered_in_a_sentence() -> None:
    world = AvatarWorld()

    with pytest.raises(DeniedError, match="no list of avatars"):
        await world.cloud.about()
    with pytest.raises(DeniedError, match="no list of earlier"):
        world.cloud.history()


async def test_the_same_words_may_answer_two_turns() -> None:
    world = AvatarWorld(replace(PLAIN, voice=SimVoiceOptions(sound="none")))

    async with world.connected() as connection:
        await world.cloud.start_session()
        for _ in range(2):
            await connection.send_text("Hello?")
            await asyncio.sleep(3.0)

    assert texts(world) == ["I heard you.", "I heard you."]


async def test_a_session_that_is_gone_when_the_link_comes_back_is_told_as_expired() -> None:
    world = AvatarWorld()
    async with world.cloud.opened():
        async with world.cloud.connect():
            async with asyncio.TaskGroup() as group:
                maintaining = group.create_task(world.cloud.maintain())
                await world.cloud.start_session()
                maintaining.cancel()
        world.sim.expire_sessions(asyncio.get_running_loop().time(), "")
        async with world.cloud.connect() as connection, asyncio.TaskGroup() as group:
            maintaining = group.create_task(world.cloud.maintain())
            async with asyncio.timeout(5.0):
                said = await anext(aiter(connection.receive()))
            maintaining.cancel()

    assert isinstance(said, StreamBroke)
    assert said.refusal is Refusal.EXPIRED
    assert world.calls("streaming.stop") == 1


async def test_a_flood_of_messages_that_come_together_waits_no_longer_than_one_of_single_ones() -> None:
    world = AvatarWorld()
    async with world.connected():
        await world.cloud.start_session()
        run, loop = world.cloud.run, asyncio.get_running_loop()
        began = loop.time()
        for _ in range(50):
            await run._message('{"type":"status","status":"dancing"}\n' * 40)

        took_s = loop.time() - began

    assert took_s == pytest.approx(5.0, abs=0.1)


async def test_a_flood_of_messages_waits_in_the_socket() -> None:
    world = AvatarWorld()
    async with world.connected():
        await world.cloud.start_session()
        run, loop = world.cloud.run, asyncio.get_running_loop()
        began = loop.time()
        for _ in range(2_000):
            await run._message('{"type":"status","status":"dancing"}')

        took_s = loop.time() - began

    assert took_s == pytest.approx(5.0, abs=0.1)


async def test_unknown_and_malformed_messages_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    world = AvatarWorld()
    async with world.connected() as connection:
        await world.cloud.start_session()
        for message in (
            "",
            "[]",
            "null",
            "{",
            '{"type":"party"}',
            '{"type":"audio"}',
            b"\xff\x00",
            "x" * 5_000,
        ):
            await world.cloud.run._message(message)
        await speak(connection)
        await asyncio.sleep(5.0)

    assert texts(world) == ["I heard you."]
    assert "something that is no message" in caplog.text
    assert caplog.text.count("something that is no message") < 8
