"""Chat mode of the simulator behind real sockets: text and voice in, real speech out, in every container."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
import pytest

from ravatard.sim.options import ChatOptions, SimOptions
from ravatard.sim.ravatar.chat_socket import NOTHING_HEARD
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.server import SimServer
from ravatard.sim.sound.audio_codec import CONTENT_TYPES, Container, encoded
from ravatard.sim.sound.speech import recorded, voice_of
from ravatard.sim.sound.synthesizer import Synthesizer
from tests.integration.recordings import Samples, correlation
from tests.unit.sim.caller import ADA, quiet, tone, wav, wav_of

pytestmark = pytest.mark.integration

RATE_HZ = 48_000
ANSWER = "I heard you. How interesting!"
OPTIONS = SimOptions(think_s=0.02, licences=0, answers=(ANSWER,))
SPEECH = Synthesizer()


class _Chat:
    """One user of chat mode, with the calls and messages of the vendor's web client."""

    def __init__(self, session: aiohttp.ClientSession, server: SimServer) -> None:
        self.session = session
        self.server = server
        self.user_id = "web-user"
        self.headers: dict[str, str] = {}
        self.common: dict[str, object] = {}
        self._socket: aiohttp.ClientWebSocketResponse

    async def log_in(self) -> None:
        body = {"user_id": self.user_id, "project_id": "demo-1"}
        async with self.session.post("/jwt", json=body) as reply:
            token = (await reply.json())["jwt"]
        self.headers = {"Authorization": f"Bearer {token}"}
        connection = await self.get("/connection")
        self.common = {
            "isLive": False,
            "avatar_id": connection["avatars_info"][0]["_id"],
            "user_id": self.user_id,
            "language": connection["languages"][0]["language_code"],
            "source": "ravatar-api-demo",
            "session": connection["session"],
        }
        self._socket = await self.session.ws_connect(f"/ws/chat?token={token}")
        assert (await self._socket.receive_json(timeout=5))["type"] == "connection"

    async def hang_up(self) -> None:
        await self._socket.close()

    async def get(self, target: str) -> Any:
        async with self.session.get(target, headers=self.headers) as reply:
            assert reply.status == 200
            return await reply.json()

    async def write(self, text: str) -> Any:
        return await self._said({"chat_type": "text", "requestType": "text", "request": text})

    async def speak(self, recording: bytes, **more: object) -> Any:
        sound = base64.b64encode(recording).decode()
        return await self._said(
            {"chat_type": "voice", "requestType": "audio", "file_base64_data": sound, **more}
        )

    async def _said(self, fields: dict[str, object]) -> Any:
        await self._socket.send_json({**self.common, **fields})
        return await self._socket.receive_json(timeout=5)

    async def fetched(self, url: str, **headers: str) -> tuple[int, str, bytes]:
        """Status, type and body of a file; without a token, as an ``<audio>`` element asks for it."""
        async with self.session.get(url, headers=headers) as reply:
            return reply.status, reply.content_type, await reply.read()


@asynccontextmanager
async def _chat(chat: ChatOptions | None = None, options: SimOptions = OPTIONS) -> AsyncIterator[_Chat]:
    cloud = SimCloud(options, key=b"of this test", chat=chat, speak=SPEECH.wav)
    async with SimServer(cloud=cloud) as server, aiohttp.ClientSession(server.base_url) as session:
        one = _Chat(session, server)
        await one.log_in()
        yield one
        await one.hang_up()


def _samples(raw: bytes) -> Samples:
    """What a file sounds like, at 48 kHz, after a tenth of a second of silence."""
    resampler = av.AudioResampler("s16", "mono", RATE_HZ)
    pieces = [np.zeros(RATE_HZ // 10, np.int16)]
    with av.open(io.BytesIO(raw), "r") as file:
        for frame in [*file.decode(audio=0), None]:
            pieces += [even.to_ndarray()[0] for even in resampler.resample(frame)]
    return np.concatenate(pieces)


def _alike(raw: bytes, answer: str) -> float:
    """How much a file sounds like an answer."""
    spoken = np.frombuffer(voice_of(SPEECH.wav(answer)), np.int16)
    assert len(spoken) > RATE_HZ
    return correlation(spoken, _samples(raw))[0]


@pytest.mark.parametrize("container", list(CONTENT_TYPES))
async def test_a_text_is_answered_with_a_file_that_speaks_the_answer(container: Container) -> None:
    async with _chat(ChatOptions(container=container)) as one:
        answer = await one.write("Hello, how are you?")
        status, kind, raw = await one.fetched(answer["fileUrl"])

    assert (answer["answer"], answer["request"]) == (ANSWER, "Hello, how are you?")
    assert (status, kind) == (200, CONTENT_TYPES[container])
    assert answer["fileUrl"].endswith(f".{container}")
    assert _alike(raw, ANSWER) >= 0.9
    assert not one.server.record.violations


@pytest.mark.parametrize("mp4", ["index-last", "film"])
async def test_an_mp4_may_be_an_awkward_one(mp4: Any) -> None:
    async with _chat(ChatOptions(container="mp4", mp4=mp4)) as one:
        answer = await one.write("Hello, how are you?")
        _, kind, raw = await one.fetched(answer["fileUrl"])

    assert kind == ("video/mp4" if mp4 == "film" else "audio/mp4")
    assert _alike(raw, ANSWER) >= 0.9


@pytest.mark.parametrize("container", list(CONTENT_TYPES))
@pytest.mark.parametrize("data_uri", [False, True])
async def test_a_text_is_answered_with_sound_in_the_message(container: Container, data_uri: bool) -> None:
    chat = ChatOptions(sound="inline", container=container, inline_field="audio_base64", data_uri=data_uri)
    async with _chat(chat) as one:
        answer = await one.write("Hello, how are you?")

    head, _, sound = answer["audio_base64"].rpartition(",")
    assert head == (f"data:{CONTENT_TYPES[container]};base64" if data_uri else "")
    assert "fileUrl" not in answer
    assert _alike(base64.b64decode(sound), ANSWER) >= 0.9


@pytest.mark.parametrize("container", ["wav", "webm", "ogg"])
async def test_a_voice_is_answered_aloud(container: Container) -> None:
    sound = wav_of(quiet(0.4) + tone(2.1) + quiet(0.4))
    async with _chat(ChatOptions(container=container)) as one:
        answer = await one.speak(encoded(sound, container))
        _, _, raw = await one.fetched(answer["fileUrl"])

    assert (answer["request"], answer["chat_type"]) == ("(speech, 2.1 s)", "voice")
    assert _alike(raw, ANSWER) >= 0.9


@pytest.mark.parametrize("container", ["wav", "webm", "ogg"])
async def test_silence_is_answered_with_words_of_its_own(container: Container) -> None:
    async with _chat() as one:
        answer = await one.speak(encoded(wav_of(quiet(2.0)), container))
        _, _, raw = await one.fetched(answer["fileUrl"])

    assert answer["answer"] == NOTHING_HEARD
    assert answer["request"] == "(silence, 2.0 s)"
    assert _alike(raw, NOTHING_HEARD) >= 0.9


async def test_speech_of_the_synthesizer_is_heard_as_speech() -> None:
    pcm = np.frombuffer(voice_of(SPEECH.wav("What time is it, please?")), np.int16)[::3].tobytes()
    async with _chat() as one:
        answer = await one.speak(wav_of(pcm))

    heard_s = float(answer["request"].removeprefix("(speech, ").removesuffix(" s)"))
    assert heard_s == pytest.approx(len(pcm) / 32_000, abs=0.6)


async def test_without_a_detector_a_voice_must_be_push_to_talk() -> None:
    async with _chat(options=SimOptions(think_s=0.02, vad_enabled=False)) as one:
        announced = (await one.get("/connection"))["vadEnabled"]
        refused = await one.speak(wav())
        taken = await one.speak(wav(), isPushToTalk=True)

    assert announced is False
    assert refused["message"].startswith("Message refused: isPushToTalk must be true")
    assert taken["type"] == "incoming"


async def test_chat_works_while_live_mode_is_busy() -> None:
    async with _chat() as one:
        async with one.session.post(
            "/startLiveSession", json={"avatar_id": ADA}, headers=one.headers
        ) as reply:
            busy = reply.status
        answer = await one.write("Hello!")

    assert busy == 503
    assert answer["answer"] == ANSWER


async def test_the_history_is_had_page_by_page_with_files_that_can_be_fetched() -> None:
    async with _chat(options=SimOptions(think_s=0.0)) as one:
        for number in range(6):
            await one.write(f"question {number}")
        await one.speak(wav(1.0))
        pages = [await one.get(f"/chat?user_id=web-user&per_page=4&page={page}") for page in range(1, 6)]
        messages = [message for page in reversed(pages) for message in page["payload"]]
        files = [await one.fetched(message["fileUrl"]) for message in messages[1::2]]

    assert [len(page["payload"]) for page in pages] == [4, 4, 4, 2, 0]
    assert [page["has_more_messages"] for page in pages] == [True, True, True, False, False]
    assert [message["direction"] for message in messages] == ["outgoing", "incoming"] * 7
    assert [message["request"] for message in messages[::2]] == [
        *(f"question {number}" for number in range(6)),
        "(speech, 1.0 s)",
    ]
    assert [message["chat_type"] for message in messages[-3:]] == ["text", "voice", "voice"]
    dates = [message["date"] for message in messages]
    assert dates == sorted(dates)
    assert dates[0] > 1_700_000_000_000
    assert {status for status, _, _ in files} == {200}
    assert len({message["_id"] for message in messages}) == 14


@pytest.mark.parametrize("query", ["per_page=0", "per_page=x", "page=0", "page=-1", "per_page=1001"])
async def test_a_history_asked_for_wrongly_is_refused(query: str) -> None:
    async with (
        _chat() as one,
        one.session.get(f"/chat?user_id=web-user&{query}", headers=one.headers) as reply,
    ):
        assert reply.status == 400


async def test_a_slow_file_can_be_played_while_it_downloads() -> None:
    async with _chat(ChatOptions(container="mp3", bytes_per_s=20_000)) as one:
        answer = await one.write("Hello!")
        began = asyncio.get_running_loop().time()
        first_s, heard, raw = 0.0, 0, b""
        async with one.session.get(answer["fileUrl"]) as reply:
            async for piece in reply.content.iter_any():
                raw += piece
                if not heard and len(raw) > 5_000:
                    first_s = asyncio.get_running_loop().time() - began
                    heard = len(_samples(raw))
        whole_s = asyncio.get_running_loop().time() - began

    assert heard > RATE_HZ * 0.3
    assert first_s < whole_s / 2
    assert len(raw) / 20_000 * 0.9 <= whole_s <= len(raw) / 20_000 * 4
    assert _alike(raw, ANSWER) >= 0.9


async def test_a_file_is_whole_whatever_range_a_browser_asks_for() -> None:
    async with _chat() as one:
        answer = await one.write("Hello!")
        status, _, raw = await one.fetched(answer["fileUrl"], Range="bytes=0-")
        _, _, again = await one.fetched(answer["fileUrl"], Range="bytes=1000-2000")

    assert status == 200
    assert raw == again


@pytest.mark.parametrize("fault", ["missing", "truncated", "wrong-type", "huge"])
async def test_a_file_may_be_bad_in_many_ways(fault: Any) -> None:
    async with _chat(ChatOptions(file_fault=fault, huge_bytes=5_000_000)) as one:
        answer = await one.write("Hello!")
        status, kind, raw = await one.fetched(answer["fileUrl"])
        one.server.cloud.shared.spoken.options = ChatOptions()
        _, _, good = await one.fetched(answer["fileUrl"])

    assert {
        "missing": status == 404,
        "truncated": raw == good[: len(good) // 2],
        "wrong-type": (status, kind) == (200, "text/html"),
        "huge": len(raw) == 5_000_000,
    }[fault]
    assert [one.status for one in one.server.record.requests if one.path.startswith("/sim/files/")] == [
        status,
        200,
    ]


async def test_an_address_that_was_never_given_out_is_not_found() -> None:
    async with _chat() as one:
        answer = await one.write("Hello!")
        guessed = answer["fileUrl"][:-5] + ("0" if answer["fileUrl"][-5] != "0" else "1") + ".wav"
        status, _, _ = await one.fetched(guessed)

    assert status == 404


async def test_the_vendors_web_client_plays_what_comes() -> None:
    # Its rule: the text must be there; sound in the message goes first, and counts as WebM unless it is a
    # data: URI; then the file. It takes "date" in seconds here and in milliseconds in the history.
    async with _chat(ChatOptions(container="webm")) as one:
        answer = await one.write("Hello!")
        history = await one.get("/chat?user_id=web-user&per_page=50&page=1")

    assert (answer["type"], answer["direction"]) == ("incoming", "incoming")
    assert isinstance(answer["answer"], str)
    assert answer["date"] == history["payload"][1]["date"] // 1000
    assert answer["fileUrl"] == history["payload"][1]["fileUrl"]


# ------------------------------------------------------------------ the synthesizer, as a process


def _program(folder: Path, does: str) -> str:
    path = folder / "synthesizer"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


def test_what_the_synthesizer_says_is_a_wav_at_48_khz(tmp_path: Path) -> None:
    said = tmp_path / "said.wav"
    said.write_bytes(wav_of(tone(0.5)))

    raw = Synthesizer(_program(tmp_path, f"cat {said}")).wav(ANSWER)

    assert len(_samples(raw)) / RATE_HZ == pytest.approx(0.6, abs=0.01)


def test_the_text_reaches_the_synthesizer_by_its_standard_input(tmp_path: Path) -> None:
    heard = tmp_path / "heard"

    Synthesizer(_program(tmp_path, f"cat > {heard}; echo $* >> {heard}")).wav("--version; \udc80")

    assert heard.read_text() == "--version; ?-s 165 --stdin --stdout\n"


@pytest.mark.parametrize("does", ["exit 1", "echo no sound", "printf RIFF0000WAVEdata", "exec sleep 60"])
def test_a_synthesizer_that_fails_is_replaced_by_a_recording(tmp_path: Path, does: str) -> None:
    synthesizer = Synthesizer(_program(tmp_path, does), deadline_s=0.3)

    assert voice_of(synthesizer.wav(ANSWER)) == recorded(ANSWER)


@pytest.mark.parametrize("text", ["", "  "])
def test_no_text_is_no_work_for_the_synthesizer(tmp_path: Path, text: str) -> None:
    called = tmp_path / "called"

    Synthesizer(_program(tmp_path, f"touch {called}")).wav(text)

    assert not called.exists()
