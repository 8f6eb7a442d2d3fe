"""Collector: turns the status report into metric families when a scraper asks; keeps no books of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from ravatard.core.control.figures import Figures, WaitHistogram
from ravatard.core.indication import Look
from ravatard.core.states import MicrophoneStatus, Refusal

Report = Mapping[str, Any]

#: Counters of the report: name of the metric without its ``_total``, and its help.
_COUNTERS = {
    "utterances": ("utterances", "Utterances that opened the gate."),
    "utterances_dropped": ("utterances_dropped", "Utterances cancelled because too much waited to be sent."),
    "messages": ("messages_sent", "Messages of turns sent to the service."),
    "sessions_started": ("sessions_started", "Live sessions started."),
    "reconnects": ("reconnects", "Connections after the first."),
    "microphone_losses": ("microphone_losses", "Losses of the capture device."),
    "overruns": ("overruns", "Overruns of the capture device."),
    "answers_heard": ("answers_heard", "Answers, or parts of them, that began to sound."),
    "answers_unplayable": ("answers_unplayable", "Answers not played, or not to their end."),
    "speaker_losses": ("speaker_losses", "Losses of the playback device."),
    "voice_losses": ("voice_losses", "Losses of the live voice."),
    "underruns": ("underruns", "Times the speaker wanted sound that had not come."),
    "wakes": ("wakes", "Wake words heard."),
    "wake_near_misses": ("wake_near_misses", "Sounds that were nearly the wake word."),
}
#: Counters that only an appliance with that part has.
_OPTIONAL_COUNTERS = {
    "mqtt_dropped": ("mqtt_messages_dropped", "Messages of the MQTT broker dropped because too many came."),
}
#: Counters of the report about a gate that opened, or nearly, for nothing, by the opener.
_FALSE_STARTS = {"wakes_unused": "wakeword", "presses_ignored": "button"}


@dataclass(frozen=True, slots=True)
class StaticFacts:
    """Facts that stay as they are for the life of the process.

    Attributes:
        version: of the program.
        mode: ``live`` or ``chat``.
        day_budget_s: paid time that may be spent in 24 hours; None: no limit.
        started_at: seconds since the epoch.
        certificates: gives when own certificates expire, by their use, in seconds since the epoch; ``page``:
            of the owner's page; ``mqtt``: with which the broker knows us.
    """

    version: str = ""
    mode: str = ""
    day_budget_s: float | None = None
    started_at: float = 0.0
    certificates: Callable[[], Mapping[str, float]] = dict


@dataclass(slots=True, eq=False)
class StatusCollector:
    """Collector of the prometheus client. Of text and ids in the report it shows only the appliance's own id.

    Attributes:
        figures: counted beside the report.
        clock: the loop's time in seconds.
        wall: this machine's clock, in seconds since the epoch.
        facts: what never changes.
        report: the report of this scrape; put here before collecting.
    """

    figures: Figures
    clock: Callable[[], float]
    facts: StaticFacts = StaticFacts()
    report: Report = field(default_factory=dict)
    wall: Callable[[], float] = time.time

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield from self._states(self.report)
        yield from self._levels(self.report)
        yield from self._counters(self.report["counters"])
        yield from self._paid()
        yield from self._expiries(self.report)
        figures = self.figures
        yield _histogram(
            "answer", "From the end of speech to the first sound of its answer.", figures.answers
        )
        yield _histogram(
            "first_message", "From the gate's opening to its first message.", figures.first_messages
        )
        yield _histogram(
            "silence", "From a press while the avatar is heard to its silence.", figures.silences
        )

    def _states(self, report: Report) -> Iterator[Metric]:
        labels = {
            "id": str(report.get("id") or ""),
            "version": str(report.get("version") or self.facts.version),
            "board": str(report.get("board") or ""),
            "mode": self.facts.mode,
        }
        info = GaugeMetricFamily(
            "ravatard_info", "Id, version, board and mode of the appliance.", labels=tuple(labels)
        )
        info.add_metric(tuple(labels.values()), 1)
        yield info
        state = GaugeMetricFamily(
            "ravatard_state", "1 for the state that the lights show.", labels=("state",)
        )
        for look in Look:
            state.add_metric((look.value,), report["state"] == look.value)
        yield state
        microphone = report["microphone"]["state"]
        opened = microphone in (MicrophoneStatus.OPEN.value, MicrophoneStatus.HELD.value)
        yield _gauge(
            "working", "1 while the appliance does what it is for, also when muted.", report["working"]
        )
        yield _gauge("troubles", "Number of faults that are told.", len(report["degraded"]))
        yield _gauge("link_up", "1 while the service is reached.", report["link"]["state"] == "online")
        yield _gauge(
            "session_active", "1 while a live session is paid for.", report["session"]["state"] != "none"
        )
        yield _gauge("muted", "1 while the user wants the microphone closed.", report["muted"])
        yield _gauge("microphone_open", "1 while the capture device is open.", opened)
        yield _gauge(
            "start_time_seconds", "Start of the daemon, seconds since the epoch.", self.facts.started_at
        )

    def _levels(self, report: Report) -> Iterator[Metric]:
        microphone = report["microphone"]
        for key, name, text in (
            ("level_db", "level", "Level of the microphone"),
            ("floor_db", "noise_floor", "Noise floor"),
        ):
            if microphone[key] is not None:
                yield _gauge(
                    f"microphone_{name}_dbfs",
                    f"{text}, in dB of full scale: dB has no base unit.",
                    microphone[key],
                )
        yield _gauge("volume_ratio", "Loudness of answers, 1 is full.", report["volume"] / 100)
        if (temperature := (report.get("health") or {}).get("temperature_c")) is not None:
            yield _gauge("board_temperature_celsius", "Temperature of the board.", temperature)

    def _counters(self, counters: Mapping[str, Any]) -> Iterator[Metric]:
        for key, (name, text) in _COUNTERS.items():
            yield CounterMetricFamily(f"ravatard_{name}", text, value=counters[key])
        for key, (name, text) in _OPTIONAL_COUNTERS.items():
            if key in counters:
                yield CounterMetricFamily(f"ravatard_{name}", text, value=counters[key])
        turns = ((outcome, count) for outcome, count in counters["turns"].items())
        yield _labelled("turns", "Turns by their outcome.", "outcome", turns)
        refusals = ((refusal.value, self.figures.refusals[refusal]) for refusal in Refusal)
        yield _labelled("sessions_refused", "Live sessions refused, by the reason.", "reason", refusals)
        false_starts = ((gate, counters[key]) for key, gate in _FALSE_STARTS.items())
        yield _labelled(
            "false_starts", "Openings of the gate with nothing said, by the opener.", "gate", false_starts
        )

    def _paid(self) -> Iterator[Metric]:
        paid_s = self.figures.paid_s(self.clock())
        yield CounterMetricFamily("ravatard_session_seconds", "Seconds of live sessions.", value=paid_s)
        if self.facts.day_budget_s is not None:
            yield _gauge(
                "session_budget_seconds",
                "Seconds of live sessions allowed in 24 hours.",
                self.facts.day_budget_s,
            )

    def _expiries(self, report: Report) -> Iterator[Metric]:
        if certificates := self.facts.certificates():
            family = GaugeMetricFamily(
                "ravatard_certificate_expiry_timestamp_seconds",
                "Expiry of the appliance's own certificates, by their use, seconds since the epoch.",
                labels=("certificate",),
            )
            for use, at in certificates.items():
                family.add_metric((use,), at)
            yield family
        if (left_s := report.get("access_expires_s")) is not None:
            # Whole seconds: a value that stays costs a Prometheus nothing.
            at = float(round(self.wall() + left_s))
            yield _gauge(
                "token_expiry_timestamp_seconds",
                "Expiry of the service's token, seconds since the epoch.",
                at,
            )


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ravatard_{name}", text, value=float(value))


def _labelled(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"ravatard_{name}", text, labels=(label,))
    for value, count in values:
        family.add_metric((value,), count)
    return family


def _histogram(name: str, text: str, waits: WaitHistogram) -> HistogramMetricFamily:
    counts = waits.cumulative
    bounds = (*(f"{bound:g}" for bound in waits.bounds), "+Inf")
    family = HistogramMetricFamily(f"ravatard_{name}_seconds", text)
    family.add_metric((), list(zip(bounds, counts, strict=True)), waits.total_s)
    return family
