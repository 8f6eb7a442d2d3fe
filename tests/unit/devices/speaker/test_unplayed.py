from __future__ import annotations

import asyncio

from ravatard.devices.speaker.unplayed import UnplayedVoices
from ravatard.ports.speaker import UnplayedVoice


async def test_each_voice_is_told_once_and_the_oldest_first() -> None:
    voices = UnplayedVoices()
    voices.add(1, "late")
    voices.add(2, "gone")
    voices.add(1, "gone")

    assert [voices.take(), voices.take(), voices.take()] == [
        UnplayedVoice(1, "late"),
        UnplayedVoice(2, "gone"),
        None,
    ]


async def test_no_more_wait_than_an_hour_without_a_speaker_needs() -> None:
    voices = UnplayedVoices()
    for voice in range(100):
        voices.add(voice, "gone")

    told = [unplayed.voice for _ in range(100) if (unplayed := voices.take())]

    assert told == list(range(84, 100))


async def test_the_wait_ends_with_a_voice_with_a_change_and_with_its_time() -> None:
    voices, loop = UnplayedVoices(), asyncio.get_running_loop()
    loop.call_later(1, voices.add, 1, "gone")
    loop.call_later(3, voices.look_again)
    ends = []
    for limit_s in (None, None, 2.0):
        await voices.wait(limit_s)
        ends.append(loop.time())

    assert ends == [1.0, 3.0, 5.0]
