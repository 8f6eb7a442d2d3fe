"""The model of the wake word is tried for a gate that waits for it, and for no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.assembly import wakeword
from ravatard.assembly.wakeword import WakeWordModel
from ravatard.config import Options
from ravatard.core.options.gate import GateOptions
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.devices.microphone.wakeword.model import FoundModel, kept
from ravatard.devices.microphone.wakeword.tried import TriedModel


@pytest.mark.parametrize("mode", ["auto", "vad", "button", "both"])
async def test_a_gate_without_a_word_looks_for_none(tmp_path: Path, mode: str) -> None:
    model = WakeWordModel(tmp_path, {})

    options = Options(gate=GateOptions(mode=mode), wakeword=WakeWordOptions(word="nowhere"))  # type: ignore[arg-type]
    await model.refresh(options)

    assert (model.current(), model.trouble) == (None, "")


async def test_trouble_is_one_sentence_and_over_when_no_word_is_wanted_any_more(tmp_path: Path) -> None:
    model = WakeWordModel(tmp_path, {})

    await model.refresh(Options(gate=GateOptions(mode="wakeword"), wakeword=WakeWordOptions(word="nowhere")))
    assert model.current() is None
    assert model.trouble
    assert "\n" not in model.trouble

    await model.refresh(Options())
    assert model.trouble == ""


async def test_a_model_that_was_tried_is_not_tried_again_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = [b"first"]
    tries: list[bytes] = []

    def found(options: WakeWordOptions, beside: Path) -> FoundModel:
        return FoundModel(options.word, str(beside), content[0], 5, 0.85)

    def tried(found: FoundModel, _: object) -> TriedModel:
        tries.append(found.content)
        return kept(found)

    monkeypatch.setattr(wakeword, "find_model", found)
    monkeypatch.setattr(wakeword, "try_model", tried)
    model, options = WakeWordModel(tmp_path, {}), Options(gate=GateOptions(mode="wakeword"))

    for now in (b"first", b"first", b"second"):
        content[0] = now
        await model.refresh(options)
        current = model.current()
        assert current is not None
        assert current.content == now

    assert tries == [b"first", b"second"]
