from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ravatard.devices.process.call_mark import Call, CallMark, call_of

PROGRAM = """
import sys, threading
from ravatard.devices.process.call_mark import Call, CallMark
mark = CallMark(Call.WAKE_WORD)
def step():
    mark.set(); print("set", flush=True); sys.stdin.readline()
    mark.clear(); print("clear", flush=True); sys.stdin.readline()
if sys.argv[1] == "thread":
    thread = threading.Thread(target=step); thread.start(); thread.join()
else:
    step()
"""


def seen_of(where: str) -> list[Call | None]:
    """The mark of a process inside a call and after it, made in its main thread or in another."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = []
        for _ in range(2):
            process.stdout.readline()
            seen.append(call_of(process.pid))
            process.stdin.write("\n")
            process.stdin.flush()
    return seen


def test_another_process_sees_the_mark_for_as_long_as_it_is_set() -> None:
    assert seen_of("main") == [Call.WAKE_WORD, None]


def test_a_call_in_a_thread_marks_the_process() -> None:
    """PortAudio calls from a thread of its own."""
    assert seen_of("thread") == [Call.WAKE_WORD, None]


def test_without_proc_nothing_is_marked(tmp_path: Path) -> None:
    mark = CallMark(Call.CONFIRMATION, str(tmp_path / "none"))
    mark.set()
    mark.clear()

    assert call_of(os.getpid(), str(tmp_path)) is None


def test_a_process_that_a_call_has_ended_is_marked_until_it_is_waited_for() -> None:
    ends = "mark.set(); import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    program = PROGRAM.partition("def step")[0] + ends
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read()

        assert call_of(process.pid) is Call.WAKE_WORD
