"""The end of a trial says what is at fault: the model, the library, or the machine at the moment."""

from __future__ import annotations

import pytest

from ravatard.devices.microphone.wakeword.model import FoundModel
from ravatard.devices.microphone.wakeword.trial import PassingTroubleError, trouble_of

FOUND = FoundModel("ada", "/etc/ravatard/wakewords/ada.tflite", b"", 5, 0.85)
RESTORED = "copy it anew"


@pytest.mark.parametrize("status", [-11, -6, -7, -8, -4, -24, 1, 139])
def test_a_process_that_its_model_ended_blames_the_model(status: int) -> None:
    trouble = trouble_of(FOUND, status, "", is_loaded=True, printed="")

    assert not isinstance(trouble, PassingTroubleError)
    assert str(trouble).startswith(f"{FOUND.path}: a process that loads it")
    assert RESTORED in str(trouble)


def test_a_refusal_is_told_with_a_remedy() -> None:
    trouble = trouble_of(FOUND, 2, "its score never moves", is_loaded=True, printed="")

    assert str(trouble) == f"{FOUND.path}: its score never moves; copy it anew, or use another"


@pytest.mark.parametrize("status", [-9, -15, -2, -1])
@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_process_that_was_ended_from_outside_blames_no_model(status: int, *, is_loaded: bool) -> None:
    trouble = trouble_of(FOUND, status, "", is_loaded=is_loaded, printed="")

    assert isinstance(trouble, PassingTroubleError)
    assert "from outside or because memory is short" in str(trouble)
    assert RESTORED not in str(trouble)


def test_a_process_without_memory_blames_no_model() -> None:
    trouble = trouble_of(FOUND, 4, "", is_loaded=True, printed="")

    assert isinstance(trouble, PassingTroubleError)
    assert str(trouble) == f"there is not enough memory to try {FOUND.path}; free some"


@pytest.mark.parametrize(("printed", "told"), [("OpenBLAS error: no memory", "(OpenBLAS"), ("\x07", "1;")])
def test_a_process_that_ended_before_the_library_was_loaded_blames_the_library(
    printed: str, told: str
) -> None:
    trouble = trouble_of(FOUND, 1, "", is_loaded=False, printed=printed)

    assert isinstance(trouble, PassingTroubleError)
    assert told in str(trouble)
    assert "wake word's library ended with status 1" in str(trouble)
    assert RESTORED not in str(trouble)


def test_a_library_that_says_why_it_cannot_be_loaded_is_told_alone() -> None:
    trouble = trouble_of(FOUND, 3, "the library is broken; reinstall it", is_loaded=False, printed="x")

    assert str(trouble) == "the library is broken; reinstall it"
