"""Access to the network as the configuration describes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cloud.network.access import network_access
from ravatard.cloud.network.options import NetworkOptions
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.errors import ConfigError
from ravatard.secret import Secret


def test_proxy_and_login_come_from_their_sections() -> None:
    options = CloudOptions(
        service=ServiceOptions(proxy="http://proxy.example:3128"),
        network=NetworkOptions(proxy_username="me", proxy_password=Secret("hush")),
    )

    access = network_access(options, {"HTTPS_PROXY": "http://other.example"})
    proxy = access.proxies.of("https://chat.example/")

    assert proxy is not None
    assert str(proxy.url) == "http://me:hush@proxy.example:3128"
    assert access.issuers.more == ""


def test_without_settings_the_environment_is_asked() -> None:
    proxy = network_access(CloudOptions(), {"HTTPS_PROXY": "http://other.example:1"}).proxies.of(
        "https://a.b/"
    )

    assert str(proxy) == "http://other.example:1 (HTTPS_PROXY)"


def test_a_file_of_issuers_that_is_missing_is_refused(tmp_path: Path) -> None:
    options = CloudOptions(network=NetworkOptions(ca=str(tmp_path / "none.pem")))

    with pytest.raises(ConfigError, match=r"network\.ca: .*none\.pem is no file"):
        network_access(options, {})
