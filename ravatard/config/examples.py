"""Examples of the reference file: the settings that most owners want, and one example a section."""

from __future__ import annotations

from collections.abc import Mapping

#: A whole file that many appliances need no more than; the ten keys that owners ask for first.
FIRST = """\
service:
  project_id: your-project-id   # given by RAVATAR; it is a secret
  avatar: Assistant             # `ravatard avatars` lists yours
  language: en                  # `ravatard languages` lists those of the service
board: respeaker-2mic           # `ravatard board list`; leave it out without one
microphone: {device: USB}       # a part of a name in `ravatard devices`
speaker: {device: USB, volume: 80}
gate: {mode: button}            # vad: by voice; button: while it is held
ravatar: {mode: auto}           # live sessions, and chat mode while none is free
spend: {day_minutes: 120}       # the most that live sessions may last in a day
"""

#: Section: settings that change something, and what for.
EXAMPLES: Mapping[str, tuple[str, str]] = {
    "service": ("{avatar: Ada, language: de}", "Ada, in German"),
    "microphone": ("{device: USB, keep_mute: true}", "the USB microphone, which stays muted over a restart"),
    "speaker": ("{device: hdmi, volume: 60}", "the monitor's loudspeakers, not too loud"),
    "audio": (
        "{echo: external, barge_in: voice}",
        "interrupting by voice, with a speakerphone that cancels echo",
    ),
    "button": ("{pin: 17, long_press: none}", "a button between GPIO 17 and ground that never mutes"),
    "lights": ("{kind: rgb, red: 5, green: 6, blue: 13}", "an RGB LED on three pins"),
    "pixels": ("{count: 12, chase: false}", "twelve pixels, all alike"),
    "gate": ("{mode: button, toggle: true}", "a button that is pressed to begin and again to end"),
    "voice": ("{aggressiveness: 3}", "a noisy room, where less counts as speech"),
    "wakeword": ("{word: hey_mycroft, sensitivity: high}", "another word, recognised more easily"),
    "session": ("{idle_s: 60}", "a paid session that ends after a quiet minute"),
    "turn": ("{answer_s: 45}", "a slow avatar"),
    "spend": ("{session_minutes: 30, day_minutes: 120}", "sessions of 30 minutes at most, two hours a day"),
    "live_audio": ('{enabled: "off"}', "an appliance without the live voice"),
    "media": ("{private_addresses: always}", "answers from a server in this house"),
    "earcons": ("{volume_db: -12}", "softer signals"),
    "capture": ("{rate_hz: 48000, channels: 2, channel: 0}", "a card that only knows 48 kHz stereo"),
    "reconnect": ("{longest_s: 30}", "one appliance, not a fleet"),
    "quiet": ('{from: "22:00", to: "7:00", volume: 20}', "nights with dim lights and a soft voice"),
    "kiosk": ("{enabled: true, users: [pi]}", "a page for the desktop of user pi"),
    "page": ("{listen: lan, port: 8480}", "a page for the owner's phone, with a password"),
    "mqtt": ("{host: homeassistant.local, username: avatar}", "the broker of Home Assistant"),
    "home_assistant": ("{name: Kitchen avatar}", "a device with the name of its room"),
    "group": ("{name: lobby}", "appliances in one room, of which one answers"),
    "metrics": ("{listen: loopback}", "a Prometheus on this machine"),
    "logging": ("{level: debug}", "the search for a fault"),
    "network": ("{ca: /etc/ravatard/firm.pem}", "a firm whose proxy reads encrypted connections"),
    "deadlines": ("{request_s: 20}", "a slow mobile network"),
    "speech_to_text": ("{uri: 'tcp://recogniser.example:10300'}", "a recogniser on your own network"),
    "ravatar": ("{mode: chat}", "an appliance without paid sessions"),
    "stream": ("{width: 640, height: 360}", "a small picture for a slow line"),
    "avatar": ("{microphone: socket, speaks: us}", "a service whose ways are known"),
    "avatar_voice": ("{voice_id: EXAVITQu4vr4xnSDxMaL}", "a voice of your own"),
}
