from __future__ import annotations

from ravatard.sim.options import KeepOptions
from ravatard.sim.ravatar.licences import EndedLicence, Licences
from ravatard.sim.ravatar.record import Record


def _pool(total: int) -> Licences:
    return Licences(total, lambda what: f"<{what}>", Record(KeepOptions()))


def _start(pool: Licences, user_id: str = "user-1") -> str:
    session = pool.start(user_id, "avatar", 1.0)
    assert session is not None
    return session.licence


def test_a_pool_gives_as_many_as_it_has() -> None:
    pool = _pool(2)

    first, second = _start(pool), _start(pool)

    assert first != second
    assert pool.start("user-2", "avatar", 1.0) is None


def test_a_licence_given_back_can_be_had_again_under_another_name() -> None:
    pool = _pool(1)
    first = _start(pool)

    pool.end(first, "client", "asked for", 2.0)

    assert _start(pool) not in {"", first}


def test_a_licence_is_held_by_its_user_alone() -> None:
    pool = _pool(1)
    licence = _start(pool)

    assert pool.held(licence, "user-1") is not None
    assert pool.held(licence, "user-2") is None
    assert pool.held("another", "user-1") is None


def test_an_open_session_is_found_by_its_number_and_its_user() -> None:
    pool = _pool(2)
    first, second = _start(pool), _start(pool)

    pool.end(first, "client", "asked for", 2.0)

    found = pool.numbered(2, "user-1")
    assert found is not None
    assert found.licence == second
    assert pool.numbered(1, "user-1") is None
    assert pool.numbered(2, "user-2") is None


def test_an_ended_licence_is_remembered_with_who_ended_it() -> None:
    pool = _pool(1)
    licence = _start(pool)

    ended = pool.end(licence, "service", "expired", 2.0)

    assert ended is not None
    assert (ended.ended_at, ended.ended_by, ended.end_reason) == (2.0, "service", "expired")
    assert pool.ended(licence, "user-1") == EndedLicence("user-1", "service")
    assert pool.ended(licence, "user-2") is None
    assert pool.held(licence, "user-1") is None


def test_a_licence_ends_once() -> None:
    pool = _pool(1)
    licence = _start(pool)
    pool.end(licence, "client", "asked for", 2.0)

    assert pool.end(licence, "client", "asked for", 3.0) is None
    assert pool.end("another", "client", "asked for", 3.0) is None


def test_a_smaller_pool_ends_nobodys_session() -> None:
    pool = _pool(2)
    licence = _start(pool)

    pool.total = 0

    assert pool.held(licence, "user-1") is not None
    assert pool.start("user-1", "avatar", 1.0) is None


def test_the_oldest_ended_licences_are_forgotten() -> None:
    pool = _pool(1)
    ended = []

    for _ in range(10_001):
        ended.append(_start(pool))
        pool.end(ended[-1], "client", "asked for", 2.0)

    assert pool.ended(ended[0], "user-1") is None
    assert pool.ended(ended[1], "user-1") is not None
