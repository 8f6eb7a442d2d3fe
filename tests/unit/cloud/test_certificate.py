"""What a certificate lacks is told by name, and never with a secret."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pytest

from ravatard.cloud.certificate import lost, without_url

BOOTED = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)


def distrust(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed: see ?token=eyJ.x.y")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            9,
            "the certificate of sim.example is not yet valid: this machine's clock says 1970-01-01 00:03 UTC"
            "; waiting for the clock",
        ),
        (10, "has expired: this machine's clock says 1970-01-01"),
        (18, "signed by itself"),
        (19, "signed by itself"),
        (2, "an issuer this machine does not know"),
        (20, "an issuer this machine does not know"),
        (21, "an issuer this machine does not know"),
        (62, "made for another host"),
        (64, "made for another host"),
    ],
)
def test_each_fault_of_a_certificate_has_its_sentence(code: int, told: str) -> None:
    error = lost("cannot reach sim.example", "sim.example", distrust(code), BOOTED)

    assert told in str(error)
    assert "sim.example" in str(error)
    assert "eyJ" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)",
        "[SSL: RECORD_LAYER_FAILURE] record layer failure (_ssl.c:1028)",
    ],
)
@pytest.mark.parametrize("kind", [ssl.SSLError, ConnectionError])
def test_https_for_http_is_a_sentence(kind: type[OSError], text: str) -> None:
    assert str(lost("cannot reach sim.example", "sim.example", kind(1, text))) == (
        "cannot reach sim.example: it answers without TLS; write http:// instead of https:// in "
        "service.base_url, or the port that has TLS (a captive portal answers like that, too)"
    )


def test_any_other_fault_of_tls_is_told_in_words() -> None:
    error = ssl.SSLError(1, "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1006)")

    assert str(lost("cannot reach sim.example", "sim.example", error)) == (
        "cannot reach sim.example: no TLS connection (tlsv1 alert protocol version)"
    )


def test_the_date_is_that_of_this_machine() -> None:
    error = lost("cannot reach sim.example", "sim.example", distrust(9))

    assert f"clock says {datetime.now(UTC):%Y-%m}" in str(error)


@pytest.mark.parametrize("error", [distrust(1), ssl.SSLCertVerificationError(1, "token"), OSError("token")])
def test_a_fault_without_a_sentence_is_told_without_its_secrets(error: OSError) -> None:
    told = str(lost("cannot reach sim.example", "sim.example", error))

    assert told.startswith("cannot reach sim.example (")
    assert "eyJ" not in told


def test_anything_else_is_told_with_its_cause() -> None:
    error = lost("cannot reach sim.example", "sim.example", ConnectionRefusedError(111, "Connection refused"))

    assert str(error) == "cannot reach sim.example (Connection refused)"


SECRET = "cannot connect to wss://sim.example/?token=eyJ.x.y"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), "[Errno 104] Connection reset by peer"),
        (ConnectionResetError(SECRET), "the other side hung up"),
        (TimeoutError(), "TimeoutError"),
        (ValueError(SECRET), "ValueError"),
        (RuntimeError(104, SECRET), "RuntimeError"),
    ],
)
def test_an_error_of_a_library_keeps_the_systems_words_and_none_of_its_own(
    error: Exception, told: str
) -> None:
    bare = without_url(error)

    assert isinstance(bare, ConnectionError)
    assert str(bare) == told


class Distrusted(OSError):
    """As aiohttp tells it: its text holds the address, the reason is an attribute."""

    certificate_error = distrust(10)


def test_what_openssl_said_of_a_certificate_is_kept() -> None:
    assert without_url(Distrusted(1, SECRET)) is Distrusted.certificate_error
