from __future__ import annotations

import json

import pytest
import yaml

from ravatard.cli.devices import as_text
from ravatard.devices.cards.listing import Devices, Listed, devices_from

MICROPHONE = Listed(
    name='USB "PnP": Audio',
    text='USB "PnP": Audio',
    index=3,
    channels=1,
    rate_hz=44_100,
    card="Device",
    usb="0d8c:0014",
    port="1-1.2",
    default=True,
)
SPEAKER = Listed("Headphones", "Headphones", 0, 2, 48_000, None, None, None, False)


def test_every_device_is_shown_with_the_name_to_write_and_what_is_known_of_it() -> None:
    text = as_text(Devices((MICROPHONE,), (SPEAKER,), "slim"))

    assert '  USB "PnP": Audio  1 ch, 44100 Hz, card Device, usb 0d8c:0014, port 1-1.2, the system' in text
    assert "\n  Headphones  2 ch, 48000 Hz\n" in text


@pytest.mark.parametrize(("known", "more"), [("slim", {}), ("system", {"alsa_config": "system"})])
def test_the_lines_for_the_configuration_can_be_copied(known: str, more: dict[str, str]) -> None:
    text = as_text(Devices((MICROPHONE,), (), known))

    section = yaml.safe_load(text.partition("In the configuration:")[2])
    assert section == {"microphone": {"device": 'USB "PnP": Audio'} | more}


def test_no_device_at_all_is_said_with_what_else_can_be_a_microphone() -> None:
    text = as_text(Devices((), (), "system"))

    assert text == (
        "Microphones: none; plug one in, or let microphone.command, microphone.fifo or microphone.wav "
        "deliver sound\n\nSpeakers: none"
    )


def test_a_listing_is_read_as_the_sound_process_wrote_it() -> None:
    written = json.dumps(
        {
            "microphones": [
                {
                    "name": "Mic",
                    "text": "Mic",
                    "index": 0,
                    "channels": 1,
                    "rate_hz": 16_000,
                    "card": None,
                    "usb": None,
                    "port": None,
                    "default": False,
                }
            ],
            "speakers": [],
        }
    )

    devices = devices_from(written, "environment")

    mic = Listed("Mic", "Mic", 0, 1, 16_000, None, None, None, False)
    assert devices == Devices((mic,), (), "environment")
