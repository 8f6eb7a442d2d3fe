"""Draws the pictures of the README from the code: ``python -m tests.make_pictures``.

A test compares what is drawn with what lies in ``hardware/``.
"""

from __future__ import annotations

from pathlib import Path

from ravatard.core.indication import LIGHTS, WORDS, Light, Look

FOLDER = Path(__file__).parents[1] / "hardware"

#: Meaning of each look for a user, in the order of precedence.
MEANINGS = {
    Look.FAULT: "only a person can fix it; the log says what",
    Look.NO_MONEY: "the account is empty (402); a press tries again",
    Look.MUTED: "the microphone is closed on purpose",
    Look.NO_MICROPHONE: "unplugged or in use; searched for all the time",
    Look.OFFLINE: "no way to the service; tried again and again",
    Look.CONNECTING: "on the way to the service",
    Look.SERVICE_DEAF: "the service does not hear you; the status says why",
    Look.BUSY: "the service has no free avatar now",
    Look.LISTENING: "what you say goes to the avatar",
    Look.THINKING: "waiting for the answer",
    Look.SPEAKING: "the avatar speaks",
    Look.WAITING: "say the word; nothing else is sent",
    Look.READY: "speak, or press the button",
    Look.STARTING: "not yet listening",
}


def _colour(light: Light) -> str:
    # A dim glow would be black on paper: what an eye sees is nearer to the square root.
    return "#" + "".join(f"{round(255 * min(1.0, part**0.5)):02x}" for part in light.colour)


def _blink(on_s: float, off_s: float, fade_s: float) -> str:
    """SMIL animation of one light's rhythm; "" for a steady one."""
    period = 2 * fade_s or on_s + off_s
    if fade_s:
        values = 'values="0;1;0"'
    elif off_s:
        values = f'calcMode="discrete" values="1;0" keyTimes="0;{on_s / period:.3f}"'
    else:
        return ""
    return f'<animate attributeName="opacity" {values} dur="{period:g}s" repeatCount="indefinite"/>'


def lights() -> str:
    """The table of lights: what an RGB LED and a single LED show, moving, and what it means."""
    row, top = 34, 44
    height = top + row * len(MEANINGS) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" width="720" height="{height}" '
        'font-family="sans-serif" font-size="14">',
        f'<rect width="720" height="{height}" rx="8" fill="#16181d"/>',
        '<g fill="#9aa3ad"><text x="22" y="26">RGB</text><text x="78" y="26">LED</text>'
        '<text x="130" y="26">shows</text><text x="280" y="26">meaning</text></g>',
    ]
    for index, (look, meaning) in enumerate(MEANINGS.items()):
        light, y = LIGHTS[look], top + row * index + row // 2
        plain_on = light.on_s if light.plain_on_s is None else light.plain_on_s
        plain_off = light.off_s if light.plain_off_s is None else light.plain_off_s
        parts += [
            f'<circle cx="36" cy="{y}" r="11" fill="#23272e"/>',
            f'<circle cx="36" cy="{y}" r="10" fill="{_colour(light)}">'
            f"{_blink(light.on_s, light.off_s, light.fade_s)}</circle>",
            f'<circle cx="92" cy="{y}" r="11" fill="#23272e"/>',
            f'<circle cx="92" cy="{y}" r="10" fill="#ffe9b0">{_blink(plain_on, plain_off, 0.0)}</circle>',
            f'<text x="130" y="{y + 5}" fill="#ffffff">{WORDS[look]}</text>',
            f'<text x="280" y="{y + 5}" fill="#c8ced6">{meaning}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


_BOX = '<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{fill}" stroke="{stroke}"/>'
_TITLE = '<text x="{x}" y="{y}" text-anchor="middle" font-weight="bold">{text}</text>'
_LINE = '<text x="{x}" y="{y}" text-anchor="middle" font-size="12" fill="#475060">{text}</text>'


def _box(x: int, y: int, w: int, h: int, title: str, *lines: str, fill: str = "#ffffff") -> str:
    parts = [
        _BOX.format(x=x, y=y, w=w, h=h, fill=fill, stroke="#8a94a3"),
        _TITLE.format(x=x + w // 2, y=y + 24, text=title),
    ]
    parts += [_LINE.format(x=x + w // 2, y=y + 44 + 17 * i, text=line) for i, line in enumerate(lines)]
    return "".join(parts)


def _arrow(x1: int, y1: int, x2: int, y2: int, text: str, *, below: bool = False) -> str:
    middle_x, middle_y = (x1 + x2) // 2, (y1 + y2) // 2 + (18 if below else -8)
    vertical = x1 == x2
    label_x = x1 + 8 if vertical else middle_x
    anchor = "start" if vertical else "middle"
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#2b6cb0" stroke-width="2" '
        'marker-end="url(#tip)"/>'
        f'<text x="{label_x}" y="{middle_y + (12 if vertical else 0)}" text-anchor="{anchor}" font-size="12" '
        f'fill="#2b6cb0">{text}</text>'
    )


def _path(d: str) -> str:
    """An arrow that goes around corners."""
    return f'<path d="{d}" fill="none" stroke="#2b6cb0" stroke-width="2" marker-end="url(#tip)"/>'


def flow() -> str:
    """Which way sound, presses and answers go, and the avatar's voice back."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 470" width="860" height="470" '
        'font-family="sans-serif" font-size="14">',
        '<defs><marker id="tip" markerWidth="9" markerHeight="9" refX="8" refY="4" orient="auto">'
        '<path d="M0,0 L9,4 L0,8 z" fill="#2b6cb0"/></marker></defs>',
        '<rect width="860" height="470" rx="8" fill="#f4f6f9"/>',
        _box(20, 30, 160, 104, "sound process", "microphone", "voice detector", "pre-roll, chunks"),
        _box(20, 180, 160, 70, "button", "GPIO"),
        _box(
            330,
            30,
            200,
            220,
            "conversation",
            "one inbox, one order:",
            "what happened in,",
            "what to do out",
            fill="#e8f1fb",
        ),
        _box(670, 30, 160, 104, "avatar's cloud", "live session or chat", "text, voice"),
        _box(670, 180, 160, 70, "lights, status", "LEDs, systemd"),
        _box(20, 326, 160, 104, "speaker process", "playout buffer", "earcons, volume", "sound card"),
        _box(330, 326, 200, 104, "playback", "one answer after the other", "stops at a press"),
        _box(
            670, 326, 160, 104, "voice", "live: WebRTC, Opus", "chat: a file, decoded", "in its own process"
        ),
        _arrow(180, 72, 330, 72, "utterances, chunks"),
        _arrow(330, 108, 180, 108, "gate mode, hold", below=True),
        _arrow(180, 215, 330, 215, "edges"),
        _arrow(530, 72, 670, 72, "sound, text"),
        _arrow(670, 108, 530, 108, "answers", below=True),
        _arrow(530, 215, 670, 215, "indication"),
        _arrow(370, 250, 370, 326, "play, stop"),
        _arrow(468, 326, 468, 250, "heard"),
        _path("M830,90 h16 v288 h-16"),
        _arrow(670, 378, 530, 378, "PCM, 48 kHz"),
        _arrow(330, 362, 180, 362, "samples"),
        _arrow(180, 398, 330, 398, "begins, ends", below=True),
        "</svg>",
        "",
    ]
    return "\n".join(parts)


PICTURES = {"lights.svg": lights, "flow.svg": flow}


def main() -> None:
    """Draw them all."""
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
