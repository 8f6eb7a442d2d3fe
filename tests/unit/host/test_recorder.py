from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from ravatard.core import events as ev
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.flight.journal import Began, Gap, Happened, Reached, Record, Routine
from ravatard.core.flight.replay import Replay
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import Cause, CloseReason, Refusal
from ravatard.errors import InternalError
from ravatard.host.flight.lines import decode
from ravatard.host.recorder import (
    BATCH_S,
    BURST_BYTES,
    DAY_BYTES,
    RETRY_S,
    FlightRecorder,
    Keeping,
    flight_recorder,
)
from ravatard.host.ring import Ring, parts

OPTIONS = ConversationOptions(
    SessionOptions(), TurnOptions(), GateOptions(mode="auto", longest_s=30.0), has_button=False
)
CAPABILITIES = Capabilities(True, True, True, 30.0, "Ava", "en")


class FragileRing(Ring):
    """A ring on a disk that a test can break."""

    broken = False
    writes = 0

    def append(self, data: bytes) -> None:
        self.writes += 1
        if self.broken:
            raise OSError(28, "No space left on device")
        super().append(data)


class Run:
    """A hub with a recorder, and a clock that a test puts forward."""

    def __init__(
        self, folder: Path, *, now: float = 1000.0, boot: str = "boot-1", wall: float = 1.8e9
    ) -> None:
        self.now = now
        self.ring = FragileRing(folder)
        self.conversation = Conversation(OPTIONS)
        self.recorder = FlightRecorder(self.ring, OPTIONS, now, boot=boot, wall=lambda: wall)
        self.recorder.follow(self.conversation)
        self.utterances = 0

    def happens(self, *events: ev.Event, after_s: float = 0.0) -> None:
        """Each event ``after_s`` after what was before it, and the ticks that are due in between."""
        for event in events:
            until = self.now + after_s
            while (due := self.conversation.deadline) is not None and due < until:
                self.now = max(self.now, due)
                self._handle(ev.Tick())
            self.now = until
            self._handle(event)

    def _handle(self, event: ev.Event) -> None:
        self.recorder.on_event(event, self.now)
        for action in self.conversation.handle(event, self.now):
            self.recorder.on_action(action, self.now)

    def gets_ready(self) -> None:
        self.happens(ev.MicrophoneReady("mic"), ev.LinkConnecting(), ev.LinkOnline(CAPABILITIES), after_s=0.1)

    def listens(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.happens(ev.Listened(1, -60.0, -66.0), after_s=0.25)

    def takes_a_turn(self, chunks: int = 12) -> None:
        self.utterances += 1
        number = self.utterances
        self.happens(ev.UtteranceOpened(number, Cause.VOICE, 0), ev.SessionStarted(), after_s=0.1)
        for sequence in range(chunks):
            chunk = ev.ChunkCaptured(number, sequence, 4096 * sequence, bytes(8192), self.now)
            self.happens(chunk, ev.MessageSent(number, self.now, self.now + 0.1), after_s=0.128)
        self.happens(ev.UtteranceClosed(number, CloseReason.SILENCE, 1, 900.0), after_s=0.1)
        self.happens(ev.Answered("an answer"), after_s=1.0)


def _records(folder: Path) -> list[Record]:
    return [record for _, record in _timed(folder)]


def _timed(folder: Path) -> list[tuple[float, Record]]:
    lines = b"".join(path.read_bytes() for _, path in parts(folder)).splitlines()
    return [decode(line) for line in lines if line]


def _replayed(folder: Path) -> Replay:
    replay = Replay()
    for at, record in _timed(folder):
        replay.take(at, record)
    assert replay.difference is None
    return replay


def _of(kind: type[Record], records: Iterable[Record]) -> list[Record]:
    return [record for record in records if isinstance(record, kind)]


def _keeps_all(run: Run) -> bool:
    return run.recorder.keeping is Keeping.ALL


def test_a_start_says_what_replaying_must_know(tmp_path: Path) -> None:
    Run(tmp_path)

    ((at, began),) = _timed(tmp_path)
    assert at == 1000.0
    assert isinstance(began, Began)
    assert (began.why, began.boot, began.wall_s) == ("start", "boot-1", 1.8e9)
    assert (began.options, began.state) == (OPTIONS, None)


def test_what_happened_can_be_replayed_to_the_same_states(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.gets_ready()
    for _ in range(5):
        run.listens(10.0)
        run.takes_a_turn()
    run.happens(ev.MuteAsked(True), ev.MicrophoneClosed(), ev.LinkOffline("no network.", 1.0), after_s=1.0)
    run.recorder.close()

    replay = _replayed(tmp_path)
    assert replay.following
    assert replay.states > 20
    assert _of(Reached, _records(tmp_path))[-1] == Reached("look", "muted")


def test_what_changes_a_state_is_written_at_once_and_the_rest_waits_for_its_batch(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.happens(ev.MicrophoneReady("mic"))
    assert len(_records(tmp_path)) == 1

    run.happens(ev.LinkConnecting(), after_s=0.1)
    assert _records(tmp_path)[-1] == Reached("look", "connecting")

    run.happens(ev.PressIgnored(20.0), after_s=0.1)
    assert _records(tmp_path)[-1] == Reached("look", "connecting")
    run.happens(ev.Listened(1, -60.0, -60.0), after_s=BATCH_S)
    assert _records(tmp_path)[-1] == Happened(ev.PressIgnored(20.0))


def test_in_a_quiet_room_one_line_a_minute_is_written(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.gets_ready()
    before, writes = len(_records(tmp_path)), run.ring.writes

    run.listens(600.0)
    run.recorder.close()

    quiet = _records(tmp_path)[before:]
    assert 9 <= len(quiet) <= 10
    assert all(isinstance(record, Routine) for record in quiet)
    assert run.ring.writes - writes <= 10


def test_a_sign_of_life_that_meets_a_deadline_is_an_event(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.gets_ready()
    run.takes_a_turn()
    run.now += SessionOptions().idle_s + 1

    # The hub was late: its timer has not fired yet.
    run._handle(ev.Listened(7, -60.0, -66.0))
    run.recorder.close()

    assert Happened(ev.Listened(7, -60.0, -66.0)) in _records(tmp_path)
    assert Reached("session", "none") in _records(tmp_path)
    _replayed(tmp_path)


@pytest.mark.slow
def test_when_the_oldest_is_gone_the_rest_can_still_be_followed(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.gets_ready()
    while len(parts(tmp_path)) < 3:
        run.takes_a_turn(60)
    run.happens(ev.UtteranceOpened(run.utterances + 1, Cause.VOICE, 0), after_s=1.0)
    run.recorder.close()

    parts(tmp_path)[0][1].unlink()
    first = _records(tmp_path)[0]
    assert isinstance(first, Began)
    assert first.why == "new file"
    replay = _replayed(tmp_path)
    assert replay.following
    assert replay.states > 20


def test_reloaded_options_are_in_the_next_checkpoint(tmp_path: Path) -> None:
    run = Run(tmp_path)
    changed = ConversationOptions(
        SessionOptions("always"), TurnOptions(), GateOptions(mode="vad", longest_s=20.0), has_button=False
    )
    run.happens(ev.OptionsChanged(changed))
    run.happens(ev.WakeWordLost("it crashed"))
    run.gets_ready()
    while len(parts(tmp_path)) < 2:
        run.takes_a_turn(60)

    checkpoint = _of(Began, _records(tmp_path))[-1]
    assert isinstance(checkpoint, Began)
    assert checkpoint.options == replace(changed, wakeword_trouble="it crashed")


@pytest.mark.slow
def test_the_ring_and_the_day_are_bounded_however_much_is_said(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.gets_ready()
    began_at = run.now
    while run.now < began_at + 2 * 3600:
        run.takes_a_turn(60)
        size = sum(path.stat().st_size for _, path in parts(tmp_path))
        assert size <= 1_000_000

    assert run.recorder._allowance.left >= 0
    assert _of(Gap, _records(tmp_path))
    _replayed(tmp_path)


@pytest.mark.slow
def test_over_budget_what_is_rare_is_still_written_and_later_everything_again(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.gets_ready()
    while _keeps_all(run):
        run.takes_a_turn(60)

    run.takes_a_turn(60)
    run.happens(ev.MicrophoneLost("unplugged"), ev.MicrophoneReady("mic"), after_s=1.0)
    run.recorder._flush(run.now)
    since_gap = _records(tmp_path)
    since_gap = since_gap[max(i for i, record in enumerate(since_gap) if isinstance(record, Gap)) :]
    assert not [r for r in since_gap if isinstance(r, Happened) and isinstance(r.event, ev.ChunkCaptured)]
    assert Happened(ev.MicrophoneLost("unplugged")) in since_gap
    assert any(isinstance(record, Reached) and record.what == "turn" for record in since_gap)

    run.listens(3.0 * 3600)
    assert _keeps_all(run)
    last = _of(Began, _records(tmp_path))[-1]
    assert isinstance(last, Began)
    assert "budget" in last.why
    _replayed(tmp_path)


@pytest.mark.slow
def test_a_crash_loop_does_not_wear_out_the_card(tmp_path: Path) -> None:
    written, before = 0, 0
    for start in range(1_500):
        run = Run(tmp_path, now=1000.0 + start / 10)
        run.gets_ready()
        run.recorder.close()
        if start == 0:
            before = sum(path.stat().st_size for _, path in parts(tmp_path))
        written = sum(path.stat().st_size for _, path in parts(tmp_path))

    assert before * 1_500 > BURST_BYTES * 1.1
    assert written <= BURST_BYTES + (DAY_BYTES - BURST_BYTES) / 86_400 * 150


@pytest.mark.slow
@pytest.mark.parametrize(("boot", "recovers"), [("boot-1", True), ("boot-2", False), ("", False)])
def test_time_counts_for_the_budget_only_on_the_same_clock(tmp_path: Path, boot: str, recovers: bool) -> None:
    first = Run(tmp_path)
    first.gets_ready()
    while _keeps_all(first):
        first.takes_a_turn(60)
    first.recorder.close()

    second = Run(tmp_path, now=first.now + 7 * 3600, boot=boot)

    assert (second.recorder._allowance.left > BURST_BYTES / 2) is recovers


def test_files_that_are_none_of_ours_are_counted_and_left(tmp_path: Path) -> None:
    (tmp_path / "flight-000000001.log").write_bytes(b"\x00garbage\n" * 1000)

    run = Run(tmp_path)

    assert run.recorder._allowance.left < BURST_BYTES - 9_000


def test_a_full_disk_is_told_once_and_everything_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(tmp_path)
    run.gets_ready()
    run.ring.broken = True
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            run.takes_a_turn()
            run.listens(10.0)
    assert len(caplog.records) == 1
    assert "No space left" in caplog.text
    tried = run.ring.writes

    run.ring.broken = False
    run.listens(RETRY_S + 1)
    run.takes_a_turn()
    run.recorder.close()

    assert tried < 20
    last = _of(Began, _records(tmp_path))[-1]
    assert isinstance(last, Began)
    assert last.why == "the disk failed: No space left on device"
    assert last.state is not None
    assert _replayed(tmp_path).following


def test_a_folder_that_cannot_be_had_costs_the_recording_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()

    run = Run(tmp_path / "file" / "recorder")
    run.gets_ready()
    run.listens(100.0)
    run.recorder.close()

    assert len(caplog.records) == 1
    assert "goes on trying" in caplog.text


def test_what_made_the_hub_break_is_written(tmp_path: Path) -> None:
    class Nonsense:
        pass

    run = Run(tmp_path)
    run.happens(ev.ButtonPressed(1.0))
    with pytest.raises(KeyError), run.recorder as recorder:
        recorder.on_event(Nonsense(), 1002.0)  # type: ignore[arg-type] # an event that is none stands for a bug

    assert _records(tmp_path)[-1] == Happened(ev.ButtonPressed(1.0))


def test_what_made_the_hub_break_is_written_even_if_it_comes_all_the_time(tmp_path: Path) -> None:
    class Broken(Conversation):
        def handle(self, event: ev.Event, now: float) -> NoReturn:
            raise InternalError(f"a bug, met by {event!r} at {now}")

    run = Run(tmp_path)
    run.conversation = Broken(OPTIONS)
    run.recorder.follow(run.conversation)
    with pytest.raises(InternalError), run.recorder:
        run.happens(ev.Tick())

    assert _records(tmp_path)[-1] == Happened(ev.Tick())


def test_secrets_are_taken_out_of_sentences(tmp_path: Path) -> None:
    def clean(text: str) -> str:
        return text.replace("proj-1", "***")

    with flight_recorder(tmp_path, OPTIONS, 0.0, clean) as recorder:
        recorder.on_event(ev.LinkDenied("project proj-1 is unknown", Refusal.DENIED), 1.0)

    assert b"proj-1" not in b"".join(path.read_bytes() for _, path in parts(tmp_path))


def test_the_recorder_of_this_machine_knows_the_boot(tmp_path: Path) -> None:
    flight_recorder(tmp_path, OPTIONS, 0.0, str).close()

    (began,) = _records(tmp_path)
    assert isinstance(began, Began)
    assert len(began.boot) == 36
