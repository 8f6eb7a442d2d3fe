from __future__ import annotations

from ravatard.sim.ravatar.history import ChatHistory


def _history(count: int) -> ChatHistory:
    history = ChatHistory()
    for number in range(count):
        history.add("user-1", {"_id": str(number)})
    return history


def _page(history: ChatHistory, per_page: int, page: int) -> tuple[list[object], bool]:
    messages, more = history.page("user-1", per_page, page)
    return [message["_id"] for message in messages], more


def test_nobody_has_said_nothing() -> None:
    assert ChatHistory().page("user-1", 100, 1) == ([], False)


def test_the_first_page_holds_the_newest_oldest_first() -> None:
    assert _page(_history(5), 2, 1) == (["3", "4"], True)


def test_the_last_page_may_be_short() -> None:
    assert _page(_history(5), 2, 3) == (["0"], False)


def test_a_full_last_page_has_nothing_after_it() -> None:
    assert _page(_history(4), 2, 2) == (["0", "1"], False)


def test_a_page_beyond_the_last_is_empty() -> None:
    assert _page(_history(4), 2, 9) == ([], False)


def test_users_do_not_see_each_other() -> None:
    assert _history(4).page("user-2", 100, 1) == ([], False)


def test_the_oldest_are_forgotten() -> None:
    messages, more = _history(1_200).page("user-1", 1_000, 1)

    assert (messages[0]["_id"], len(messages), more) == ("200", 1_000, False)
