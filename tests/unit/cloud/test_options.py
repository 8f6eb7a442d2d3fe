"""Options of the service: each kind has an address of its own."""

from __future__ import annotations

from ravatard.cloud.options import ServiceOptions
from ravatard.secret import Secret


def test_each_kind_has_the_address_of_its_document() -> None:
    assert ServiceOptions().base_url == "https://chat.rvtr.ai"
    assert ServiceOptions(kind="avatar").base_url == "http://localhost:8000/v1"


def test_a_configured_address_is_kept() -> None:
    assert ServiceOptions(kind="avatar", base_url="https://a.example/v1").base_url == "https://a.example/v1"


def test_credentials_are_not_shown() -> None:
    assert "hush" not in repr(ServiceOptions(project_id=Secret("hush"), api_key=Secret("hush")))
