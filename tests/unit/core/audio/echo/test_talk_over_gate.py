"""A gate behind an echo canceller: asleep while the speaker is silent, and opened by a user meanwhile too."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.actions import FollowUp, GateCommand, Hold, Overlook
from ravatard.core.audio.echo.own_word import OwnWord
from ravatard.core.audio.echo.talk_over_gate import (
    BLOCK_BYTES,
    LONGEST_PREROLL_MS,
    PREROLL_MS,
    REFERENCE_BYTES,
    TalkOverGate,
)
from ravatard.core.audio.endpointing.confirmation import Confirmation
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import bytes_for, samples_for
from ravatard.core.events import ChunkCaptured, GateEvent, UtteranceClosed, UtteranceOpened
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, GateMode
from ravatard.core.wakeword.waking import LATEST_HIT_MS
from ravatard.core.wakeword.watch import WakeWord
from tests.examples import examples
from tests.unit.core.sounds import hears_sound, quiet, voice
from tests.unit.core.wakeword.fakes import THRESHOLD, WORD_FRAMES, FakeDetector, word

ECHO = voice(10.0, 300)


class Muffler:
    """A canceller that leaves a hundredth of everything, or all when a user speaks; it counts its blocks."""

    def __init__(self) -> None:
        self.blocks = 0

    def reference(self, block: bytes) -> None:
        assert len(block) == REFERENCE_BYTES

    def process(self, block: bytes) -> bytes:
        assert len(block) == BLOCK_BYTES
        self.blocks += 1
        loud = max(array("h", block)) > 4_000
        return block if loud else array("h", [sample // 100 for sample in array("h", block)]).tobytes()


class Room:
    """A gate, and what it has heard."""

    def __init__(self, mode: GateMode = GateMode.VAD, *, word: bool = False) -> None:
        self.canceller = Muffler()
        #: The microphone's detector and that of the avatar's own words.
        self.detectors = FakeDetector(), FakeDetector()
        heard, own = (WakeWord(detector, THRESHOLD) for detector in self.detectors)
        self.events: list[GateEvent] = []
        self.gate = TalkOverGate(
            lambda judge: Gate(
                GateOptions(silence_ms=200),
                VoiceOptions(),
                judge,
                mode=mode,
                extras=GateExtras(word=heard if word else None, interrupt_preroll_ms=LONGEST_PREROLL_MS),
            ),
            self.canceller,
            is_speech=hears_sound,
            is_voice=hears_sound,
            may_be_voice=hears_sound,
            own_word=OwnWord(own) if word else None,
        )

    def hears(self, pcm: bytes, *, avatar: bool, piece: int = 640, says: bytes = b"\x10\x10") -> Room:
        for at in range(0, len(pcm), piece):
            part = pcm[at : at + piece]
            played = says if avatar else bytes(2)
            self.events += self.gate.feed(part, played * (len(part) // 2 * 3), 0.0)
        return self

    def avatar_speaks(self, seconds: float) -> Room:
        return self.hears(ECHO * round(seconds * 100), avatar=True)

    @property
    def opened(self) -> list[UtteranceOpened]:
        return [event for event in self.events if isinstance(event, UtteranceOpened)]


def test_the_canceller_does_nothing_while_the_speaker_is_silent() -> None:
    room = Room().hears(quiet(300.0) + voice(500.0), avatar=False)

    assert room.canceller.blocks == 0
    assert [event.cause for event in room.opened] == [Cause.VOICE]


def test_the_avatar_does_not_open_the_gate() -> None:
    room = Room().avatar_speaks(10.0)

    assert room.opened == []
    assert room.canceller.blocks == 1_000


def test_a_user_opens_it_while_the_avatar_speaks_and_the_pre_roll_reaches_back_to_the_first_word() -> None:
    room = Room().avatar_speaks(3.0)
    begins = room.gate.samples

    room.hears(voice(200.0), avatar=True)

    (opened,) = room.opened
    assert opened.first_sample <= begins
    assert room.gate.samples - opened.first_sample >= samples_for(PREROLL_MS)
    assert room.gate.found == 1
    assert room.gate.is_open


def test_what_goes_out_has_no_echo_before_the_user_speaks() -> None:
    room = Room().avatar_speaks(3.0).hears(voice(600.0), avatar=True)

    first = next(event for event in room.events if isinstance(event, ChunkCaptured))
    assert max(array("h", first.pcm)[:1_600]) <= 3


@pytest.mark.parametrize(("afterwards_ms", "proven"), [(0.0, False), (400.0, True)])
def test_only_what_is_said_after_the_avatars_last_sound_proves_a_user(
    afterwards_ms: float, proven: bool
) -> None:
    room = Room().hears(quiet(3_000.0), avatar=False).avatar_speaks(3.0).hears(voice(200.0), avatar=True)
    room.hears(voice(480.0), avatar=False).hears(quiet(40.0) + voice(afterwards_ms), avatar=False)
    room.hears(quiet(600.0), avatar=False)

    (closed,) = (event for event in room.events if isinstance(event, UtteranceClosed))
    assert closed.proven is proven


def test_nothing_opens_it_in_the_first_two_seconds_of_the_avatars_voice() -> None:
    room = Room().hears(voice(1_500.0), avatar=True)

    assert room.opened == []


def test_where_sound_was_lost_nothing_opens_it_for_half_a_second_and_the_room_is_remembered() -> None:
    room = Room().avatar_speaks(3.0)

    room.gate.disturbed()
    room.hears(voice(200.0), avatar=True)

    assert room.gate.leak_db is not None
    assert room.opened == []
    assert room.avatar_speaks(0.5).hears(voice(500.0), avatar=True).opened


@pytest.mark.parametrize("words", [1, 4])
def test_a_user_who_is_not_trusted_at_first_is_sent_from_the_first_word_all_the_same(words: int) -> None:
    room = Room().avatar_speaks(10.0)
    begins = room.gate.samples
    for _ in range(words):
        room.gate.disturbed()
        room.hears(voice(300.0), avatar=True).avatar_speaks(0.36)
    assert room.opened == []

    opened = room.hears(voice(300.0), avatar=True).opened[0]

    assert begins - samples_for(PREROLL_MS) <= opened.first_sample <= begins


def test_what_is_sent_of_an_untrusted_user_is_bounded() -> None:
    room = Room().avatar_speaks(10.0)
    for _ in range(10):
        room.gate.disturbed()
        room.hears(voice(300.0), avatar=True).avatar_speaks(0.36)
    before = room.gate.samples

    opened = room.hears(voice(300.0), avatar=True).opened[0]

    earliest = before - samples_for(LONGEST_PREROLL_MS)
    assert earliest <= opened.first_sample <= earliest + samples_for(300)


def test_a_microphone_that_was_lost_may_come_back_in_another_room() -> None:
    room = Room().avatar_speaks(3.0)

    room.gate.lost(3.0)

    assert room.gate.leak_db is None


def test_after_the_avatar_the_room_still_echoes_for_half_a_second() -> None:
    room = Room().avatar_speaks(1.0)
    guarded = [room.hears(quiet(50.0), avatar=False).gate.guarded for _ in range(12)]

    assert guarded == [True] * 9 + [False] * 3
    assert room.hears(voice(500.0), avatar=False).opened


def test_an_answer_that_begins_in_the_middle_of_a_block_is_guarded_from_there_on() -> None:
    room = Room()

    room.gate.feed(quiet(60.0), bytes(3 * BLOCK_BYTES * 3) + b"\x10\x10" * (BLOCK_BYTES // 2 * 3 * 3), 0.0)

    assert room.gate.guarded
    assert room.canceller.blocks == 3
    assert room.gate.samples == samples_for(60)


def test_what_had_begun_of_a_frame_when_the_avatar_fell_silent_is_not_lost() -> None:
    room = Room().avatar_speaks(1.01)
    room.hears(quiet(1_000.0), avatar=False, piece=BLOCK_BYTES)

    assert room.gate.samples == samples_for(2_010)


def test_what_had_begun_of_a_frame_when_the_device_went_away_is_forgotten() -> None:
    room = Room().avatar_speaks(1.01)
    room.gate.lost(0.0)
    room.hears(quiet(30.0), avatar=True)

    assert room.gate.samples == samples_for(30)


def test_a_user_who_spoke_before_the_avatar_did_goes_on() -> None:
    room = Room().avatar_speaks(6.0).hears(quiet(600.0), avatar=False).hears(voice(300.0), avatar=False)

    room.hears(voice(600.0), avatar=True)

    assert len(room.opened) == 1
    assert room.gate.is_open


@pytest.mark.parametrize("mode", [GateMode.BUTTON, GateMode.VAD])
def test_a_gate_that_is_held_or_wants_a_press_is_not_opened(mode: GateMode) -> None:
    room = Room(mode).avatar_speaks(3.0)
    if mode is GateMode.VAD:
        room.gate.command(Hold(held=True), 0.0)

    assert room.hears(voice(600.0), avatar=True).opened == []
    assert room.gate.found == 0


def test_it_reads_short_blocks_while_the_avatar_speaks() -> None:
    room = Room()

    assert not room.gate.attentive
    assert room.avatar_speaks(0.1).gate.attentive


def test_its_figures_are_those_of_the_gate() -> None:
    room = Room().hears(quiet(300.0) + voice(500.0), avatar=False)

    assert room.gate.level_db > -30
    assert room.gate.floor_db < 0
    assert room.gate.delay_ms is None


def test_a_microphone_that_is_lost_closes_what_is_open() -> None:
    room = Room().hears(quiet(300.0) + voice(500.0), avatar=False)

    assert room.gate.lost(0.0)
    assert room.gate.samples == 0


@given(st.lists(st.integers(1, 2_000), min_size=1, max_size=30))
@settings(max_examples=examples(30))
def test_nothing_depends_on_how_the_sound_was_cut(sizes: list[int]) -> None:
    sound = ECHO * 310 + voice(400.0)
    whole, cut = Room().hears(sound, avatar=True), Room()

    at = number = 0
    while at < len(sound):
        size = sizes[number % len(sizes)] * 2
        cut.hears(sound[at : at + size], avatar=True, piece=size)
        at, number = at + size, number + 1

    assert [event.first_sample for event in cut.opened] == [event.first_sample for event in whole.opened]
    assert whole.opened


def test_where_a_word_is_needed_a_voice_alone_does_not_interrupt() -> None:
    room = Room(GateMode.WAKEWORD).avatar_speaks(3.0)

    room.hears(voice(200.0), avatar=True)

    assert room.opened == []


#: A frame of the avatar's that its own detector takes for a part of the word.
SAYS_THE_WORD = b"\xff\x7f"


def kinds(room: Room) -> list[str]:
    return [type(event).__name__ for event in room.events if not isinstance(event, ChunkCaptured)]


def test_the_word_over_the_avatar_wakes_and_what_follows_is_sent_from_its_first_sample() -> None:
    room = Room(GateMode.WAKEWORD, word=True).hears(quiet(3_000.0), avatar=False).avatar_speaks(3.0)
    room.hears(word(), avatar=True)
    assert kinds(room) == ["Woken"]

    # The answer is stopped, and the user goes on without a pause.
    begins = room.gate.samples
    room.hears(voice(1_500.0), avatar=False).hears(quiet(600.0), avatar=False)

    assert kinds(room) == ["Woken", "UtteranceOpened", "UtteranceClosed"]
    (opened,) = room.opened
    assert opened.cause is Cause.WAKEWORD
    # The hit may be as late as that, and the frames in which it was found are before it.
    assert begins - samples_for(LATEST_HIT_MS + 70) <= opened.first_sample <= begins


def test_a_word_that_the_avatar_says_wakes_nothing_however_clearly_it_is_heard() -> None:
    room = Room(GateMode.WAKEWORD, word=True).avatar_speaks(3.0)

    room.hears(word(), avatar=True, says=SAYS_THE_WORD)
    room.avatar_speaks(0.5).hears(word(), avatar=True)
    assert kinds(room) == []

    # Long enough after it a user is heard again.
    room.avatar_speaks(2.0).hears(word(), avatar=True)
    assert kinds(room) == ["Woken"]


def test_a_word_that_is_no_louder_than_an_echo_may_be_wakes_nothing() -> None:
    # Nothing is known of the room in the first two seconds.
    room = Room(GateMode.WAKEWORD, word=True).avatar_speaks(0.5)

    room.hears(word(), avatar=True)

    assert kinds(room) == []
    assert room.detectors[0].frames


def test_when_the_avatars_own_words_cannot_be_told_no_word_wakes_over_it() -> None:
    room = Room(GateMode.WAKEWORD, word=True)
    room.detectors[1].broken = True
    room.avatar_speaks(3.0).hears(word(), avatar=True)

    assert kinds(room) == []
    room.hears(quiet(1_000.0), avatar=False).hears(word(), avatar=False)
    assert kinds(room) == ["Woken"]


def test_a_word_over_the_avatar_and_nothing_after_it_is_unused() -> None:
    room = Room(GateMode.WAKEWORD, word=True).avatar_speaks(3.0).hears(word(), avatar=True)

    room.hears(quiet(6_000.0), avatar=False)

    assert kinds(room) == ["Woken", "WakeUnused"]


#: Milliseconds: how long an earcon is overlooked, its own length, and how late it is heard.
EARCON_MS, SOUNDS_MS, LATE_MS = 450, 160, 50


def woken_room(mode: GateMode = GateMode.WAKEWORD) -> Room:
    """A room in which the word was said, and nothing has sounded yet."""
    room = Room(mode, word=True).hears(quiet(1_000.0) + word() + quiet(300.0), avatar=False)
    assert kinds(room) == ["Woken"]
    return room


def command(room: Room, command: GateCommand) -> None:
    room.events += room.gate.command(command, 0.0)


def earcon(room: Room, heard: bytes, *, late_ms: float = LATE_MS) -> bytes:
    """The earcon answers the word, and the microphone hears ``heard``; return what is heard after it."""
    command(room, Overlook(EARCON_MS))
    begun, over = bytes_for(int(late_ms)), bytes_for(int(late_ms) + SOUNDS_MS)
    room.hears(heard[:begun], avatar=False).hears(heard[begun:over], avatar=True)
    return heard[over:]


def sent(room: Room) -> bytes:
    return b"".join(event.pcm for event in room.events if isinstance(event, ChunkCaptured))


@pytest.mark.parametrize("mode", [GateMode.WAKEWORD, GateMode.WAKEWORD_OR_BUTTON])
@pytest.mark.parametrize("late_ms", [0, LATE_MS, 300, 440, 600])
@pytest.mark.parametrize("after_ms", [50, 300, 500, 700, 1_000, 1_500, 3_000])
def test_what_is_said_while_and_behind_the_earcon_that_answers_the_word_is_sent_from_its_first_sample(
    after_ms: int, late_ms: int, mode: GateMode
) -> None:
    room = woken_room(mode)
    request = voice(1_500.0)

    rest = earcon(room, quiet(float(after_ms)) + request + quiet(600.0), late_ms=late_ms)
    room.hears(rest, avatar=False)

    assert kinds(room) == ["Woken", "UtteranceOpened", "UtteranceClosed"]
    assert room.opened[0].cause is Cause.WAKEWORD
    begins = samples_for(1_000 + 20 * WORD_FRAMES + 300 + after_ms)
    assert room.opened[0].first_sample <= begins
    assert request[bytes_for(800) :] in sent(room)


@pytest.mark.parametrize("after_ms", [400, 600])
def test_a_short_request_behind_the_earcon_is_not_lost_in_its_echo(after_ms: int) -> None:
    room = woken_room()

    room.hears(earcon(room, quiet(float(after_ms)) + voice(400.0) + quiet(600.0)), avatar=False)

    assert kinds(room) == ["Woken", "UtteranceOpened", "UtteranceClosed"]


@pytest.mark.parametrize("late_ms", [LATE_MS, 440, 600])
def test_a_word_with_an_earcon_and_nothing_behind_it_is_unused(late_ms: int) -> None:
    room = woken_room()

    room.hears(earcon(room, quiet(700.0), late_ms=late_ms) + quiet(6_000.0), avatar=False)

    assert kinds(room) == ["Woken", "WakeUnused"]


def test_the_earcon_itself_opens_nothing_and_its_echo_is_removed() -> None:
    room = woken_room()

    rest = earcon(room, quiet(LATE_MS) + ECHO * (SOUNDS_MS // 10) + quiet(200.0))
    room.hears(rest + quiet(300.0), avatar=False)

    assert kinds(room) == ["Woken"]
    assert room.canceller.blocks


def test_an_answer_that_begins_behind_the_earcon_is_no_request() -> None:
    room = woken_room()

    room.hears(earcon(room, quiet(400.0)), avatar=False).avatar_speaks(3.0)

    assert kinds(room) == ["Woken"]
    assert room.gate.guarded


@pytest.mark.parametrize("after_ms", [0, 100, 400, 600, 2_000])
def test_after_an_answer_speech_needs_no_word_also_while_the_room_still_echoes(after_ms: int) -> None:
    room = Room(GateMode.WAKEWORD, word=True).hears(quiet(3_000.0), avatar=False).avatar_speaks(3.0)
    room.hears(quiet(20.0), avatar=False)
    command(room, FollowUp(allowed=True))

    room.hears(quiet(float(after_ms)), avatar=False)
    begins = room.gate.samples
    room.hears(voice(1_000.0) + quiet(600.0), avatar=False)

    assert kinds(room) == ["UtteranceOpened", "UtteranceClosed"]
    assert room.opened[0].cause is Cause.VOICE
    assert room.opened[0].first_sample <= begins


def test_an_earcon_in_the_time_after_an_answer_does_not_end_it() -> None:
    room = Room(GateMode.WAKEWORD, word=True).hears(quiet(1_000.0), avatar=False)
    command(room, FollowUp(allowed=True))

    room.hears(quiet(200.0), avatar=True).hears(quiet(1_000.0) + voice(600.0), avatar=False)

    assert [event.cause for event in room.opened] == [Cause.VOICE]


def test_once_the_time_after_an_answer_is_over_a_voice_does_not_interrupt() -> None:
    room = Room(GateMode.WAKEWORD, word=True).hears(quiet(3_000.0), avatar=False).avatar_speaks(3.0)
    command(room, FollowUp(allowed=True))
    command(room, FollowUp(allowed=False))

    room.hears(voice(400.0), avatar=False).avatar_speaks(3.0).hears(voice(400.0), avatar=True)

    assert room.opened == []


def test_the_own_detector_is_asked_only_while_the_speaker_is_heard() -> None:
    room = Room(GateMode.WAKEWORD, word=True).hears(voice(500.0), avatar=False)

    assert room.detectors[1].frames == []


def test_what_the_gate_says_of_its_extras_is_passed_on() -> None:
    confirmation = Confirmation(None, 20, "it is missing")
    gate = TalkOverGate(
        lambda judge: Gate(
            GateOptions(), VoiceOptions(), judge, mode=GateMode.VAD, extras=GateExtras(confirmation)
        ),
        Muffler(),
        is_speech=hears_sound,
        is_voice=hears_sound,
        may_be_voice=hears_sound,
    )

    assert (gate.confirmation_fault, gate.take_wake_score()) == ("it is missing", 0.0)
