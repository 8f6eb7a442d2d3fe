"""The player page as it goes out; a browser plays it in integration/test_streaming_browser.py."""

from __future__ import annotations

from ravatard.sim.ravatar.record import SessionRecord
from ravatard.sim.streaming.player_page import COOKIE, player_page


def test_the_page_brings_its_cookie_and_forbids_no_frame() -> None:
    reply = player_page(SessionRecord(3, "a licence", "user-1", "avatar", 0.0), "ticket")

    assert reply.status == 200
    assert reply.headers["set-cookie"] == f"{COOKIE}=3.ticket; Path=/; HttpOnly; SameSite=Lax"
    assert not {"x-frame-options", "content-security-policy"} & set(reply.headers)
    assert b"a licence" not in reply.body


def test_a_page_in_a_frame_of_another_site_gets_a_cookie_that_a_browser_keeps_there() -> None:
    session = SessionRecord(3, "a licence", "user-1", "avatar", 0.0)

    reply = player_page(session, "ticket", cross_site=True)

    cookie = f"{COOKIE}=3.ticket; Path=/; HttpOnly; SameSite=None; Secure; Partitioned"
    assert reply.headers["set-cookie"] == cookie
