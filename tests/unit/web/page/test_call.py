"""Cookies and refusals of the page."""

from __future__ import annotations

from msgspec.json import encode

from ravatard.web.page.api.types import FaultySetting
from ravatard.web.page.call import cookie_name, set_cookie
from ravatard.web.page.refused import RequestRefused


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    assert set_cookie("abc", encrypted=False) == (
        "ravatard=abc; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict"
    )


def test_with_tls_it_is_this_hosts_alone_and_never_sent_without() -> None:
    cookie = set_cookie("abc", encrypted=True)

    assert cookie.startswith("__Host-ravatard=abc;")
    assert cookie.endswith("; Secure")
    assert "Domain" not in cookie
    assert cookie_name(encrypted=True) == "__Host-ravatard"


def test_a_log_out_removes_it() -> None:
    assert "ravatard=; Max-Age=0;" in set_cookie("", encrypted=False)


def test_a_refusal_says_what_programs_and_people_need_and_nothing_empty() -> None:
    plain = RequestRefused(409, "busy", "wait")
    full = RequestRefused(422, "x", "y", retry_after_s=3, problems=[FaultySetting("a.b", "no")])

    assert encode(plain.body) == b'{"code":"busy","error":"wait"}'
    assert encode(full.body) == (
        b'{"code":"x","error":"y","retry_after_s":3,"problems":[{"key":"a.b","text":"no"}]}'
    )
