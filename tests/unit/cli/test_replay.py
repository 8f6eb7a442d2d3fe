from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.core import events as ev
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.flight.journal import Began, Gap, Happened, Reached, Record
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.host.flight.lines import encode
from ravatard.host.recorder import FlightRecorder
from ravatard.host.ring import Ring

OPTIONS = ConversationOptions(
    SessionOptions(), TurnOptions(), GateOptions(mode="auto", longest_s=30.0), has_button=False
)
START = Began("start", "0.0.1", "b", 1.8e9, 0.0, OPTIONS, None)


def _record(folder: Path, *, file_bytes: int = 125_000) -> None:
    """A short life: microphone, link, somebody writes, mute."""
    conversation, now = Conversation(OPTIONS), 100.0
    capabilities = Capabilities(True, True, True, 30.0, "Ava", "en")
    with FlightRecorder(
        Ring(folder, file_bytes=file_bytes), OPTIONS, now, boot="b", wall=lambda: 1.8e9
    ) as recorder:
        recorder.follow(conversation)
        for event in (
            ev.MicrophoneReady("mic"),
            ev.LinkConnecting(),
            ev.LinkOnline(capabilities),
            ev.TextGiven("never shown"),
            ev.SessionStarted(),
            ev.MessageSent(1, None, 104.5),
            ev.Answered("never shown either"),
            ev.MuteAsked(True),
            ev.MicrophoneClosed(),
        ):
            now += 1.0
            recorder.on_event(event, now)
            for action in conversation.handle(event, now):
                recorder.on_action(action, now)


def _write(file: Path, *records: tuple[float, Record]) -> Path:
    file.write_bytes(b"".join(encode(at, record) for at, record in records))
    return file


def test_a_recording_is_told_and_its_states_are_reached_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _record(tmp_path)

    status = main(["replay", str(tmp_path)])

    told = capsys.readouterr().out
    assert status == 0
    assert "2027-01-15 08:00:00 UTC  started" in told
    assert "     4.000 s  session   starting" in told
    assert "     7.000 s  turn      1 answered" in told
    assert "     9.000 s  look      muted" in told
    assert told.endswith("9 events replayed; the same 9 states were reached\n")
    assert "never shown" not in told


def test_one_file_is_replayed_like_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _record(tmp_path)

    assert main(["replay", str(tmp_path / "flight-000000001.log")]) == 0

    assert "1 answered" in capsys.readouterr().out


def test_for_programs_every_line_is_an_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _record(tmp_path)
    with (tmp_path / "flight-000000001.log").open("ab") as file:
        file.write(encode(120.0, Gap("the disk was full")) + b"torn")

    status = main(["replay", "--json", str(tmp_path)])

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert {line.pop("schema") for line in told} == {1}
    assert told[0]["began"] == "start"
    assert {"at": 107.0, "what": "turn", "value": "1 answered"} in told
    assert told[-3] == {"at": 120.0, "gap": "the disk was full"}
    assert told[-2]["note"].startswith("torn")
    assert told[-1] == {"equal": True, "events": 9, "states": 9}


@pytest.mark.parametrize("as_json", [True, False])
def test_the_first_difference_is_told_and_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    mute = Happened(ev.MuteAsked(True))
    file = _write(tmp_path / "a.log", (1.0, START), (2.5, mute), (2.5, Reached("muted", "no")))

    status = main(["replay", *(["--json"] if as_json else []), str(file)])

    told = capsys.readouterr().out.splitlines()
    assert status == 1
    if as_json:
        assert json.loads(told[-1]) == {
            "schema": 1,
            "at": 2.5,
            "equal": False,
            "after": "MuteAsked",
            "replayed": "muted yes",
            "recorded": "muted no",
        }
    else:
        assert "recorded by version 0.0.1" in told[0]
        assert told[-1] == ("     1.500 s  DIFFERENT after MuteAsked: replayed muted yes, recorded muted no")


def test_a_torn_tail_costs_nothing_but_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _record(tmp_path)
    file = tmp_path / "flight-000000001.log"
    whole = file.read_bytes()

    for length in range(len(whole) - 1, len(whole) - 300, -7):
        file.write_bytes(whole[:length])
        assert main(["replay", str(tmp_path)]) == 0

    assert "torn: the last line of flight-000000001.log" in capsys.readouterr().out


def test_a_torn_tail_is_told_as_such_when_another_start_follows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _record(tmp_path)
    file = tmp_path / "flight-000000001.log"
    file.write_bytes(file.read_bytes()[:-10])
    _record(tmp_path)

    assert main(["replay", str(tmp_path)]) == 0

    told = capsys.readouterr().out
    assert told.count("torn: ") == 1
    assert told.count("started") == 2


def test_damage_in_the_middle_is_told_and_what_follows_is_only_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _record(tmp_path)
    file = tmp_path / "flight-000000001.log"
    lines = file.read_bytes().splitlines(keepends=True)
    lines[5:7] = [b"\xff\x00rubbish\n", b"more of it\n"]
    file.write_bytes(b"".join(lines))

    assert main(["replay", str(tmp_path)]) == 0

    told = capsys.readouterr().out
    assert "damaged: 2 lines of flight-000000001.log" in told
    assert "look      muted" in told


def test_a_missing_part_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(tmp_path / "flight-000000001.log", (1.0, START))
    _write(tmp_path / "flight-000000004.log", (2.0, Reached("look", "ready")), (3.0, START))

    assert main(["replay", str(tmp_path)]) == 0

    assert "missing: 2 files before flight-000000004.log" in capsys.readouterr().out


def test_a_checkpoint_of_another_version_is_told_and_the_next_start_is_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.dumps([1.0, "began", {"format": 3, "version": "9.9", "why": "new file"}]).encode()
    file = _write(tmp_path / "a.log", (2.0, replace(START, version="0.0.1", wall_s=1e300)), (3.0, Gap("why")))
    file.write_bytes(b"%08x %b\n" % (zlib.crc32(content), content) + file.read_bytes())

    assert main(["replay", str(file)]) == 0

    told = capsys.readouterr().out
    assert "what follows is only shown: recorded by ravatard 9.9 in format 3; this version reads" in told
    assert "(no date)  started, recorded by version 0.0.1" in told
    assert "left out  why" in told


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "holds no line of a flight recorder that can be read"),
        (b"\x00\xff" * 5_000, "holds no line of a flight recorder that can be read"),
        (encode(1.0, Reached("look", "ready")), "holds no beginning from which"),
    ],
)
def test_when_there_is_nothing_to_replay_one_sentence_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "some.log"
    if content is not None:
        file.write_bytes(content)

    status = main(["replay", str(file)])

    assert status == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"ravatard: {file} ")
    assert sentence in complaint
    assert complaint.count("\n") == 1


def test_an_empty_folder_is_nothing_to_replay(tmp_path: Path) -> None:
    assert main(["replay", str(tmp_path)]) == 2
