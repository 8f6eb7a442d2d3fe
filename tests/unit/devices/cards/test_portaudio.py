from __future__ import annotations

import json
from pathlib import Path

from ravatard.devices.cards.portaudio import devices, listing
from tests.unit.devices.cards.test_identity import Machine
from tests.unit.devices.portaudio import FakePortAudio


def test_devices_of_other_host_apis_are_left_out_when_alsa_is_there(tmp_path: Path) -> None:
    portaudio = FakePortAudio()
    portaudio.plug_in("Mic (hw:0,0)")
    portaudio.plug_in("/dev/dsp", api=1)

    assert [device.text for device in devices(portaudio, str(tmp_path))] == ["Mic"]


def test_the_listing_has_a_name_to_write_for_each(tmp_path: Path) -> None:
    Machine(tmp_path).plug_in(1, "Device", usb="0d8c:0014", port="1-1.2")
    portaudio = FakePortAudio()
    portaudio.plug_in("USB Audio: Both (hw:1,0)", inputs=1, outputs=2, rate_hz=44_100)

    listed = json.loads(listing(portaudio, str(tmp_path)))

    common = {
        "name": "USB Audio: Both",
        "text": "USB Audio: Both",
        "index": 0,
        "rate_hz": 44_100,
        "card": "Device",
        "usb": "0d8c:0014",
        "port": "1-1.2",
    }
    assert listed == {
        "microphones": [common | {"channels": 1, "default": True}],
        "speakers": [common | {"channels": 2, "default": False}],
    }
