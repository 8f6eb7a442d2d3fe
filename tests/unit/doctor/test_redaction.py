"""Secrets leave a text in every spelling; what is no secret stays."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.doctor.redaction import Redactor
from ravatard.secret import MASK, Secret
from tests.growth import HOSTILE, assert_linear

#: In two parts: nothing that looks like a key is kept here.
PEM = "PRIVATE" + " KEY-----"
SECRET = 'pro/ject "one" + 7'


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        json.dumps(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        SECRET.encode().hex(),
    ],
)
def test_a_known_secret_goes_in_whatever_spelling(spelled: str) -> None:
    cleaned = Redactor([Secret(SECRET)]).clean(f"before {spelled} after")

    assert spelled.strip('"') not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


@pytest.mark.parametrize(
    "line",
    [
        "  project_id: hunter2",
        "  api_key: hunter2",
        "project_id: 'hunter2'  # mine",
        "#  project_id: hunter2",
        "projectId = hunter2",
        'Environment="RAVATARD_SERVICE__PROJECT_ID=hunter2"',
        '{"password": "hunter2"}',
        "api_key: hunter2",
        "https://me:hunter2@example.org/",
        "GET /ws?token=hunter2 HTTP/1.1",
        f"-----BEGIN RSA {PEM}\nhunter2\n-----END RSA {PEM}",
        f"-----BEGIN {PEM}\nhunter2",
        "eyJhbGciOi.hunter2.x",
    ],
)
def test_what_is_named_like_a_secret_goes_though_nobody_knows_it(line: str) -> None:
    cleaned = Redactor([]).clean(f"first\n{line}\nlast\n")

    assert "hunter2" not in cleaned
    assert MASK in cleaned
    assert cleaned.startswith("first\n")


@pytest.mark.parametrize(
    "text",
    [
        "service:\n  base_url: https://avatars.example\n",
        "project_id: null\n",
        "token:\n",
        "the key was pressed: yes\n",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor([Secret("abc"), Secret("")]).clean(text) == text


@given(st.text(), st.text(min_size=4).filter(str.strip))
def test_any_secret_leaves_any_text(text: str, value: str) -> None:
    # A mask is not hidden in itself.
    if value not in MASK and len(value.strip()) >= 4:
        assert value not in Redactor([Secret(value)]).known(f"{text}{value}{text}").replace(MASK, "")


@pytest.mark.parametrize("family", HOSTILE)
def test_no_text_takes_longer_than_its_size(family: str) -> None:
    assert_linear(Redactor([Secret(SECRET)]).clean, HOSTILE[family])


@pytest.mark.parametrize(
    "text",
    [
        "project_id:\n    hunter2\n",
        "project_id: |\n    hunter2\n\n    hunter2\nlast",
        "project_id: >-\n    hunter2\n",
        "tokens:\n  - hunter2\n  - hunter2\nlast",
        '"tokens": [\n  "hunter2",\n  "hunter2"\n]',
        "token" + " " * 5_000 + ":" + " " * 5_000 + "hunter2",
        "token:\n\n\n\nhunter2",
        "https://me:hun@hunter2@example.org/",
    ],
)
def test_a_value_goes_however_far_it_is_from_its_name(text: str) -> None:
    cleaned = Redactor([]).clean(text)

    assert "hunter2" not in cleaned
    assert cleaned.endswith("last") == text.endswith("last")
