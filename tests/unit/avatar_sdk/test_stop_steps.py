from __future__ import annotations

import json

import pytest

from ravatard.avatar_sdk.network_port import WholeReply
from ravatard.avatar_sdk.stop_steps import StopOutcome, stop_steps
from ravatard.secret import Secret

GONE = WholeReply(404, b'{"error":{"code":"SESSION_NOT_FOUND"}}')
ENDED = WholeReply(200, b'{"status":"stopped","duration":3}')


def outcome(session_id: str, *answers: WholeReply) -> tuple[list[str], StopOutcome]:
    """Return the ids that were stopped, "?" for the list, and the outcome."""
    steps, asked = stop_steps(Secret(session_id)), list[str]()
    step = next(steps)
    try:
        for reply in answers:
            asked.append(json.loads(step.body)["session_id"] if step.body is not None else "?")
            step = steps.send(reply)
    except StopIteration as over:
        return asked, over.value
    raise AssertionError(f"{step} is not answered")


def listing(*ids: str) -> WholeReply:
    entries = [{"session_id": one} for one in ids]
    return WholeReply(200, json.dumps({"sessions": entries, "total": len(entries)}).encode())


def test_the_services_word_ends_it_and_tells_how_long_it_was() -> None:
    assert outcome("a", ENDED) == (["a"], StopOutcome(None, 3.0))


@pytest.mark.parametrize(("session_id", "asked"), [("a", ["a"]), (" a\n", [" a\n", "a"])])
def test_one_that_is_not_known_is_stopped_by_its_other_form(session_id: str, asked: list[str]) -> None:
    assert outcome(session_id, *[GONE] * len(asked)) == (asked, StopOutcome())


@pytest.mark.parametrize(
    "unclear", [WholeReply(200, b"<html>"), WholeReply(404, b"{}"), WholeReply(500, b"")]
)
def test_what_no_answer_settles_is_looked_for_in_the_list(unclear: WholeReply) -> None:
    assert outcome("a", unclear, listing("b")) == (["a", "?"], StopOutcome())
    assert outcome("a", unclear, listing("a"))[1].failure is not None
    assert outcome("a", unclear, WholeReply(404, b""))[1].failure is not None
