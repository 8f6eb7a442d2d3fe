from __future__ import annotations

from ravatard.core.states import Earcon
from ravatard.devices.speaker.outgoing_sound import OutgoingSound
from ravatard.devices.speaker.protocol import Begin, Feed, Finish, Heartbeat, PlayRecord, SoundEarcon

PCM = bytes(960)


class Desk:
    """Outgoing sound, and what the process was sent."""

    def __init__(self) -> None:
        self.sent: list[PlayRecord] = []
        self.sound = OutgoingSound(self.sent.append)

    def gives(self, voice: int) -> None:
        self.sound.begin(voice, live=False)
        self.sound.feed(voice, PCM)
        self.sound.finish(voice)


async def test_a_voice_begins_behind_those_that_waited_for_the_device() -> None:
    desk = Desk()
    desk.gives(1)
    desk.gives(2)
    desk.sound.started()

    lost = desk.sound.opened()

    assert lost == 0
    assert desk.sent == [Feed(1, PCM), Finish(1), Begin(2, live=False), Feed(2, PCM), Finish(2)]


async def test_what_a_process_did_not_play_is_for_the_next_and_what_sounds_is_not() -> None:
    desk = Desk()
    desk.sound.opened()
    desk.gives(1)
    desk.gives(2)
    desk.sound.heartbeat(Heartbeat(True, 0, 720, 0, 1_920))
    desk.sound.closed()
    desk.sound.lost("it is gone", is_missing=False, is_playing=True)
    desk.sent.clear()
    desk.sound.started()
    desk.sound.opened()

    assert desk.sent == [Begin(2, live=False), Feed(2, PCM), Finish(2)]
    assert (await desk.sound.unplayed()).voice == 1


async def test_an_earcon_is_for_a_device_that_is_open_or_wakes() -> None:
    desk = Desk()
    desk.sound.cue(Earcon.SENT)
    desk.sound.opened()
    before = list(desk.sent)
    desk.sound.cue(Earcon.ERROR)

    assert before == []
    assert desk.sent == [SoundEarcon(Earcon.ERROR)]
