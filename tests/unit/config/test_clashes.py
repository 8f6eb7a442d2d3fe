"""Settings that contradict each other are found, with the one to mend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ravatard.config import Options, Schema, SettingOrigin
from ravatard.config.clashes import Clash, find_clashes


def _clashes(**sections: dict[str, Any]) -> list[Clash]:
    options = Options()
    for section, values in sections.items():
        group = replace(getattr(options, section), **values)
        options = replace(options, **{section: group})
    origins = dict.fromkeys(Schema().keys, SettingOrigin()) | {
        f"{section}.{name}": SettingOrigin("file", "a.yaml", line)
        for line, (section, name) in enumerate(
            ((section, name) for section, values in sections.items() for name in values), start=1
        )
    }
    return list(find_clashes(options, origins))


def test_the_defaults_do_not_clash() -> None:
    assert _clashes() == []


@pytest.mark.parametrize(
    "sections",
    [
        {"microphone": {"device": "usb-0d8c:0014"}},
        {"microphone": {"device": "hw:CARD=Device,DEV=0"}},
        {"microphone": {"device": "Jabra 410: USB Audio"}},
        {"microphone": {"wav": "/srv/a.wav", "repeat": True}},
        {"capture": {"channels": 2, "channel": 1}},
        {"lights": {"kind": "led", "pin": 17}, "button": {"pin": 4}},
        {"lights": {"kind": "rgb", "red": 1, "green": 2, "blue": 3, "pin": 1}},
        {"lights": {"kind": "none", "pin": 4}, "button": {"pin": 4}},
        {"lights": {"kind": "apa102"}, "button": {"pin": 17}},
        {"lights": {"kind": "apa102"}, "pixels": {"data": 5, "clock": 6}, "button": {"pin": 10}},
        {"lights": {"kind": "apa102"}, "pixels": {"device": "/dev/spidev1.0"}, "button": {"pin": 10}},
        {"lights": {"kind": "led", "pin": 10}, "pixels": {"data": 10}},
        {"gate": {"mode": "both"}, "button": {"pin": 0}},
        {"gate": {"mode": "vad"}},
        {"gate": {"silence_ms": 999, "longest_s": 1.0}},
        {"voice": {"start_frames": 4, "start_window": 4}},
    ],
)
def test_settings_that_agree_are_let_through(sections: dict[str, dict[str, Any]]) -> None:
    assert _clashes(**sections) == []


def test_only_one_source_of_sound_is_allowed() -> None:
    (clash,) = _clashes(microphone={"wav": "/srv/a.wav", "command": "arecord -q"})

    assert clash.keys == ("microphone.command", "microphone.wav")
    assert "keep one of microphone.command, microphone.wav" in clash.text


@pytest.mark.parametrize("device", ["2", "hw:2", "plughw:1", "hw:2,0", "hw:CARD=1,DEV=0", "0,0"])
def test_a_device_by_number_is_refused(device: str) -> None:
    (clash,) = _clashes(microphone={"device": device})

    assert clash.keys == ("microphone.device",)
    assert f"'{device}'" in clash.text
    assert "write the name `ravatard devices` prints" in clash.text


def test_a_channel_must_exist() -> None:
    (clash,) = _clashes(capture={"channel": 2, "channels": 2})

    assert clash.keys == ("capture.channel", "capture.channels")
    assert "channel 2 does not exist among 2" in clash.text


@pytest.mark.parametrize(
    ("lights", "missing"),
    [
        ({"kind": "led"}, ["lights.pin"]),
        ({"kind": "pwm", "red": 3}, ["lights.pin"]),
        ({"kind": "rgb", "green": 3}, ["lights.red", "lights.blue"]),
    ],
)
def test_lights_need_their_pins(lights: dict[str, Any], missing: list[str]) -> None:
    clashes = _clashes(lights=lights)

    assert [clash.keys for clash in clashes] == [("lights.kind", key) for key in missing]
    assert f"needs {missing[0]}" in clashes[0].text


def test_a_pin_used_twice_names_both_keys_and_the_other_place() -> None:
    (clash,) = _clashes(button={"pin": 17}, lights={"kind": "led", "pin": 17})

    assert clash.keys == ("lights.pin", "button.pin")
    assert clash.text == "GPIO 17 is already used by button.pin (a.yaml:1); each needs a pin of its own"


def test_a_pin_used_three_times_is_two_mistakes() -> None:
    clashes = _clashes(lights={"kind": "rgb", "red": 5, "green": 5, "blue": 5})

    assert [clash.keys for clash in clashes] == [
        ("lights.green", "lights.red"),
        ("lights.blue", "lights.red"),
    ]


@pytest.mark.parametrize("mode", ["button", "both"])
def test_a_button_mode_needs_a_button(mode: str) -> None:
    (clash,) = _clashes(gate={"mode": mode})

    assert clash.keys == ("gate.mode", "button.pin")
    assert f"gate.mode {mode} needs button.pin" in clash.text


def test_silence_must_fit_into_the_longest_utterance() -> None:
    (clash,) = _clashes(gate={"silence_ms": 5_000, "longest_s": 5.0})

    assert clash.keys == ("gate.silence_ms", "gate.longest_s")
    assert "gate.silence_ms 5000 must be less than gate.longest_s 5 s" in clash.text


def test_a_start_must_fit_into_its_window() -> None:
    (clash,) = _clashes(voice={"start_frames": 5})

    assert clash.keys == ("voice.start_frames", "voice.start_window")
    assert "voice.start_frames 5 must be at most voice.start_window 4" in clash.text


def test_the_setting_somebody_wrote_is_the_one_to_mend() -> None:
    clash = Clash(("voice.start_frames", "voice.start_window"), "")
    written = SettingOrigin("file", "a.yaml", 3)

    assert (
        clash.main_key({"voice.start_frames": SettingOrigin(), "voice.start_window": written})
        == "voice.start_window"
    )
    assert (
        clash.main_key({"voice.start_frames": SettingOrigin(), "voice.start_window": SettingOrigin()})
        == "voice.start_frames"
    )


@pytest.mark.parametrize(
    ("sections", "pin", "keys"),
    [
        ({"button": {"pin": 11}}, 11, ("pixels.device", "button.pin")),
        ({"button": {"pin": 8}}, 8, ("pixels.device", "button.pin")),
        ({"pixels": {"power": 10}}, 10, ("pixels.device", "pixels.power")),
        ({"pixels": {"data": 5, "clock": 5}}, 5, ("pixels.clock", "pixels.data")),
        ({"pixels": {"data": 5, "clock": 17}, "button": {"pin": 17}}, 17, ("pixels.clock", "button.pin")),
    ],
)
def test_the_pins_of_a_row_of_pixels_are_its_own(
    sections: dict[str, dict[str, Any]], pin: int, keys: tuple[str, str]
) -> None:
    (clash,) = _clashes(lights={"kind": "apa102"}, **sections)

    assert clash.keys == keys
    assert f"GPIO {pin} is already used by {keys[1]}" in clash.text


@pytest.mark.parametrize("line", ["data", "clock"])
def test_a_row_on_two_pins_needs_both(line: str) -> None:
    (clash,) = _clashes(lights={"kind": "apa102"}, pixels={line: 5})

    assert clash.keys == ("pixels.data", "pixels.clock")
    assert "need both pixels.data and pixels.clock" in clash.text
