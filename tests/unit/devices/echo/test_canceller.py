"""The canceller, on livekit's real library."""

from __future__ import annotations

import random
import sys
from array import array
from pathlib import Path

import pytest

from ravatard.core.audio.echo.talk_over import level_db
from ravatard.core.audio.echo.talk_over_gate import BLOCK_BYTES, REFERENCE_BYTES
from ravatard.devices.echo import canceller
from ravatard.devices.echo.canceller import NoCanceller, library_path, open_canceller
from ravatard.errors import DeviceError


def noise(blocks: int, samples: int) -> list[bytes]:
    chance = random.Random(1)
    return [
        array("h", [chance.randrange(-3_000, 3_000) for _ in range(samples)]).tobytes() for _ in range(blocks)
    ]


def test_it_removes_what_the_speaker_played() -> None:
    played = noise(300, REFERENCE_BYTES // 2)
    heard = [array("h", block)[::3].tobytes() for block in played]
    engine = open_canceller()

    left = []
    for reference, block in zip(played, heard, strict=True):
        engine.reference(reference)
        left.append(engine.process(block))

    assert level_db(b"".join(left[200:])) < level_db(b"".join(heard[200:])) - 20


def test_it_does_what_the_packages_own_module_does() -> None:
    from livekit.rtc.apm import AudioProcessingModule
    from livekit.rtc.audio_frame import AudioFrame

    theirs = AudioProcessingModule(echo_cancellation=True, noise_suppression=True, high_pass_filter=True)
    ours = open_canceller()
    played, heard = noise(100, REFERENCE_BYTES // 2), noise(100, BLOCK_BYTES // 2)
    # open_canceller has tried a block of silence.
    pairs = [(bytes(REFERENCE_BYTES), bytes(BLOCK_BYTES)), *zip(played, heard, strict=True)]

    for number, (reference, block) in enumerate(pairs):
        theirs.process_reverse_stream(AudioFrame(bytearray(reference), 48_000, 1, 480))
        frame = AudioFrame(bytearray(block), 16_000, 1, 160)
        theirs.process_stream(frame)
        if number:
            ours.reference(reference)
            assert ours.process(block) == bytes(frame.data.cast("b"))


def test_two_of_them_do_not_share_what_they_learnt() -> None:
    played, heard = noise(50, REFERENCE_BYTES // 2), noise(50, BLOCK_BYTES // 2)
    one, other = open_canceller(), open_canceller()
    for reference, block in zip(played, heard, strict=True):
        one.reference(reference)
        one.process(block)
    fresh = open_canceller()

    assert other.process(heard[0]) == fresh.process(heard[0])


def test_without_the_extra_it_says_how_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])

    assert library_path() is None
    with pytest.raises(DeviceError, match="livekit"):
        open_canceller()


@pytest.mark.parametrize("content", [b"", b"no library", b"\x7fELF" + bytes(200)])
def test_a_library_that_is_none_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    path = tmp_path / "livekit" / "rtc" / "resources" / "liblivekit_ffi.so"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(DeviceError, match="cannot be used"):
        open_canceller()


@pytest.mark.parametrize(
    "reply", [b"", b"\x08\x01", canceller._message(49, b""), b"\xff" * 20, b"\x0d1234"], ids=repr
)
def test_another_answer_than_that_of_this_version_is_refused(reply: bytes) -> None:
    def handle() -> int:
        inside = reply
        for field in (49, 1, 1):
            inside = canceller._inside(inside, field)
        return canceller._varint_of(inside, 1)

    with pytest.raises(ValueError, match="another format"):
        handle()


def test_numbers_are_packed_as_protobuf_does() -> None:
    assert canceller._varints((1, 1), (2, 300)) == b"\x08\x01\x10\xac\x02"
    assert canceller._fields(canceller._message(50, b"\x08\x01") + b"\x10\xac\x02") == {
        50: b"\x08\x01",
        2: 300,
    }


def test_a_device_that_cancels_by_itself_needs_no_library() -> None:
    engine = NoCanceller()
    engine.reference(bytes(REFERENCE_BYTES))

    assert engine.process(b"12" * 160) == b"12" * 160
