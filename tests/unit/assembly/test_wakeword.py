"""The model of the wake word is tried for a gate that waits for it, and for no other."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from ravatard.assembly import wakeword
from ravatard.assembly.wakeword import WAIT_S, WakeWordModel
from ravatard.config import Options
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.devices.microphone.wakeword.model import FoundModel, kept
from ravatard.devices.microphone.wakeword.trial import PassingTroubleError
from ravatard.devices.microphone.wakeword.tried import TriedModel
from ravatard.errors import DeviceError


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


class Trials:
    """Trials whose results, or lengths of time before them, a test has written down."""

    def __init__(self, *results: float | Exception | TriedModel) -> None:
        self.results = list(results)
        self.tried_at: list[float] = []

    def run(
        self, _: object, options: WakeWordOptions, before: TriedModel | None
    ) -> asyncio.Future[TriedModel]:
        loop = asyncio.get_running_loop()
        self.tried_at.append(loop.time())
        trial: asyncio.Future[TriedModel] = loop.create_future()
        first = self.results.pop(0)
        if isinstance(first, float):
            loop.call_later(first, self._end, trial, before)
        else:
            self.results.insert(0, first)
            loop.call_soon(self._end, trial, before)
        return trial

    def _end(self, trial: asyncio.Future[TriedModel], before: TriedModel | None) -> None:
        result = self.results.pop(0)
        if trial.cancelled():
            return
        if isinstance(result, Exception):
            trial.set_exception(result)
        else:
            assert isinstance(result, TriedModel)
            trial.set_result(before if before == result else result)


def a_model(word: str) -> TriedModel:
    return kept(FoundModel(word, "somewhere", word.encode(), 5, 0.85))


def wanted(word: str, sensitivity: str = "normal") -> Options:
    return Options(
        gate=GateOptions(mode="wakeword"), wakeword=WakeWordOptions(word=word, sensitivity=sensitivity)
    )


BASE = ConversationOptions(SessionOptions(), TurnOptions(), GateOptions(mode="wakeword"), has_button=False)
BROKEN = DeviceError("ada.tflite is broken; copy it anew")
STARVED = PassingTroubleError("there is not enough memory to try it; free some")


@pytest.mark.parametrize("trouble", [BROKEN, STARVED, 10.0])
async def test_a_good_model_goes_on_when_another_cannot_be_used_and_all_tell_what_runs(
    trouble: Exception | float,
) -> None:
    ada = a_model("ada")
    model = WakeWordModel(Path(), {}, run=Trials(ada, trouble, BROKEN).run)
    await model.refresh(wanted("ada", "low"))
    before = model.taken_into(BASE)

    await model.refresh(wanted("bob", "high"))

    assert (model.current(), model.trouble) == (ada, "")
    taken = model.taken_into(BASE)
    assert (taken.wakeword.word, taken.wakeword.sensitivity) == ("ada", "low")
    assert taken.equipment.wakeword_model == before.equipment.wakeword_model
    assert taken.wakeword_trouble == ""
    assert taken.equipment.wakeword_kept
    assert model.told == f"the wake word ada goes on as before: {taken.equipment.wakeword_kept}"
    assert ada.content == b"ada"
    if isinstance(trouble, float):
        # And so it does when the trial is over.
        await trying(model, 20.0)
        assert model.told == f"the wake word ada goes on as before: {BROKEN}"


async def test_another_word_is_another_model_and_the_same_one_is_not() -> None:
    ada, bob = a_model("ada"), a_model("bob")
    model = WakeWordModel(Path(), {}, run=Trials(ada, ada, bob).run)

    numbers = []
    for word in ("ada", "ada", "bob"):
        await model.refresh(wanted(word))
        taken = model.taken_into(BASE)
        assert (taken.wakeword.word, taken.equipment.wakeword_kept, model.told) == (word, "", "")
        numbers.append(taken.equipment.wakeword_model)

    assert numbers == [1, 1, 2]
    assert model.current() == bob


async def test_without_a_model_from_before_a_bad_one_is_trouble() -> None:
    model = WakeWordModel(Path(), {}, run=Trials(BROKEN).run)

    await model.refresh(wanted("ada"))

    assert (model.trouble, model.kept) == (str(BROKEN), "")
    assert model.told == f"no wake word: {BROKEN}"
    assert model.taken_into(BASE).wakeword_trouble == str(BROKEN)


async def trying(model: WakeWordModel, seconds: float) -> list[tuple[float, str]]:
    """When and how trouble changed meanwhile."""
    changes: list[tuple[float, str]] = []
    clock = asyncio.get_running_loop().time
    begun = clock()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await model.keep_trying(lambda: changes.append((round(clock() - begun, 1), model.trouble)))
    return changes


async def test_a_passing_trouble_is_tried_again_after_growing_pauses_and_a_few_times_only() -> None:
    model = WakeWordModel(Path(), {}, run=Trials(*[STARVED] * 5).run)
    await model.refresh(wanted("ada"))
    assert model.trouble == f"{STARVED}; it is tried again in 15 s"

    changes = await trying(model, 100_000.0)

    assert changes == [
        (15.0, f"{STARVED}; it is tried again in 60 s"),
        (75.0, f"{STARVED}; it is tried again in 300 s"),
        (375.0, f"{STARVED}; it is tried again in 1800 s"),
        (2175.0, f"{STARVED}; `ravatard reload` tries again"),
    ]


async def test_a_later_trial_that_succeeds_ends_the_trouble() -> None:
    model = WakeWordModel(Path(), {}, run=Trials(STARVED, a_model("ada")).run)
    await model.refresh(wanted("ada"))

    assert await trying(model, 1_000.0) == [(15.0, "")]
    assert model.current() is not None


async def test_a_model_that_is_bad_is_not_tried_again() -> None:
    trials = Trials(BROKEN)
    model = WakeWordModel(Path(), {}, run=trials.run)
    await model.refresh(wanted("ada"))

    assert await trying(model, 100_000.0) == []
    assert len(trials.tried_at) == 1


async def test_a_trial_that_takes_long_is_waited_for_beside_the_appliance() -> None:
    model = WakeWordModel(Path(), {}, run=Trials(10.0, a_model("ada")).run)
    begun = asyncio.get_running_loop().time()

    await model.refresh(wanted("ada"))

    assert asyncio.get_running_loop().time() - begun == WAIT_S
    assert model.trouble == "its model is being tried for more than 4.5 s"
    assert await trying(model, 100.0) == [(5.5, "")]


async def test_a_reload_ends_a_pause_and_a_trial_from_before_it_counts_for_nothing() -> None:
    bob = a_model("bob")
    model = WakeWordModel(Path(), {}, run=Trials(STARVED, 100.0, a_model("ada"), bob).run)
    await model.refresh(wanted("ada"))
    async with asyncio.TaskGroup() as group:
        endless = group.create_task(trying(model, 1_000.0))
        await asyncio.sleep(20.0)
        trials = model._run.__self__  # type: ignore[attr-defined]
        trials.results = [bob]
        await model.refresh(wanted("bob"))
        trials.results = [a_model("ada")]

    assert endless.result() == []
    assert (model.current(), model.trouble) == (bob, "")
    assert bob.content == b"bob"
