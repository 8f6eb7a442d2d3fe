"""Settings that contradict each other are found, with the one to mend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from ravatard.cloud.options import ServiceOptions
from ravatard.config import Options, Schema, SettingOrigin
from ravatard.config.clashes import Clash, find_clashes
from ravatard.secret import Secret


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
        {"gate": {"mode": "wakeword"}, "wakeword": {"word": "hey_jarvis"}},
        {"gate": {"mode": "wakeword"}, "wakeword": {"in_answer": "off"}},
        {"gate": {"mode": "wakeword"}, "wakeword": {"in_answer": "turn"}, "audio": {"echo": "off"}},
        {"gate": {"mode": "wakeword"}, "wakeword": {"in_answer": "stop"}},
        {"gate": {"mode": "vad"}, "wakeword": {"in_answer": "turn"}},
        {"gate": {"silence_ms": 999, "longest_s": 1.0}},
        {"voice": {"start_frames": 4, "start_window": 4}},
        {"page": {"tls": "files", "certificate": "/etc/ravatard/page.pem"}},
        {"page": {"tls": "self-made"}},
    ],
)
def test_settings_that_agree_are_let_through(sections: dict[str, dict[str, Any]]) -> None:
    assert _clashes(**sections) == []


@pytest.mark.parametrize("kind", ["ravatar", "avatar"])
@pytest.mark.parametrize(
    ("key", "url", "words"),
    [
        ("base_url", "http://box:99999/v1", "1 to 65535"),
        ("base_url", "https://box:0", "1 to 65535"),
        ("base_url", "https://me:hunter2@box/v1", "password"),
        ("base_url", "http://hunter2@box/v1", "password"),
        ("socket_url", "ws://box:70000/ws", "1 to 65535"),
        ("socket_url", "wss://me:hunter2@box/ws", "password"),
    ],
)
def test_an_address_that_no_client_can_use_is_a_mistake_and_shows_no_password(
    kind: str, key: str, url: str, words: str
) -> None:
    (clash,) = _clashes(service={"kind": kind, key: url})

    assert clash.keys == (f"service.{key}",)
    assert words in clash.text
    assert "hunter2" not in clash.text


@pytest.mark.parametrize(
    ("service", "key"),
    [
        ({"base_url": "http://api.example.com:8000/v1"}, "service.base_url"),
        ({"base_url": "http://0x8080808:8000/v1"}, "service.base_url"),
        (
            {"base_url": "https://api.example.com/v1", "socket_url": "ws://ws.example.com/ws"},
            "service.socket_url",
        ),
    ],
)
def test_a_key_that_the_daemon_would_not_send_is_a_mistake(service: dict[str, Any], key: str) -> None:
    keyed = {"kind": "avatar", "api_key": Secret("k-word-0815"), **service}
    (clash,) = _clashes(service=keyed)

    assert clash.keys == (key, "avatar.plain_key")
    assert "k-word" not in clash.text
    assert _clashes(service=keyed, avatar={"plain_key": True}) == []
    assert _clashes(service={**keyed, "api_key": None}) == []


@pytest.mark.parametrize(
    "url", ["http://box:8000/v1", "http://192.168.1.4:8000", "https://api.example.com/v1"]
)
def test_a_key_may_go_to_a_neighbour_or_under_encryption(url: str) -> None:
    assert _clashes(service={"kind": "avatar", "api_key": Secret("k-word-0815"), "base_url": url}) == []


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


@pytest.mark.parametrize("url", ["https://chat.rvtr.ai", "https://chat.rvtr.ai/v1"])
def test_ravatars_address_is_no_avatar_apis(url: str) -> None:
    """It was silently replaced by the address of this machine."""
    options = Options(service=ServiceOptions(kind="avatar", base_url=url))
    origins = dict.fromkeys(Schema().keys, SettingOrigin())

    (clash,) = find_clashes(options, origins, base_url=url)

    assert clash.text == (
        f"{url} is RAVATAR's; write the address of your AvaTar API, such as http://avatar.example:8000/v1"
    )
    assert list(find_clashes(options, origins)) == []


def test_words_of_a_microphone_need_a_recogniser() -> None:
    (clash,) = _clashes(service={"kind": "avatar"}, avatar={"microphone": "text"})

    assert clash.keys[0] == "avatar.microphone"
    assert clash.text.startswith("text needs speech_to_text.uri")


@pytest.mark.parametrize(
    ("quiet", "keys", "words"),
    [
        ({"from_": "22:00"}, ("quiet.from", "quiet.to"), "need quiet.to, too"),
        ({"to": "7:00"}, ("quiet.to", "quiet.from"), "need quiet.from, too"),
        ({"from_": "7:00", "to": "07:00"}, ("quiet.from", "quiet.to"), "are none, or last for ever"),
    ],
)
def test_quiet_hours_have_a_beginning_and_another_end(
    quiet: dict[str, str], keys: tuple[str, str], words: str
) -> None:
    (clash,) = _clashes(quiet=quiet)

    assert clash.keys == keys
    assert words in clash.text
    assert _clashes(quiet={"from_": "22:00", "to": "7:00"}) == []


def test_a_word_that_opens_a_turn_in_an_answer_needs_more_than_half_duplex_and_the_remedy_is_whole() -> None:
    word = {"gate": {"mode": "wakeword"}, "wakeword": {"in_answer": "turn"}}

    (clash,) = _clashes(**word)

    assert clash.keys == ("wakeword.in_answer", "audio.echo")
    assert "write audio.echo: cancel with audio.barge_in: voice" in clash.text
    assert _clashes(**word, audio={"echo": "cancel", "barge_in": "voice"}) == []


@pytest.mark.parametrize("mode", get_args(Schema().keys["gate.mode"].type))
def test_a_default_that_is_written_is_no_mistake_whatever_opens_the_gate(mode: str) -> None:
    needed: dict[str, dict[str, Any]] = {"gate": {"mode": mode}, "button": {"pin": 4}}

    for key in Schema().keys.values():
        written = needed | {key.section: {key.attribute: key.default} | needed.get(key.section, {})}
        assert _clashes(**written) == [], key.dotted


def test_https_with_files_needs_a_certificate() -> None:
    (clash,) = _clashes(page={"tls": "files"})

    assert clash.keys == ("page.tls", "page.certificate")
    assert "write page.certificate" in clash.text


@pytest.mark.parametrize("echo", ["cancel", "external"])
def test_a_voice_that_the_browser_plays_cannot_be_talked_over(echo: str) -> None:
    audio = {"echo": echo, "barge_in": "voice"}

    (clash,) = _clashes(audio=audio, kiosk={"enabled": True, "sound": "browser"})

    assert clash.keys == ("audio.barge_in", "audio.echo", "kiosk.sound")
    assert "set kiosk.sound to daemon, or audio.barge_in to button" in clash.text
    assert _clashes(audio=audio, kiosk={"enabled": True}) == []
    assert _clashes(audio=audio, kiosk={"enabled": False, "sound": "browser"}) == []
    assert _clashes(audio={"echo": echo}, kiosk={"enabled": True, "sound": "browser"}) == []


def test_a_password_at_a_proxy_needs_a_user() -> None:
    clashes = _clashes(network={"proxy_password": Secret("hush")})

    assert [clash.keys for clash in clashes] == [("network.proxy_username", "network.proxy_password")]
    assert _clashes(network={"proxy_password": Secret("hush"), "proxy_username": "me"}) == []


@pytest.mark.parametrize(
    "proxy",
    [
        "http://[::1",
        "http://h:abc",
        "http://h:99999",
        "http://h:0",
        "http:///x",
        "http://a..b:1",
        f"http://{'x' * 64}.example:1",
        "http://%00:1",
        "http://256.1.1.1:1",
        "http://[fe80::1%25]:1",
    ],
)
def test_a_proxy_that_no_request_can_go_through_is_a_mistake(proxy: str) -> None:
    assert [clash.keys for clash in _clashes(service={"proxy": proxy})] == [("service.proxy",)]


@pytest.mark.parametrize(
    "proxy",
    [
        "none",
        "http://[::1]:3128",
        "http://[fe80::1%25eth0]:3128",
        "http://[fe80::1%eth0]:3128",
        "https://proxy.example",
        "http://10.0.0.1:8080/",
    ],
)
def test_a_proxy_that_can_be_used_is_none(proxy: str) -> None:
    assert _clashes(service={"proxy": proxy}) == []
