"""The other placement, to compare with: ``ravatard run`` with its gate in the daemon.

All else is the shipped program: its command line, its stages, its sound process and the watch over it. The
sound process gets no gate, reads 60 ms while it is quiet and 20 ms when told that the gate is attentive (as
shipped), and sends each block; the event loop reads it and feeds the gate.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ravatard.assembly import parts as assembly
from ravatard.cli import main
from ravatard.core.actions import MicrophoneCommand, Mute, Press, Release
from ravatard.core.audio.gate import Gate
from ravatard.core.events import Listened
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone import child as microphone_child
from ravatard.devices.microphone.listener import HEARTBEAT_SAMPLES
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import RawBlock, Record
from ravatard.devices.microphone.vad import speech_detector


class DaemonEar(ChildMicrophone):
    """A ChildMicrophone whose child only reads."""

    def __init__(
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        gate: GateOptions,
        voice: VoiceOptions,
        *,
        mode: GateMode,
        environ: Mapping[str, str],
        muted: bool = False,
        **others: Any,
    ) -> None:
        """``others``: see :class:`ChildMicrophone`; this one compares voices, without word or canceller."""
        super().__init__(microphone, capture, gate, voice, mode=mode, environ=environ, muted=muted, **others)
        self._start = replace(self._start, mode=None)
        self._gate = Gate(gate, voice, speech_detector(voice.aggressiveness), mode=mode)
        self._sent_attentive = False
        self._beat_at = HEARTBEAT_SAMPLES

    def command(self, command: MicrophoneCommand) -> None:
        """Obeyed here; nothing to tell the child."""
        if isinstance(command, Mute):
            super().command(command)
            return
        for event in self._gate.command(command, 0.0):
            super()._handle(event)

    def _handle(self, record: Record) -> None:
        if not isinstance(record, RawBlock):
            super()._handle(record)
            return
        gate = self._gate
        for event in gate.feed(record.pcm, record.read_at):
            super()._handle(event)
        if gate.samples >= self._beat_at:
            self._beat_at += HEARTBEAT_SAMPLES
            super()._handle(Listened(gate.samples, gate.level_db, gate.floor_db, 0))
        child = self._supervisor.child
        if gate.attentive is not self._sent_attentive and child is not None:
            self._sent_attentive = gate.attentive
            child.send(Press() if gate.attentive else Release())


def _raw_worker() -> list[str]:
    return [sys.executable, "-P", "-m", "tests.benchmarks.raw_worker"]


if __name__ == "__main__":
    if not TYPE_CHECKING:
        assembly.ChildMicrophone = DaemonEar
        microphone_child.worker_command = _raw_worker
    # What comes first is the name of the command this stands in for.
    sys.exit(main(sys.argv[2:]))
