"""What one message costs: a chunk into text, an answer out of text."""

from __future__ import annotations

import base64
import json
import timeit
from collections.abc import Callable

from ravatard.cloud.ravatar.wire import AudioTemplate, common_fields, received
from ravatard.core.audio_format import CHUNK_SAMPLES
from ravatard.secret import Secret
from tests.benchmarks.report import Row, Table, at_most, ratios, spread
from tests.benchmarks.scenes import quiet_room

_AIM_RATIO = 0.35


def measure(*, rounds: int) -> list[Table]:
    """One table."""
    pcm = quiet_room(CHUNK_SAMPLES / 16_000)
    common = common_fields("avatar-1", "appliance-1", "en", "ravatard", "session-1")
    template = AudioTemplate(common, Secret("0123456789abcdef"))
    whole = {
        **common,
        "chat_type": "voice",
        "requestType": "audio",
        "isLive": True,
        "LicenseId": "0123456789abcdef",
    }
    answer = json.dumps(
        {"type": "incoming", "answer": "I heard you. " * 20, "request": "Hello there", "id": 7}
    )
    sound = json.dumps({"type": "incoming", "audio_base64": base64.b64encode(bytes(480_000)).decode()})

    def dumps() -> str:
        return json.dumps({**whole, "audio_base64_pcm": base64.b64encode(pcm).decode()})

    ways: dict[str, Callable[[], object]] = {
        "chunk -> message: prepared template (shipped)": lambda: template.fill(pcm),
        "chunk -> message: b64encode + json.dumps": dumps,
        "message -> answer: 300 characters of text": lambda: received(answer),
        "message -> answer: 10 s of inline sound (24 kHz)": lambda: received(sound),
    }
    # Interleaved, so that a busy moment of the machine falls on all of them.
    taken: dict[str, list[float]] = {what: [] for what in ways}
    for _ in range(rounds):
        for what, way in ways.items():
            count = 20 if "sound" in what else 500
            taken[what].append(timeit.timeit(way, number=count) / count * 1e6)
    (shipped, plain, *_) = taken.values()
    ratio = min(shipped) / min(plain)
    rows = [Row(what, [spread(values, 1)]) for what, values in taken.items()]
    beside = {"by rounds": ratios(shipped, plain)}
    rows.append(Row("template / json.dumps", [f"{ratio:.2f}"], at_most(ratio, _AIM_RATIO, "x"), beside))
    return [Table("Messages, microseconds each", ("median [least, most]",), rows)]
