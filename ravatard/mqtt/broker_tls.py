"""TLS context for a broker, from the files of section ``mqtt``."""

from __future__ import annotations

import ssl
from pathlib import Path

from ravatard.errors import ConfigError
from ravatard.mqtt.options import MqttOptions


def tls_context(options: MqttOptions) -> ssl.SSLContext:
    """Return the context for the broker. Reads files: not for the event loop.

    Raises:
        ConfigError: a file cannot be used.
    """
    named = [one for one in (options.ca, options.certificate, options.key) if one]
    try:
        for one in named:
            # A pipe or a device is read for ever.
            if not Path(one).is_file():
                raise ConfigError(f"{one} is no file; correct mqtt.ca, mqtt.certificate and mqtt.key")
        context = ssl.create_default_context(cafile=options.ca)
        if options.certificate is not None:
            # Without a password of ours OpenSSL asks for one at the terminal, and waits.
            context.load_cert_chain(options.certificate, options.key, password="")
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{', '.join(named)} cannot be used for TLS with the MQTT broker ({error.strerror or error}); "
            "correct mqtt.ca, mqtt.certificate and mqtt.key, which must not be encrypted"
        ) from None
    return context


def distrust(text: str) -> str | None:
    """Return the sentence for a certificate that is not trusted; None if ``text`` tells of none.

    Args:
        text: of an error of :mod:`ssl`.
    """
    if "CERTIFICATE_VERIFY_FAILED" not in text:
        return None
    if "expired" in text or "not yet valid" in text:
        return (
            "the certificate of the MQTT broker has expired, or is not valid yet by this machine's clock; "
            "renew it, or set the clock (`timedatectl`)"
        )
    return (
        "the certificate of the MQTT broker is not trusted, or is for another name; write its issuer's file "
        "as mqtt.ca, and the name in the certificate as mqtt.host"
    )
