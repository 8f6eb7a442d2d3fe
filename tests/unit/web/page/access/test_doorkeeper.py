"""Who is let in, with a file in memory and a clock that a test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from ravatard.web.page.access import doorkeeper, password
from ravatard.web.page.access.attempt_gate import MOST_WAITING, AttemptGate
from ravatard.web.page.access.attempts import A_MINUTE
from ravatard.web.page.access.claim import AGAIN_S, MOST_SAID, SAID_WITHIN_S, WAIT_S
from ravatard.web.page.access.doorkeeper import Doorkeeper
from ravatard.web.page.access.keys import Keys
from ravatard.web.page.access.record import (
    CLOCK_BACK_S,
    IDLE_S,
    MOST_TOKENS,
    NOTED_S,
    changing,
    one_time_code,
)
from ravatard.web.page.access.vault import MOST_UNSAVED, Vault
from ravatard.web.page.refused import RequestRefused

WORD = "correct horse"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "COST", 16)


class MemoryFile:
    """A file of passwords in memory.

    ``trouble`` is raised by every use; ``full``: the disk takes no change; ``written`` counts changes, and
    ``refused`` those that the full disk did not take.
    """

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.trouble: OSError | None = None
        self.full = False
        self.written = self.refused = 0

    def stamp(self) -> object:
        return self.content, self.trouble

    def read(self) -> bytes | None:
        if self.trouble is not None:
            raise self.trouble
        return self.content

    def update(self, change: Callable[[bytes | None], bytes | None]) -> None:
        new = change(self.read())
        if new is not None and self.full:
            self.refused += 1
            raise OSError(28, "No space left on device")
        if new is not None:
            self.content = new
            self.written += 1


class House:
    """A doorkeeper with its file and its clocks."""

    def __init__(self, file: MemoryFile | None = None) -> None:
        self.file = file or MemoryFile()
        self.now = 1_000.0
        self.vault = Vault(self.file)
        self.keeper = Doorkeeper(self.vault, wall=lambda: self.now, clock=lambda: self.now)
        self.keys = Keys(self.vault, lambda: self.now)

    @property
    def maker(self) -> str:
        """Id of the first session."""
        return self.vault.record.sessions[0].id

    async def claimed(self) -> str:
        """Claim it by a press; return the cookie."""
        self.keeper.await_press(button=True)
        code = self.keeper.code_for_press()
        assert code is not None
        return await self.keeper.take_claim(code, WORD, "a")


async def refused(attempt: object) -> RequestRefused:
    with pytest.raises(RequestRefused) as error:
        await attempt  # type: ignore[misc]
    return error.value


async def test_before_a_claim_no_caller_is_known_and_none_logs_in() -> None:
    house = House()

    assert house.keeper.visitor("anything", None) is None
    assert house.keeper.visitor(None, "anything") is None
    assert (await refused(house.keeper.log_in(WORD, "a"))).code == "not-claimed"
    assert house.keeper.offer(button=True).open


async def test_a_claim_makes_an_owner() -> None:
    house = House()

    visitor = house.keeper.visitor(await house.claimed(), None)

    assert visitor is not None
    assert visitor.owner
    assert visitor.scopes == ("read", "control", "configure")
    assert not house.keeper.offer(button=True).open
    assert house.keeper.code_for_press() is None


async def test_the_offer_says_what_is_awaited() -> None:
    house = House()
    house.keeper.await_press(button=True)
    awaiting = house.keeper.offer(button=True)
    house.keeper.code_for_press()
    spoken = house.keeper.offer(button=True)
    house.now += WAIT_S

    assert (awaiting.waiting, awaiting.spoken, awaiting.expires_s) == (True, False, 120)
    assert (spoken.waiting, spoken.spoken, spoken.tries_left) == (False, True, 3)
    assert house.keeper.code_for_press() is None


@pytest.mark.parametrize(
    ("service", "command"), [(True, "sudo ravatard page code"), (False, "ravatard page code")]
)
async def test_the_offer_names_the_command_that_is_right_where_the_appliance_runs(
    monkeypatch: pytest.MonkeyPatch, command: str, *, service: bool
) -> None:
    monkeypatch.setattr("ravatard.installation.is_services", lambda: service)

    assert House().keeper.offer(button=False).command == command


async def test_no_file_holds_what_lets_a_caller_in() -> None:
    house = House()
    cookie = await house.claimed()
    made = await house.keys.make_token("lamp", ["control", "read", "read"], house.maker)

    assert house.file.content is not None
    for secret in (WORD, cookie, made.token):
        assert secret.encode() not in house.file.content
    assert made.entry.scopes == ["control", "read"]


async def test_a_wrong_password_is_slowed_down_and_a_right_one_is_not() -> None:
    house = House()
    await house.claimed()
    for _ in range(3):
        assert (await refused(house.keeper.log_in("wrong horse", "b"))).status == 401

    slow = await refused(house.keeper.log_in(WORD, "b"))
    assert (slow.status, slow.retry_after_s) == (429, 1)
    assert await house.keeper.log_in(WORD, "c")
    house.now += 1.0
    assert await house.keeper.log_in(WORD, "b")


async def test_a_session_ends_by_idleness_log_out_and_a_new_password() -> None:
    house = House()
    first = await house.claimed()
    second = await house.keeper.log_in(WORD, "b")
    visitor = house.keeper.visitor(second, None)
    assert visitor is not None

    await house.keys.end_session(visitor.id)
    assert house.keeper.visitor(second, None) is None
    assert not house.keeper.still_in(visitor)
    third = await house.keeper.change_password(WORD, "another horse", "a")
    assert house.keeper.visitor(first, None) is None
    assert house.keeper.visitor(third, None) is not None
    house.now += IDLE_S + 1
    assert house.keeper.visitor(third, None) is None


async def test_a_password_is_changed_by_one_who_knows_it() -> None:
    house = House()
    cookie = await house.claimed()

    assert (await refused(house.keeper.change_password("wrong horse", "another", "a"))).status == 401
    assert house.keeper.visitor(cookie, None) is not None


async def test_a_token_is_no_owner_and_ends_when_it_is_revoked() -> None:
    house = House()
    await house.claimed()
    made = await house.keys.make_token("lamp", ["control"], house.maker)
    visitor = house.keeper.visitor(None, made.token)
    assert visitor is not None

    assert (visitor.owner, visitor.scopes, visitor.name) == (False, ("control",), "token 'lamp'")
    assert house.keeper.visitor(made.token, None) is None, "a token is no cookie"
    assert house.keeper.still_in(visitor)
    await house.keys.revoke_token(made.entry.id)
    assert house.keeper.visitor(None, made.token) is None
    assert not house.keeper.still_in(visitor)


async def test_there_are_so_many_tokens_and_no_more() -> None:
    house = House()
    await house.claimed()
    for at in range(MOST_TOKENS):
        await house.keys.make_token(str(at), ["read"], house.maker)

    assert (await refused(house.keys.make_token("one more", ["read"], house.maker))).status == 409
    assert len(house.keys.tokens()) == MOST_TOKENS


class InterruptedFile(MemoryFile):
    """A file during whose next change ``meanwhile`` is called, before or after it is written."""

    def __init__(self, *, late: bool) -> None:
        super().__init__()
        self.late = late
        self.meanwhile: Callable[[], object] | None = None

    def update(self, change: Callable[[bytes | None], bytes | None]) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None and not self.late:
            meanwhile()
        super().update(change)
        if meanwhile is not None and self.late:
            meanwhile()


async def test_a_token_goes_with_a_session_that_ended_while_it_waited() -> None:
    house = House()
    await house.claimed()
    maker = house.maker

    async with house.vault._writing:
        making = asyncio.create_task(house.keys.make_token("a thief's", ["read"], maker))
        await asyncio.sleep(0)
        ending = asyncio.create_task(house.keys.end_session(maker))
        await asyncio.sleep(0)

    assert (await refused(making)).status == 401
    await ending
    assert house.keys.tokens() == []


@pytest.mark.parametrize("late", [False, True])
async def test_a_token_goes_with_a_session_that_ends_while_it_is_written(late: bool) -> None:
    house = House(InterruptedFile(late=late))
    await house.claimed()
    maker, ending = house.maker, house.keys.end_session(house.maker)
    ended: list[asyncio.Task[None]] = []

    def end_it() -> None:
        # As far as its first wait, which is for the write that is going on; then by a task.
        ending.send(None)
        asyncio.get_running_loop().call_soon(lambda: ended.append(asyncio.create_task(ending)))

    assert isinstance(house.file, InterruptedFile)
    house.file.meanwhile = end_it

    assert (await refused(house.keys.make_token("a thief's", ["read"], maker))).status == 401

    await ended[0]
    assert house.keys.tokens() == []
    assert Vault(house.file).record.tokens == []


async def test_a_clock_that_is_set_back_lets_no_session_live_on() -> None:
    house = House()
    house.now = 2_000_000_000.0
    cookie = await house.claimed()

    house.now -= CLOCK_BACK_S
    assert house.keeper.visitor(cookie, None) is not None, "a Raspberry Pi has the time of its last hour"
    house.now -= 1.0

    assert house.keeper.visitor(cookie, None) is None
    assert house.keys.sessions() == []


async def test_nothing_is_awaited_where_there_is_no_button_that_could_be_pressed() -> None:
    house = House()

    with pytest.raises(RequestRefused, match="`ravatard page code` shows some") as error:
        house.keeper.await_press(button=False)

    assert (error.value.status, error.value.code) == (409, "no-button")
    assert not house.keeper.offer(button=False).waiting


async def test_neighbours_cannot_have_a_button_say_digits_again_and_again() -> None:
    house = House()
    for _ in range(MOST_SAID):
        house.keeper.await_press(button=True)
        assert house.keeper.code_for_press() is not None
        house.now += AGAIN_S

    with pytest.raises(RequestRefused, match="ravatard page code") as error:
        house.keeper.await_press(button=True)
    assert error.value.status == 429
    assert error.value.retry_after_s == round(SAID_WITHIN_S - MOST_SAID * AGAIN_S)
    assert house.keeper.code_for_press() is None
    house.now += error.value.retry_after_s

    house.keeper.await_press(button=True)
    assert house.keeper.code_for_press() is not None


async def test_ids_that_are_not_there_are_404() -> None:
    house = House()
    await house.claimed()

    assert (await refused(house.keys.revoke_token("x"))).status == 404
    assert (await refused(house.keys.end_session("x"))).status == 404


async def test_use_is_written_down_once_an_hour() -> None:
    house = House()
    visitor = house.keeper.visitor(await house.claimed(), None)
    made = await house.keys.make_token("lamp", ["read"], house.maker)
    program = house.keeper.visitor(None, made.token)
    assert visitor is not None
    assert program is not None
    written = house.file.written

    for _ in range(5):
        await house.keeper.note_use(visitor)
    assert house.file.written == written
    await house.keeper.note_use(program)
    await house.keeper.note_use(program)
    assert house.file.written == written + 1
    house.now += NOTED_S
    await house.keeper.note_use(visitor)
    assert [one.used_at for one in house.keys.sessions()] == [house.now]
    # A full disk keeps no caller out.
    house.now += NOTED_S
    house.file.trouble = OSError(28, "no space left")
    house.vault._stamp = house.file.stamp()
    await house.keeper.note_use(visitor)


class Threadless(MemoryFile):
    """A file on a machine that gives no more threads, once ``is_over``."""

    is_over = False

    def update(self, change: Callable[[bytes | None], bytes | None]) -> None:
        if self.is_over:
            raise RuntimeError("can't start new thread")
        super().update(change)


async def test_a_machine_without_another_thread_saves_nothing_and_goes_on() -> None:
    file = Threadless()
    house = House(file)
    visitor = house.keeper.visitor(await house.claimed(), None)
    assert visitor is not None
    file.is_over = True
    house.now += NOTED_S

    await house.keeper.note_use(visitor)
    refusal = await refused(house.keys.end_session(visitor.id))

    assert (refusal.status, refusal.code) == (503, "not-saved")
    assert not house.keeper.still_in(visitor)


async def test_a_full_disk_is_asked_to_note_the_use_once_a_minute() -> None:
    house = House()
    visitor = house.keeper.visitor(await house.claimed(), None)
    assert visitor is not None
    house.file.full = True
    house.now += NOTED_S
    for _ in range(60):
        house.now += 5.0
        await house.keeper.note_use(visitor)
    assert house.file.refused == 5

    house.file.full = False
    house.now += 60.0
    await house.keeper.note_use(visitor)

    assert [one.used_at for one in house.keys.sessions()] == [house.now]


async def test_a_file_that_cannot_be_read_for_a_while_is_read_again_though_it_is_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Starved(MemoryFile):
        """A file that looks the same while there is no descriptor to read it with."""

        def stamp(self) -> object:
            return self.content

    house = House(Starved())
    cookie = await house.claimed()
    other = await house.keeper.log_in(WORD, "b")
    house.file.trouble = OSError(24, "Too many open files")
    house.vault._stamp = None

    for _ in range(5):
        assert house.keeper.visitor(cookie, None) is None
    house.file.trouble = None

    assert house.keeper.visitor(cookie, None) is not None
    assert house.keeper.visitor(other, None) is not None
    assert caplog.text.count("the page lets no caller in") == 1


async def test_a_file_that_cannot_be_read_lets_no_caller_in() -> None:
    house = House()
    cookie = await house.claimed()
    visitor = house.keeper.visitor(cookie, None)
    assert visitor is not None
    house.file.trouble = PermissionError(13, "denied")

    assert house.keeper.visitor(cookie, None) is None
    assert not house.keeper.still_in(visitor)
    assert house.vault.claimed
    assert "cannot be read" in house.vault.trouble
    with pytest.raises(RequestRefused, match="cannot be read"):
        house.keeper.check_readable()
    assert (await refused(house.keys.end_sessions())).status == 503


async def test_the_first_of_two_claims_wins() -> None:
    house, other = House(), House()
    other.file = house.file
    other.vault = Vault(house.file)
    late = Doorkeeper(other.vault, wall=lambda: 0.0, clock=lambda: 0.0)
    late.await_press(button=True)
    code = late.code_for_press()
    assert code is not None
    await house.claimed()

    assert (await refused(late.take_claim(code, "another horse", "b"))).code == "claimed"
    assert await house.keeper.log_in(WORD, "a")


async def test_a_claim_from_the_terminal_counts_its_tries_in_the_file() -> None:
    house = House()
    digits, code = one_time_code(house.now)
    await house.vault.change(lambda before: replace(before, code=code))

    wrong = f"{(int(digits) + 1) % 1_000_000:06}"
    assert (await refused(house.keeper.take_claim(wrong, WORD, "a"))).code == "wrong-code"
    assert house.vault.record.code is not None
    assert house.vault.record.code.tries_left == 2
    assert await house.keeper.take_claim(digits, WORD, "a")


async def test_more_attempts_at_once_than_can_wait_are_refused() -> None:
    gate = AttemptGate(lambda: 0.0)
    gate._waiting = MOST_WAITING

    with pytest.raises(RequestRefused) as error:
        async with gate.enter("a"):
            pass

    assert error.value.status == 429


async def test_a_log_in_that_waits_is_checked_with_the_newest_password() -> None:
    house = House()
    await house.claimed()

    async with house.keeper._gate.enter("z"):
        late = asyncio.create_task(house.keeper.log_in(WORD, "b"))
        await asyncio.sleep(0)
        await house.keeper.change_password(WORD, "another horse", "a")

    assert (await refused(late)).code == "wrong-password"
    assert len(house.keys.sessions()) == 1


async def test_a_log_in_beside_a_new_password_gives_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    await house.claimed()
    new = password.hashed("another horse")

    def replaced_meanwhile(word: str, stored: password.PasswordHash) -> bool:
        house.file.update(changing(lambda before: before.with_password(new)))
        return password.matches(word, stored)

    monkeypatch.setattr(doorkeeper, "matches", replaced_meanwhile)

    assert (await refused(house.keeper.log_in(WORD, "b"))).status == 401
    assert house.keys.sessions() == []


async def test_of_two_changes_with_the_old_password_the_first_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    await house.claimed()
    outcomes = await asyncio.gather(
        house.keeper.change_password(WORD, "first horse", "a"),
        house.keeper.change_password(WORD, "second horse", "a"),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], str)
    assert isinstance(outcomes[1], RequestRefused)
    assert await house.keeper.log_in("first horse", "a")
    # Also if the other one is the command line, while this one makes its hash.
    new = password.hashed("third horse")

    def replaced_meanwhile(word: str) -> password.PasswordHash:
        house.file.update(changing(lambda before: before.with_password(new)))
        return password.hashed(word)

    monkeypatch.setattr(doorkeeper, "hashed", replaced_meanwhile)

    assert (await refused(house.keeper.change_password("first horse", "fourth horse", "a"))).status == 401
    assert await house.keeper.log_in("third horse", "a")


async def test_strangers_who_guess_keep_no_owner_from_a_new_password() -> None:
    house = House()
    await house.claimed()
    for at in range(A_MINUTE):
        await refused(house.keeper.log_in("wrong horse", str(at)))
    assert (await refused(house.keeper.log_in(WORD, "a"))).status == 429

    assert await house.keeper.change_password(WORD, "another horse", "a")


async def test_a_full_disk_keeps_no_session_and_no_token_alive() -> None:
    house = House()
    cookies = [
        await house.claimed(),
        await house.keeper.log_in(WORD, "b"),
        await house.keeper.log_in(WORD, "c"),
    ]
    made = await house.keys.make_token("lamp", ["read"], house.maker)
    first = house.keeper.visitor(cookies[0], None)
    assert first is not None
    house.file.full = True

    ended = await refused(house.keys.end_session(first.id))
    assert (ended.status, ended.code) == (503, "not-saved")
    assert "until the appliance restarts" in str(ended)
    assert [house.keeper.visitor(one, None) is None for one in cookies] == [True, False, False]
    await refused(house.keys.revoke_token(made.entry.id))
    assert house.keeper.visitor(None, made.token) is None
    await refused(house.keys.end_sessions())
    assert house.keys.sessions() == []
    # The file changes by another hand, and brings nothing back.
    house.file.full = False
    house.file.update(changing(lambda before: replace(before, code=one_time_code(0.0)[1])))
    assert house.keys.sessions() == []
    assert house.keys.tokens() == []
    # The next change that can be written takes the others with it.
    await house.keeper.log_in(WORD, "d")
    assert len(Vault(house.file).record.sessions) == 1
    assert Vault(house.file).record.tokens == []
    assert not house.vault.has_unsaved


async def test_a_full_disk_keeps_no_owner_out() -> None:
    house = House()
    await house.claimed()
    house.file.full = True

    cookie = await house.keeper.log_in(WORD, "a")

    visitor = house.keeper.visitor(cookie, None)
    assert visitor is not None
    # The file changes by another hand, and the session stays, once.
    house.file.full = False
    house.file.update(changing(lambda before: replace(before, code=one_time_code(0.0)[1])))
    assert [one.id for one in house.keys.sessions()].count(visitor.id) == 1
    # With the next change it is in the file.
    other = await house.keeper.log_in(WORD, "b")
    assert house.keeper.visitor(other, None) is not None
    assert [one.id for one in Vault(house.file).record.sessions].count(visitor.id) == 1
    # A new password ends it, also one that was set while it was not written.
    house.file.full = True
    unwritten = await house.keeper.log_in(WORD, "c")
    house.file.full = False
    new = password.hashed("terminal horse")
    house.file.update(changing(lambda before: before.with_password(new)))
    assert house.keeper.visitor(unwritten, None) is None


async def test_what_waits_for_a_full_disk_is_bounded() -> None:
    house = House()
    await house.claimed()
    house.file.full = True
    for _ in range(MOST_UNSAVED):
        house.now += 60.0
        await house.keeper.log_in(WORD, "a")

    house.now += 60.0
    assert (await refused(house.keeper.log_in(WORD, "a"))).code == "not-saved"

    house.file.full = False
    house.now += 60.0
    assert await house.keeper.log_in(WORD, "a")
    assert house.vault.has_room


async def test_on_a_full_disk_an_old_password_is_over_too() -> None:
    house = House()
    cookie = await house.claimed()
    house.file.full = True

    assert (await refused(house.keeper.change_password(WORD, "another horse", "a"))).code == "not-saved"
    assert house.keeper.visitor(cookie, None) is None
    assert (await refused(house.keeper.log_in(WORD, "a"))).code == "wrong-password"
    house.file.full = False
    assert await house.keeper.log_in("another horse", "a")
    assert Vault(house.file).record.password == house.vault.record.password


async def test_a_password_of_the_command_line_outdoes_one_that_was_not_saved() -> None:
    house = House()
    await house.claimed()
    house.file.full = True
    await refused(house.keeper.change_password(WORD, "another horse", "a"))
    house.file.full = False
    new = password.hashed("terminal horse")

    house.file.update(changing(lambda before: before.with_password(new)))

    assert await house.keeper.log_in("terminal horse", "a")
    assert Vault(house.file).record.password == new


async def test_what_was_not_saved_is_tried_again_while_the_page_is_used() -> None:
    house = House()
    visitor = house.keeper.visitor(await house.claimed(), None)
    assert visitor is not None
    made = await house.keys.make_token("lamp", ["read"], house.maker)
    house.file.full = True
    await refused(house.keys.revoke_token(made.entry.id))
    await house.keeper.note_use(visitor)
    assert house.vault.has_unsaved
    house.file.full = False

    house.now += 60.0
    await house.keeper.note_use(visitor)

    assert Vault(house.file).record.tokens == []


async def test_a_wrong_code_is_counted_on_a_full_disk() -> None:
    house = House()
    digits, code = one_time_code(house.now)
    await house.vault.change(lambda before: replace(before, code=code))
    house.file.full = True
    wrong = f"{(int(digits) + 1) % 1_000_000:06}"

    for _ in range(3):
        assert (await refused(house.keeper.take_claim(wrong, WORD, "a"))).code == "wrong-code"

    assert (await refused(house.keeper.take_claim(digits, WORD, "a"))).status == 429
    assert (await refused(house.keeper.take_claim(digits, WORD, "b"))).code == "wrong-code"
