"""A report in words."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ravatard.cli.status.command import _report
from ravatard.cli.status.words import _SINGULAR, _age, changes, in_words, one_line
from ravatard.cli.terminal import cells
from ravatard.core.audio.progress import Progress
from ravatard.core.control.status import Reporter
from ravatard.core.conversation.conversation import Conversation
from tests.unit.core.conversation.test_conversation import OPTIONS


def report(**changes: Any) -> dict[str, Any]:
    return {
        "status": "ready: Ava (en)",
        "since_s": 75.2,
        "working": True,
        "degraded": [],
        "link": {"state": "online", "since_s": 7_500.0, "reason": ""},
        "session": {"state": "none", "since_s": 30.0, "reason": "nothing said for 120 s"},
        "talk": "idle",
        "microphone": {"state": "open", "device": "USB", "level_db": -40.2, "floor_db": -61.0},
        "muted": False,
        "speaker": {"state": "open", "device": "HDMI 0"},
        "gate": "vad",
        "avatar": "Ava",
        "language": "en",
        "uptime_s": 200_000.0,
        "pid": 4711,
        "turns": [],
        "counters": {"utterances": 2, "microphone_losses": 1, "overruns": 0, "turns": {"answered": 0}},
    } | changes


TURN = {
    "turn": 7,
    "ended_s_ago": 12.0,
    "outcome": "answered",
    "cause": "voice",
    "spoken_ms": 2_560,
    "answer_ms": 840,
    "slowest_send_ms": 12.4,
}


def test_the_first_line_says_how_it_is_and_since_when() -> None:
    assert next(in_words(report())) == "ready: Ava (en), for 1 min 15 s"


def test_a_client_starts_without_the_daemons_vocabulary() -> None:
    """On a small board its import takes longer than the answer."""
    script = "import sys, ravatard.cli.status.command; print('ravatard.core.events' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_everything_is_told_in_words() -> None:
    assert list(in_words(report()))[2:] == [
        "  avatar       Ava (en)",
        "  link         online for 2 h 5 min",
        "  live session none for 30 s: nothing said for 120 s",
        "  microphone   open, USB, -40 dB (quiet room -61 dB)",
        "  speaker      open, HDMI 0",
        "  gate         vad, idle",
        "  running      2 d 7 h, process 4711",
        "  turns        none yet",
        "  counted      2 utterances, 1 microphone loss",
    ]


def test_volume_quiet_hours_and_the_page_are_told() -> None:
    page = {"listen": "loopback", "scheme": "http", "port": 8_480, "names": []}
    hours = {"from": "22:00", "to": "07:00"}

    lines = list(in_words(report(volume=60, quiet=True, quiet_hours=hours, page=page)))

    assert "  volume       60 %, quiet hours from 22:00 to 07:00, now" in lines
    assert "  page         http://localhost:8480/" in lines
    lines = list(in_words(report(volume=60, quiet=False, quiet_hours=None, page=page | {"port": None})))
    assert "  volume       60 %" in lines
    assert "  page         not served" in lines


def test_what_is_wrong_comes_next() -> None:
    lines = list(in_words(report(degraded=["no lights: pin 5 is taken", "offline: no route."])))

    assert lines[1:3] == ["  ! no lights: pin 5 is taken", "  ! offline: no route."]


def test_an_appliance_that_knows_nothing_yet_is_told_too() -> None:
    nothing = {"state": "open", "device": "", "level_db": None, "floor_db": None}
    lines = list(in_words(report(avatar="", microphone=nothing, muted=True, counters={"turns": {}})))

    assert "  avatar       not known yet" in lines
    assert "  microphone   open, being closed" in lines
    assert lines[-1] == "  counted      -"


def test_the_newest_turns_are_told_newest_first() -> None:
    turns = [TURN | {"turn": number} for number in range(1, 10)]
    written = TURN | {"turn": 10, "cause": "text", "outcome": "unanswered"}
    written |= {"answer_ms": None, "slowest_send_ms": None}

    lines = list(in_words(report(turns=[*turns, written])))[-5:]

    assert lines[0] == "  turn 10, 12 s ago: in writing, unanswered"
    assert lines[1] == "  turn 9, 12 s ago: 2.6 s by voice, answered after 0.8 s, sent within 12 ms"


def test_the_full_stop_of_a_reason_does_not_meet_a_comma() -> None:
    first, *_ = in_words(report(status="offline: cannot reach chat.example."))

    assert first == "offline: cannot reach chat.example, for 1 min 15 s"


def test_one_of_anything_is_counted_in_the_singular() -> None:
    counters = Reporter(Conversation(OPTIONS), OPTIONS, 0.0, Progress()).snapshot(0.0)["counters"]
    one_each: dict[str, Any] = {name: 1 for name in counters if name != "turns"} | {"turns": {}}

    counted = list(in_words(report(counters=one_each)))[-1]

    assert {"1 speaker loss", "1 underrun", "1 press ignored"} <= {one.strip() for one in counted.split(",")}
    assert not {word.strip(",") for word in counted.split()} & _SINGULAR.keys()
    assert not [word for word in counted.replace(",", "").split() if word.endswith("s") and word[-2] != "s"]


def test_a_watcher_gets_a_line_with_its_time_at_every_change() -> None:
    times = iter(["08:00:00", "08:00:07"])
    same, other = report(), report(status="thinking: Ava (en)")

    lines = list(changes([same, same, other, other], lambda: next(times)))

    assert lines == [
        "08:00:00  ready: Ava (en); session none",
        "08:00:07  thinking: Ava (en); session none",
    ]


def test_a_watcher_gets_one_line_without_repetition() -> None:
    line = one_line(report(status="offline: no route.", degraded=["offline: no route.", "no lights: taken"]))

    assert line == "offline: no route.; session none; no lights: taken"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3_661, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_times_are_said_in_two_units(seconds: float, words: str) -> None:
    assert _age(seconds) == words


def test_no_name_in_a_report_can_repaint_the_terminal() -> None:
    evil = "\x1b]0;x\x07\x9b2J\u202e\r\nready: all is well"
    changes = {
        "avatar": evil,
        "status": evil,
        "degraded": [evil],
        "gate": evil,
        "counters": {"turns": {}, evil: 1},
    }
    told = _report({"ok": True, "pid": 1, "status": report(**changes)})

    lines = [*in_words(told), one_line(told)]

    assert not set("\x1b\x07\x9b\u202e\r\n") & set("".join(lines))
    assert told["pid"] == 1


def test_what_the_service_tells_of_itself_has_lines_of_its_own() -> None:
    lines = list(in_words(report(service={"ear": "socket", "health": "healthy"})))

    assert ["  ear          socket", "  health       healthy"] == lines[
        lines.index("  gate         vad, idle") + 1 :
    ][:2]


def test_a_service_that_is_told_no_language_has_none_in_the_status() -> None:
    lines = list(in_words(report(language="")))

    assert "  avatar       Ava" in lines


FULL = {
    "version": "0.2.0",
    "id": "ravatard-0123456789abcdef",
    "board": "respeaker-2mic",
    "model": "Raspberry Pi Zero 2 W Rev 1.0",
    "health": {
        "temperature_c": 48.3,
        "throttled": ["too little voltage"],
        "throttled_since_boot": ["too little voltage", "throttled"],
    },
    "session": {
        **{"state": "live", "since_s": 90.0, "reason": ""},
        **{"minutes": 1.5, "day_minutes": 7.0, "minutes_left": 8.5},
    },
    "microphone": {
        **{"state": "open", "device": "USB", "level_db": -40.2, "floor_db": -61.0, "wake_score": 0.1},
        "silence_ms": 840,
    },
    "first_sound": {"turns": 3, "median_ms": 1100, "p95_ms": 2340},
    "press_to_silence": {"turns": 2, "median_ms": 60, "p95_ms": 110},
    "near_misses": {"wake_word": 2, "gate": 1, "press": 4},
    "turns": [TURN | {"first_sound_ms": 1_530}],
}


def test_all_that_is_known_has_its_line() -> None:
    lines = list(in_words(report(**FULL)))

    assert [
        "  live session live for 1 min 30 s, 1.5 min paid, 8.5 min left",
        "  microphone   open, USB, -40 dB (quiet room -61 dB)",
        "  speaker      open, HDMI 0",
        "  gate         vad, idle, ends after 840 ms of silence",
        "  first sound  median 1.1 s after speech, 95 % within 2.3 s",
        "  silence      median 60 ms after a press that interrupts, 95 % within 110 ms",
        "  near misses  2 of the wake word, 1 with hardly any speech",
        "  board        respeaker-2mic, Raspberry Pi Zero 2 W Rev 1.0, 48 °C, too little voltage, "
        "since its start throttled",
        "  running      ravatard 0.2.0, 2 d 7 h, process 4711",
        "  id           ravatard-0123456789abcdef",
    ] == lines[4:14]
    assert lines[-1] == (
        "  turn 7, 12 s ago: 2.6 s by voice, answered after 0.8 s, heard 1.5 s after speech, "
        "sent within 12 ms"
    )


def test_a_board_that_tells_of_its_voltage_alone_is_told() -> None:
    health = {"temperature_c": None, "throttled": ["too little voltage"], "throttled_since_boot": None}
    lines = list(in_words(report(board=None, model=None, health=health)))

    assert "  board        too little voltage" in lines


def test_nothing_is_wider_than_a_narrow_terminal() -> None:
    troubles = ["no lights: pin 5 is taken by another program of this machine", "offline: no route."]

    lines = "\n".join(in_words(report(**FULL, other_troubles=troubles), 40)).splitlines()

    assert max(map(cells, lines)) <= 40
    assert lines[1:3] == ["  ! no lights: pin 5 is taken by another", "    program of this machine"]


def test_what_the_light_shows_is_not_told_a_second_time() -> None:
    told = report(
        status="no microphone: plug one in",
        degraded=["offline: no route.", "no microphone: plug one in"],
        other_troubles=["offline: no route."],
    )

    assert list(in_words(told))[:3] == [
        "no microphone: plug one in, for 1 min 15 s",
        "  ! offline: no route.",
        "",
    ]
    assert one_line(told) == "no microphone: plug one in; session none; offline: no route."


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([], "not heard yet"),
        ([{"score": 0.912, "hit": True}], "last scores 0.91"),
        (
            [{"score": 0.912, "hit": True}, {"score": 0.4, "hit": False}],
            "last scores 0.91 0.40? (? is a near miss)",
        ),
    ],
)
def test_scores_of_the_wake_word_say_which_was_a_near_miss(scores: list[Any], words: str) -> None:
    lines = in_words(report(wakeword={"word": "hey_ravatar", "last_scores": scores}))

    assert f"  wake word    hey_ravatar, {words}" in list(lines)
