"""Files for TLS that would be waited for, at a pipe or at the terminal, are refused at once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ravatard.errors import ConfigError
from ravatard.mqtt.broker_tls import distrust, tls_context
from ravatard.mqtt.options import MqttOptions


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "ca.pem"
    os.mkfifo(pipe)

    for one in (pipe, tmp_path, Path("/dev/zero"), tmp_path / "missing"):
        with pytest.raises(ConfigError, match=r"is no file.*mqtt\.ca"):
            tls_context(MqttOptions("broker", tls=True, ca=str(one)))


@pytest.mark.integration
def test_a_key_with_a_password_is_refused_and_asks_for_none(tmp_path: Path) -> None:
    key, certificate = tmp_path / "a.key", tmp_path / "a.pem"
    words = "openssl req -x509 -newkey rsa:2048 -passout pass:secret -days 2 -subj /CN=a".split()
    subprocess.run([*words, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    options = MqttOptions("broker", tls=True, certificate=str(certificate), key=str(key))

    with pytest.raises(ConfigError, match=r"mqtt\.key, which must not be encrypted"):
        tls_context(options)


def test_a_clock_that_is_wrong_is_told_from_an_issuer_that_is() -> None:
    words = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
    for date in ("certificate has expired", "certificate is not yet valid"):
        assert "clock" in (distrust(words + date) or "")
    assert "mqtt.ca" in (distrust(words + "self-signed certificate") or "")
    assert distrust("[SSL: WRONG_VERSION_NUMBER]") is None
