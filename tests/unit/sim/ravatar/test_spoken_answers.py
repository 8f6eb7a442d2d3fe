from __future__ import annotations

import base64
import re
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.errors import RavatardError
from ravatard.sim.options import ChatOptions, KeepOptions
from ravatard.sim.ravatar.record import Record
from ravatard.sim.ravatar.spoken_answers import SpokenAnswers
from ravatard.sim.sound.audio_codec import CONTENT_TYPES, Container
from ravatard.sim.tokens import TokenMint
from tests.unit.sim.caller import wav

ORIGIN = "http://simulator.test:8480"
SOUND = wav(0.5)
FILE_BYTES = len(SOUND)


class _Voice:
    """Says the same whatever it is given, and remembers it."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, text: str) -> bytes:
        self.said.append(text)
        return SOUND


def _spoken(voice: _Voice | None = None, **options: object) -> SpokenAnswers:
    chosen = ChatOptions(**options)  # type: ignore[arg-type] # one keyword at a time
    mint = TokenMint(b"a simulated cloud", 60.0)
    return SpokenAnswers(chosen, voice or _Voice(), mint.label, Record(KeepOptions()))


def _path(spoken: SpokenAnswers, answer: str = "Hello!") -> str:
    url = spoken.sound_of(answer, ORIGIN).sent["fileUrl"]
    return str(url).removeprefix(ORIGIN)


def test_an_answer_may_be_text_alone() -> None:
    sound = _spoken(sound="text").sound_of("Hello!", ORIGIN)

    assert (sound.sent, sound.kept) == ({}, {})


def test_a_file_is_at_an_address_that_nobody_guesses_and_a_browser_knows_by_its_end() -> None:
    spoken = _spoken(container="mp3")

    first, second = spoken.sound_of("Hello!", ORIGIN), spoken.sound_of("Hello!", ORIGIN)

    address = re.fullmatch(ORIGIN + r"/sim/files/([0-9a-f]{32})\.mp3", str(first.sent["fileUrl"]))
    assert address is not None
    assert first.kept == first.sent != second.sent


@pytest.mark.parametrize("container", list(CONTENT_TYPES))
def test_a_file_is_served_as_what_it_is(container: Container) -> None:
    spoken = _spoken(container=container)

    reply = spoken.file(_path(spoken))

    assert (reply.status, reply.headers["content-type"]) == (200, CONTENT_TYPES[container])
    assert reply.headers["accept-ranges"] == "none"
    assert reply.delivery.pieces == 1


def test_sound_is_made_when_it_is_asked_for_and_once() -> None:
    voice = _Voice()
    spoken = _spoken(voice)
    path = _path(spoken, "Hello!")

    before = list(voice.said)
    replies = [spoken.file(path) for _ in range(3)]

    assert (before, voice.said) == ([], ["Hello!"])
    assert [reply.body for reply in replies] == [SOUND] * 3


def test_of_many_files_the_sound_of_the_last_few_asked_for_is_kept() -> None:
    voice = _Voice()
    spoken = _spoken(voice)
    paths = [_path(spoken, str(number)) for number in range(17)]
    for path in paths:
        spoken.file(path)

    spoken.file(paths[16])
    spoken.file(paths[0])

    assert voice.said == [*(str(number) for number in range(17)), "0"]


def test_the_files_of_the_oldest_answers_are_gone() -> None:
    spoken = _spoken()
    oldest = _path(spoken)
    newer = [_path(spoken) for _ in range(10_000)]

    assert spoken.file(oldest).status == 404
    assert spoken.file(newer[0]).status == 200


@pytest.mark.parametrize(
    "name", ["", "x", "../state", "0" * 32, f"{'0' * 32}.wav", f"{'0' * 32}.exe", f"{'0' * 32}.wav/x"]
)
def test_what_is_no_file_is_not_found(name: str) -> None:
    assert _spoken().file(f"/sim/files/{name}").status == 404


def test_a_file_is_not_to_be_had_under_another_type() -> None:
    spoken = _spoken()

    assert spoken.file(_path(spoken).replace(".wav", ".mp3")).status == 404


@given(name=st.text())
@settings(deadline=None)
def test_any_name_is_not_found(name: str) -> None:
    assert _spoken().file(f"/sim/files/{name}").status == 404


def test_a_file_keeps_its_container_when_the_options_change() -> None:
    spoken = _spoken()
    path = _path(spoken)

    spoken.options = replace(spoken.options, container="ogg")

    assert spoken.file(path).headers["content-type"] == "audio/wav"
    assert _path(spoken).endswith(".ogg")


@pytest.mark.parametrize("name", ["file_base64_data", "audio_base64"])
def test_sound_may_be_in_the_message(name: str) -> None:
    sound = _spoken(sound="inline", inline_field=name).sound_of("Hello!", ORIGIN)

    assert base64.b64decode(str(sound.sent[name])) == SOUND
    assert sound.kept == {}


def test_sound_in_a_message_may_say_its_type() -> None:
    sound = _spoken(sound="inline", data_uri=True, container="ogg").sound_of("Hello!", ORIGIN)

    head, _, encoded = str(sound.sent["file_base64_data"]).partition(",")
    assert head == "data:audio/ogg;base64"
    assert base64.b64decode(encoded).startswith(b"OggS")


@pytest.mark.parametrize(("rate", "pieces"), [(100_000_000, 1), (FILE_BYTES, 200), (100, FILE_BYTES * 2)])
def test_a_slow_file_comes_in_pieces_5_ms_apart(rate: int, pieces: int) -> None:
    spoken = _spoken(bytes_per_s=rate)

    assert spoken.file(_path(spoken)).delivery.pieces == pieces


def test_a_missing_file_is_not_found() -> None:
    spoken = _spoken(file_fault="missing")

    assert spoken.file(_path(spoken)).status == 404


def test_a_truncated_file_ends_in_its_middle() -> None:
    spoken = _spoken(file_fault="truncated")

    assert spoken.file(_path(spoken)).body == SOUND[: FILE_BYTES // 2]


def test_a_file_of_the_wrong_type_is_a_web_page() -> None:
    spoken = _spoken(file_fault="wrong-type")

    reply = spoken.file(_path(spoken))

    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert reply.body.startswith(b"<!doctype html>")


def test_a_huge_file_is_as_huge_as_was_asked() -> None:
    spoken = _spoken(file_fault="huge", huge_bytes=1_000_000)

    reply = spoken.file(_path(spoken))

    assert (len(reply.body), reply.body[:FILE_BYTES]) == (1_000_000, SOUND)


def test_a_fault_ends_when_the_options_say_so() -> None:
    spoken = _spoken(file_fault="truncated")
    path = _path(spoken)
    spoken.file(path)

    spoken.options = ChatOptions()

    assert spoken.file(path).body == SOUND


class _Mute:
    """A voice that cannot."""

    def __call__(self, text: str) -> bytes:
        raise RavatardError(f"{text!r} cannot be said")


def test_an_answer_whose_sound_cannot_be_made_is_still_an_answer() -> None:
    record = Record(KeepOptions())
    spoken = SpokenAnswers(ChatOptions(sound="inline"), _Mute(), str.upper, record)

    assert spoken.sound_of("Hello!", ORIGIN).sent == {}
    assert record.counts["answers_without_sound"] == 1


def test_a_file_whose_sound_cannot_be_made_is_a_failure_of_the_service() -> None:
    mint = TokenMint(b"a simulated cloud", 60.0)
    spoken = SpokenAnswers(ChatOptions(), _Mute(), mint.label, Record(KeepOptions()))

    assert spoken.file(_path(spoken)).status == 500


def test_a_container_that_needs_pyav_is_refused_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(RavatardError, match=r"answers as mp3 need PyAV; install ravatard\[media\]"):
        _spoken(container="mp3")
    assert _spoken().options.container == "wav"
