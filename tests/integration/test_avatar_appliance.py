"""The appliance and a self-hosted AvaTar API: real processes, real sockets, real sound, in every reading."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from ravatard.sim.avatar.options import (
    AvatarSimOptions,
    SimPictureOptions,
    SimTalkOptions,
    SimVoiceOptions,
)
from ravatard.sim.avatar.record import SaidAnswer
from ravatard.sim.avatar.server import AvatarSimServer
from tests.integration import recordings
from tests.integration.aloud_rig import (
    ALOUD,
    Appliance,
    Monitor,
    Recording,
    appliance,
    into_wav,
    likeness,
    pieces_found,
    quiet_room,
    speaker_rig,
)
from tests.integration.daemon import Config
from tests.integration.feeder import feed
from tests.integration.program import until
from tests.integration.recordings import Samples
from tests.integration.virtual_audio import VirtualAudio

pytestmark = pytest.mark.integration

QUICK = SimTalkOptions(think_s=0.1, answers=("I heard you well.", "And once more."))
#: The simulator's frames are dropped by the client all the same.
BASE = AvatarSimOptions(talk=QUICK, picture=SimPictureOptions(frames_per_s=2.0))


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualAudio]:
    """One speaker for all tests of this file."""
    yield from speaker_rig(tmp_path_factory.mktemp("audio"))


def config(server: AvatarSimServer, **avatar: object) -> Config:
    """Settings of an appliance that belongs to ``server``."""
    return {
        "service": {"kind": "avatar", "socket_url": server.socket_url},
        "avatar": {"sole_client": True, **avatar},
    }


def at_48k(pcm: bytes) -> bytes:
    """Sound of 24 kHz at 48 kHz, by a method of its own: band-limited, over the whole length."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.fft.rfft(samples)
    wide = np.zeros(len(samples) + 1, complex)
    wide[: len(spectrum)] = spectrum
    return np.clip(np.fft.irfft(wide, 2 * len(samples)) * 2, -32_768, 32_767).astype("<i2").tobytes()


def at_24k(samples: Samples) -> Samples:
    """Sound of 16 kHz at 24 kHz, by the same method."""
    spectrum = np.fft.rfft(samples.astype(float))
    wide = np.zeros(len(samples) * 3 // 4 + 1, complex)
    wide[: len(spectrum)] = spectrum
    return np.clip(np.fft.irfft(wide, len(samples) * 3 // 2) * 1.5, -32_768, 32_767).astype(np.int16)


def answers(server: AvatarSimServer) -> list[SaidAnswer]:
    """Every spoken answer, oldest first."""
    return [said for session in server.record.sessions for said in session.said]


async def one_answer(server: AvatarSimServer, daemon: Appliance, count: int) -> SaidAnswer:
    """The answer of this number, from 1, once it is said and heard."""
    await until(lambda: [one for one in answers(server)[count - 1 :] if one.ended_at], f"answer {count}", 20)
    await daemon.idle()
    return answers(server)[count - 1]


@pytest.mark.parametrize(
    "voice",
    [
        SimVoiceOptions(),
        SimVoiceOptions(header="first", pace="burst", piece_ms=100),
        SimVoiceOptions(header="none", encoding="url-safe", piece_ms=2_000),
        SimVoiceOptions(header="each", channels=2, rate_hz=48_000, lying_header=True),
        SimVoiceOptions(header="each", rate_hz=8_000, encoding="data-uri"),
    ],
    ids=["each", "first in a burst", "none", "stereo that lies", "8 kHz"],
)
async def test_a_written_question_is_answered_aloud_however_its_sound_is_packed(
    tmp_path: Path, voice: SimVoiceOptions
) -> None:
    recording = Recording(tmp_path)
    async with (
        AvatarSimServer(replace(BASE, voice=voice)) as server,
        appliance(tmp_path, server.api_url, config(server), into_wav(tmp_path)) as daemon,
    ):
        found = []
        for number in (1, 2):
            mark = recording.mark()
            await daemon.say("Hello?")
            said = await one_answer(server, daemon, number)
            found.append(likeness(recording.since(mark), at_48k(said.pcm)))
        report = await daemon.report()
        await daemon.stopped()

    assert min(found) >= (0.95 if voice.rate_hz > 8_000 else 0.85), found
    assert report["counters"]["answers_heard"] == 2, report
    assert server.open_sessions == []
    assert list(server.record.violations) == []


async def test_a_spoken_question_is_heard_and_answered(tmp_path: Path) -> None:
    spoken = np.concatenate([recordings.one_request(0, after_s=6.0), recordings.one_request(3, after_s=3.0)])
    microphone: Config = {"microphone": {"command": feed(recordings.write(tmp_path / "in.wav", spoken))}}
    recording = Recording(tmp_path)
    async with (
        AvatarSimServer(BASE) as server,
        appliance(tmp_path, server.api_url, config(server), microphone, into_wav(tmp_path)) as daemon,
    ):
        said = [await one_answer(server, daemon, number) for number in (1, 2)]
        heard = recording.since(0)
        report = await daemon.report()
        await daemon.stopped()

    turns = [turn for session in server.record.sessions for turn in session.heard]
    assert [turn.outcome for turn in turns] == ["heard", "heard"]
    likenesses = [
        recordings.correlation(np.frombuffer(bytes(turn.pcm), "<i2"), at_24k(spoken))[0] for turn in turns
    ]
    assert min(likenesses) >= 0.99
    assert min(likeness(heard, at_48k(one.pcm)) for one in said) >= 0.95
    assert report["counters"]["answers_heard"] == 2
    assert server.open_sessions == []
    assert list(server.record.violations) == []


def heard_pcm(server: AvatarSimServer) -> list[Samples]:
    """Sound of every turn that the service has heard, 24 kHz."""
    return [
        np.frombuffer(bytes(turn.pcm), "<i2")
        for session in server.record.sessions
        for turn in session.heard
        if turn.outcome == "heard"
    ]


def microphone(folder: Path, spoken: Samples) -> Config:
    """A microphone into which this is said, once."""
    return {"microphone": {"command": feed(recordings.write(folder / "in.wav", spoken))}}


@pytest.mark.parametrize(("sound", "chosen"), [("track", "track"), ("track", "auto"), ("both", "auto")])
async def test_by_webrtc_the_user_is_heard_and_the_avatar_is_played_once(
    tmp_path: Path, sound: Literal["track", "both"], chosen: str
) -> None:
    spoken = recordings.one_request(0, after_s=6.0)
    options = replace(BASE, talk=replace(QUICK, ear="track"), voice=SimVoiceOptions(sound=sound))
    config_of = {"microphone": "track", "sound": chosen}
    recording = Recording(tmp_path)
    async with (
        AvatarSimServer(options) as server,
        appliance(
            tmp_path,
            server.api_url,
            config(server, **config_of),
            microphone(tmp_path, spoken),
            into_wav(tmp_path),
        ) as daemon,
    ):
        said = await one_answer(server, daemon, 1)
        await daemon.idle()
        heard = recording.since(0)
        await daemon.stopped()

    assert [one.text for one in answers(server)] == [QUICK.answers[0]]
    # Opus at 28 kbit/s is no copy.
    assert recordings.correlation(heard_pcm(server)[0], at_24k(spoken))[0] >= 0.94
    assert likeness(heard, at_48k(said.pcm)) >= 0.95
    meant = np.frombuffer(at_48k(said.pcm), "<i2")
    assert np.abs(heard.astype(float)).sum() < 1.3 * np.abs(meant.astype(float)).sum()
    (session,) = server.record.sessions
    assert session.stray_track_frames == 0
    assert session.appends == 0
    assert server.open_sessions == []


async def test_a_service_that_hears_by_track_alone_is_found_out(tmp_path: Path) -> None:
    both = recordings.one_request(2, before_s=1.5, after_s=3.0), recordings.one_request(3, after_s=5.0)
    spoken = np.concatenate(both * 4)
    options = replace(BASE, talk=replace(QUICK, ear="track"))
    async with (
        AvatarSimServer(options) as server,
        appliance(
            tmp_path, server.api_url, config(server), microphone(tmp_path, spoken), into_wav(tmp_path)
        ) as daemon,
    ):
        await until(lambda: heard_pcm(server), "it is heard on the track", 75.0, daemon.story)
        report = await daemon.report()
        await daemon.stopped()

    outcomes = [turn.outcome for session in server.record.sessions for turn in session.heard]
    assert outcomes[:2] == ["deaf", "deaf"]
    assert "track" in json.dumps(report["service"])
    assert "speech by socket brings no answer; trying track" in daemon.stderr


async def test_an_avatar_that_parrots_is_not_played_and_the_track_is_tried(tmp_path: Path) -> None:
    spoken = recordings.one_request(2, before_s=1.5, after_s=10.0)
    recording = Recording(tmp_path)
    async with (
        AvatarSimServer(replace(BASE, talk=replace(QUICK, ear="parrot"))) as server,
        appliance(
            tmp_path, server.api_url, config(server), microphone(tmp_path, spoken), into_wav(tmp_path)
        ) as daemon,
    ):
        await until(lambda: "trying track" in daemon.stderr, "the track is tried", 20.0, daemon.story)
        await daemon.idle()
        heard = recording.since(0)
        await daemon.stopped()

    assert np.count_nonzero(np.abs(heard) > 200) < 48_000 * 0.6
    assert "the avatar repeats what it hears by socket; trying track" in daemon.stderr
    assert server.open_sessions == []


@pytest.mark.parametrize("path", ["socket", "track"])
async def test_muted_nothing_of_the_voice_is_sent_on_any_path(tmp_path: Path, path: str) -> None:
    spoken = recordings.long_speech(20.0)
    async with (
        AvatarSimServer(BASE) as server,
        appliance(
            tmp_path,
            server.api_url,
            config(server, microphone=path),
            microphone(tmp_path, spoken),
            into_wav(tmp_path),
        ) as daemon,
    ):

        def sent() -> tuple[int, int, int]:
            (session,) = server.record.sessions
            return session.appends, session.appended_bytes, session.track_frames

        await until(
            lambda: server.record.sessions and sum(sent()) > 20, "the voice arrives", 20.0, daemon.story
        )
        await daemon.ask(do="mute")
        await daemon.reports(lambda it: it["microphone"]["state"] == "muted", "it is muted")
        # What was on its way has arrived by then, also on a machine that does much else.
        await asyncio.sleep(1.0)
        before = sent()
        await asyncio.sleep(3.0)
        after = sent()
        await daemon.stopped()

    # A decoder conceals what does not come: frames of a track that are not silent are counted apart.
    assert after[:2] == before[:2]
    assert after[2] - before[2] <= 2
    (session,) = server.record.sessions
    assert session.stray_appends == 0
    assert session.stray_track_frames == 0
    if path == "socket":
        assert [turn.outcome for turn in session.heard][-1] == "cleared"


async def test_a_press_silences_the_avatar_here_and_there(tmp_path: Path) -> None:
    long = replace(QUICK, answers=("This is a long answer, " * 6,))
    recording = Recording(tmp_path)
    async with (
        AvatarSimServer(replace(BASE, talk=long)) as server,
        appliance(tmp_path, server.api_url, config(server), into_wav(tmp_path)) as daemon,
    ):
        await daemon.say("Hello?")
        await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks")
        await asyncio.sleep(0.5)
        pressed_at = daemon.now
        await daemon.ask(do="press")
        await until(lambda: answers(server)[0].cut_at is not None, "the service is interrupted", 5.0)
        cut_at = answers(server)[0].cut_at
        mark = recording.mark()
        await asyncio.sleep(2.0)
        heard = recording.since(mark)
        await daemon.stopped()

    assert cut_at is not None
    assert cut_at - pressed_at < 0.5
    assert np.count_nonzero(np.abs(heard) > 200) < 48_000 * 0.3


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://{sockets}/v1", "no AvaTar API answers"),
        ("http://127.0.0.1:9/v1", "cannot reach"),
        ("http://{api}/v2", "no AvaTar API answers"),
    ],
    ids=["the sockets' port", "nothing there", "another version"],
)
async def test_a_wrong_address_is_told_and_costs_nothing(tmp_path: Path, url: str, words: str) -> None:
    async with AvatarSimServer(BASE) as server:
        api = server.api_url.removeprefix("http://").removesuffix("/v1")
        sockets = server.socket_url.removeprefix("ws://").removesuffix("/ws")
        address = url.format(api=api, sockets=sockets)
        async with Appliance(tmp_path, address, quiet_room(tmp_path), config(server)) as daemon:
            if "v2" in url:
                # Its health is beside the version: only a session shows that the rest is not there.
                await daemon.ready()
                await daemon.say("Hello?")
            await until(lambda: words in daemon.stderr, "it is told", 20.0, daemon.story)
            await daemon.stopped()

    assert list(server.record.sessions) == []


async def test_a_session_that_vanishes_in_a_turn_is_replaced_and_the_utterance_said_again_once(
    tmp_path: Path,
) -> None:
    spoken = recordings.one_request(0, after_s=6.0)
    async with (
        AvatarSimServer(BASE) as server,
        appliance(
            tmp_path,
            server.api_url,
            config(server, microphone="socket"),
            microphone(tmp_path, spoken),
            into_wav(tmp_path),
        ) as daemon,
    ):
        await until(
            lambda: server.record.sessions and server.record.sessions[0].appends >= 4, "a word arrives"
        )
        server.core.expire_sessions(asyncio.get_running_loop().time(), "")
        said = await one_answer(server, daemon, 1)
        await daemon.stopped()

    assert said.cause == "voice"
    assert len(server.record.sessions) == 2
    (heard,) = heard_pcm(server)
    likeness_, _ = recordings.correlation(heard, at_24k(spoken))
    assert likeness_ >= 0.99
    # The whole utterance, from its pre-roll on.
    assert len(heard) / 24_000 > 2.0
    assert server.open_sessions == []


async def test_a_real_speaker_plays_an_answer_in_pieces_without_a_gap(
    tmp_path: Path, audio: VirtualAudio
) -> None:
    assert audio.speaker is not None
    voice = SimVoiceOptions(piece_ms=200)
    async with (
        AvatarSimServer(replace(BASE, voice=voice)) as server,
        appliance(tmp_path, server.api_url, config(server), ALOUD, environ=audio.environ({})) as daemon,
        Monitor(audio.speaker) as monitor,
    ):
        asked_at = daemon.now
        await daemon.say("Hello?")
        said = await one_answer(server, daemon, 1)
        await monitor.silent()
        heard = monitor.since(asked_at)
        report = await daemon.report()
        await daemon.stopped()

    # A sound server on a busy machine pauses in mid-word: piece by piece.
    _, alike = pieces_found(heard, np.frombuffer(at_48k(said.pcm), "<i2"))
    assert float(np.median(alike)) >= 0.95
    assert report["counters"]["underruns"] == 0


async def test_by_text_the_words_of_a_recogniser_are_asked_and_no_sound_leaves(tmp_path: Path) -> None:
    spoken = recordings.one_request(0, after_s=6.0)
    uri = f"unix://{tmp_path}/recogniser"
    speech: Config = {"speech_to_text": {"uri": uri}}
    async with (
        scripted_recogniser(tmp_path / "recogniser", "what time is it"),
        AvatarSimServer(BASE) as server,
        appliance(
            tmp_path,
            server.api_url,
            config(server),
            speech,
            microphone(tmp_path, spoken),
            into_wav(tmp_path),
        ) as daemon,
    ):
        said = await one_answer(server, daemon, 1)
        report = await daemon.report()
        await daemon.stopped()

    asked = [one.fields for one in server.record.requests if one.path.endswith("chat.completions")]
    assert asked[0]["messages"] == [{"role": "user", "content": "what time is it"}]
    assert said.cause in ("chat", "speak")
    assert sum(session.appends for session in server.record.sessions) == 0
    assert report["counters"]["answers_heard"] >= 1
    assert server.open_sessions == []


@asynccontextmanager
async def scripted_recogniser(path: Path, words: str) -> AsyncIterator[None]:
    """A recogniser of the Wyoming protocol that understands the same words, whatever is said."""
    from wyoming.asr import Transcript
    from wyoming.event import async_read_event, async_write_event

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (event := await async_read_event(reader)) is not None:
            if event.type == "audio-stop":
                await async_write_event(Transcript(words).event(), writer)
        writer.close()

    server = await asyncio.start_unix_server(serve, str(path))
    async with server:
        yield
