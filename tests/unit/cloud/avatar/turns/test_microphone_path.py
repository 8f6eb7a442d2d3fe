from __future__ import annotations

import pytest

from ravatard.cloud.avatar.turns.microphone_path import MicrophonePath, PathChange, PathTrial

SOCKET, TRACK, TEXT = MicrophonePath.SOCKET, MicrophonePath.TRACK, MicrophonePath.TEXT


def test_two_turns_in_a_row_without_evidence_end_a_path() -> None:
    trial = PathTrial((SOCKET, TRACK))

    assert trial.turn_over(2.0, heard=False) is None
    change = trial.turn_over(2.0, heard=False)

    assert change == PathChange(SOCKET, TRACK, "speech by socket brings no answer")
    assert (trial.path, trial.deaf) == (TRACK, False)


def test_evidence_between_begins_the_count_anew_and_proves_the_path() -> None:
    trial = PathTrial((SOCKET, TRACK))
    trial.turn_over(2.0, heard=False)

    trial.turn_over(2.0, heard=True)

    assert trial.proven
    assert trial.turn_over(2.0, heard=False) is None
    assert trial.path is SOCKET


def test_a_cough_says_nothing() -> None:
    trial = PathTrial((SOCKET, TRACK))

    assert [trial.turn_over(0.4, heard=False) for _ in range(5)] == [None] * 5


@pytest.mark.parametrize("paths", [(SOCKET,), (TRACK,), (SOCKET, TRACK), (TEXT, SOCKET, TRACK)])
def test_when_all_paths_failed_the_service_is_deaf_and_each_is_tried_again_in_turn(
    paths: tuple[MicrophonePath, ...],
) -> None:
    trial = PathTrial(paths)
    failed = [trial.leave("refused") for _ in paths]
    assert [one.taken for one in failed] == [*paths[1:], None]
    assert (trial.deaf, failed[-1].known) == (True, False)

    tried = []
    for _ in range(3 * len(paths)):
        tried.append(trial.path)
        change = trial.turn_over(1.0, heard=False)
        assert change is not None
        assert (change.taken, change.known) == (None, True)

    assert tried == [*paths] * 3
    trial.turn_over(1.0, heard=True)
    assert (trial.deaf, trial.proven, trial.path) == (False, True, paths[0])


def test_after_evidence_all_paths_are_to_be_tried_before_the_service_is_deaf_again() -> None:
    trial = PathTrial((SOCKET, TRACK))
    trial.leave("refused")
    trial.turn_over(1.0, heard=True)

    assert trial.leave("refused") == PathChange(TRACK, SOCKET, "refused")
    assert trial.leave("refused") == PathChange(SOCKET, None, "refused")


@pytest.mark.parametrize(("proven", "path"), [(True, TRACK), (False, SOCKET)])
def test_a_new_link_begins_anew_and_keeps_a_path_that_is_proven(proven: bool, path: MicrophonePath) -> None:
    trial = PathTrial((SOCKET, TRACK))
    trial.leave("refused")
    if proven:
        trial.turn_over(1.0, heard=True)

    trial.again()

    assert (trial.path, trial.deaf) == (path, False)
    assert trial.turn_over(1.0, heard=False) is None


def test_a_path_that_parrots_or_is_refused_is_left_at_once() -> None:
    trial = PathTrial((TEXT, SOCKET, TRACK))
    trial.turn_over(1.0, heard=True)

    assert trial.leave("refused") == PathChange(TEXT, SOCKET, "refused")
    assert not trial.proven
    assert trial.leave("the avatar repeats the person") == PathChange(
        SOCKET, TRACK, "the avatar repeats the person"
    )


@pytest.mark.parametrize("path", list(MicrophonePath))
def test_written_words_that_are_answered_prove_the_path_by_text_and_no_other(path: MicrophonePath) -> None:
    trial = PathTrial((path,))

    trial.answered_in_writing()

    assert trial.proven is (path is MicrophonePath.TEXT)
