from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.tokens import Claims, TokenMint, TokenRefused

KEY = b"key"
NOW_S = 1_000_000.0


def _part(token: str, number: int) -> dict[str, object]:
    encoded = token.split(".")[number]
    decoded: dict[str, object] = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return decoded


def _refusal(mint: TokenMint, token: str, wall_s: float = NOW_S) -> str:
    with pytest.raises(TokenRefused) as refused:
        mint.verify(token, wall_s)
    return refused.value.kind


def test_a_token_is_a_json_web_token_signed_with_hs256() -> None:
    token = TokenMint(KEY, 60).sign("user-1", "project-1", NOW_S)

    signed, _, signature = token.rpartition(".")
    expected = base64.urlsafe_b64encode(hmac.new(KEY, signed.encode(), hashlib.sha256).digest())
    assert _part(token, 0) == {"alg": "HS256", "typ": "JWT"}
    assert signature == expected.rstrip(b"=").decode()


def test_its_claims_are_user_project_and_two_whole_seconds() -> None:
    payload = _part(TokenMint(KEY, 60).sign("user-1", "project-1", NOW_S + 0.7), 1)

    assert payload == {
        "user_id": "user-1",
        "project_id": "project-1",
        "iat": 1_000_000,
        "exp": 1_000_060,
        "jti": "1",
    }
    assert isinstance(payload["exp"], int)


def test_a_lifetime_of_a_fraction_of_a_second_is_kept() -> None:
    payload = _part(TokenMint(KEY, 0.25).sign("user-1", None, NOW_S), 1)

    assert payload["exp"] == NOW_S + 0.25


def test_what_was_signed_is_verified() -> None:
    mint = TokenMint(KEY, 60)

    claims = mint.verify(mint.sign("user-1", None, NOW_S), NOW_S + 59.9)

    assert claims == Claims("user-1", None, NOW_S + 60)


def test_two_tokens_of_the_same_second_differ() -> None:
    mint = TokenMint(KEY, 60)

    assert mint.sign("user-1", None, NOW_S) != mint.sign("user-1", None, NOW_S)


def test_a_token_ends_with_its_lifetime() -> None:
    mint = TokenMint(KEY, 60)
    token = mint.sign("user-1", None, NOW_S)

    assert _refusal(mint, token, NOW_S + 60) == "token_expired"


def test_a_token_of_lifetime_0_is_born_expired() -> None:
    mint = TokenMint(KEY, 0)

    assert _refusal(mint, mint.sign("user-1", None, NOW_S)) == "token_expired"


def test_a_new_lifetime_holds_for_new_tokens() -> None:
    mint = TokenMint(KEY, 60)
    old = mint.sign("user-1", None, NOW_S)

    mint.lifetime_s = 5

    assert mint.verify(old, NOW_S + 30).user_id == "user-1"
    assert _refusal(mint, mint.sign("user-1", None, NOW_S), NOW_S + 30) == "token_expired"


def test_no_token_is_missing_not_invalid() -> None:
    assert _refusal(TokenMint(KEY, 60), "") == "token_missing"


def test_a_token_of_another_service_is_refused() -> None:
    token = TokenMint(b"another key", 60).sign("user-1", None, NOW_S)

    assert _refusal(TokenMint(KEY, 60), token) == "token_invalid"


def test_a_token_that_names_no_algorithm_is_refused() -> None:
    token = TokenMint(KEY, 60).sign("user-1", None, NOW_S)
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()

    assert _refusal(TokenMint(KEY, 60), f"{header}.{token.split('.')[1]}.") == "token_invalid"


@given(text=st.text())
@settings(deadline=None)
def test_any_text_is_refused_and_nothing_else(text: str) -> None:
    assert _refusal(TokenMint(KEY, 60), text) in {"token_missing", "token_invalid"}


@given(position=st.integers(0, 200), letter=st.sampled_from("AZaz09_-.é\udc80"))
@settings(deadline=None)
def test_no_letter_of_a_token_can_be_changed(position: int, letter: str) -> None:
    mint = TokenMint(KEY, 60)
    token = mint.sign("user-1", "project-1", NOW_S)
    place = position % len(token)
    if token[place] == letter:
        return

    assert _refusal(mint, token[:place] + letter + token[place + 1 :]) == "token_invalid"


def test_labels_are_the_same_for_one_key_and_others_for_another() -> None:
    assert TokenMint(KEY, 60).label("a") == TokenMint(KEY, 5).label("a")
    assert TokenMint(KEY, 60).label("a") != TokenMint(KEY, 60).label("b")
    assert TokenMint(KEY, 60).label("a") != TokenMint(b"another key", 60).label("a")
