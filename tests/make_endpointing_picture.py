"""Draws silence against cuts from the kept figures: ``python -m tests.make_endpointing_picture``.

The figures are those of ``python -m tests.benchmarks.endpointing --keep tests/benchmarks/endpointing.json``.
A test compares what is drawn with what lies in ``hardware/``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parent / "benchmarks" / "endpointing.json"
PICTURE = Path(__file__).parents[1] / "hardware" / "endpointing.svg"

LEARNED = "learned"
#: Each panel: its title, its conditions with their colours, and the most cuts in 100 that it shows.
PANELS = (
    (
        "read speech",
        {"quiet": "#2b6cb0", "20 dB": "#2f855a", "10 dB": "#b7791f", "5 dB": "#c53030"},
        50,
    ),
    (
        "half of the speakers hesitate",
        {"fluent, quiet": "#2b6cb0", "hesitant, quiet": "#6b46c1", "hesitant, 10 dB": "#b83280"},
        100,
    ),
)
WIDTH, HEIGHT = 860, 430
PANEL_WIDTH, TOP, BOTTOM, LEFT = 330, 96, 350, 66
PANEL_STEP = 420
MOST_MS = 1_300


def _place(panel: int, ms: float, cuts: float, most_cuts: float) -> tuple[float, float]:
    """Return x and y of a point; a square root spreads the few cuts that matter."""
    x = LEFT + panel * PANEL_STEP + PANEL_WIDTH * ms / MOST_MS
    y = BOTTOM - (BOTTOM - TOP) * (min(cuts, most_cuts) / most_cuts) ** 0.5
    return round(x, 1), round(y, 1)


def _axes(panel: int, title: str, most_cuts: float) -> list[str]:
    left, right = LEFT + panel * PANEL_STEP, LEFT + panel * PANEL_STEP + PANEL_WIDTH
    parts = [f'<text x="{left}" y="{TOP - 18}" font-weight="bold">{title}</text>']
    for ms in range(0, MOST_MS, 300):
        x, _ = _place(panel, ms, 0, most_cuts)
        parts.append(f'<text x="{x}" y="{BOTTOM + 18}" text-anchor="middle" fill="#475060">{ms}</text>')
    for cuts in (0, 1, 2, 5, 10, 20, 40, 80):
        if cuts <= most_cuts:
            _, y = _place(panel, 0, cuts, most_cuts)
            parts.append(f'<line x1="{left}" y1="{y}" x2="{right}" y2="{y}" stroke="#d5dae2"/>')
            parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end" fill="#475060">{cuts}</text>')
    return parts


def _line(panel: int, colour: str, fixed: list[dict[str, float]], most_cuts: float) -> str:
    points = [_place(panel, one["median_ms"], one["cuts_per_100"], most_cuts) for one in fixed]
    path = " ".join(f"{x},{y}" for x, y in points)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>{dots}'


def _star(panel: int, colour: str, learned: dict[str, float], most_cuts: float) -> str:
    x, y = _place(panel, learned["median_ms"], learned["cuts_per_100"], most_cuts)
    return (
        f'<path d="M{x},{y - 8} L{x + 8},{y} L{x},{y + 8} L{x - 8},{y} z" fill="{colour}" stroke="#16181d" '
        'stroke-width="1.5"/>'
    )


def draw(silences: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Return the picture: for each condition a line of the fixed silences, and a diamond of the learned."""
    fixed = [name for name in silences if name != LEARNED]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#f4f6f9"/>',
        f'<text x="{LEFT - 40}" y="26" font-size="14" font-weight="bold">Cuts in 100 utterances, by the '
        "milliseconds from the end of speech to the end of its utterance (median)</text>",
        f'<text x="{LEFT - 40}" y="46">Lines: fixed silences of {fixed[0]} to {fixed[-1]}, a dot each. '
        "Diamonds: learned from the speaker's pauses.</text>",
    ]
    for panel, (title, conditions, most_cuts) in enumerate(PANELS):
        parts += _axes(panel, title, most_cuts)
        for row, (condition, colour) in enumerate(conditions.items()):
            line = [silences[name][condition] for name in fixed]
            parts.append(_line(panel, colour, line, most_cuts))
            x = LEFT + panel * PANEL_STEP + row * (82 if len(conditions) == 4 else 122)
            parts.append(
                f'<rect x="{x}" y="{BOTTOM + 38}" width="12" height="12" fill="{colour}"/>'
                f'<text x="{x + 18}" y="{BOTTOM + 48}">{condition}</text>'
            )
        parts += [
            _star(panel, colour, silences[LEARNED][condition], most_cuts)
            for condition, colour in conditions.items()
        ]
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Draw it."""
    PICTURE.write_text(draw(json.loads(FIGURES.read_text(encoding="utf-8"))["silences"]), encoding="utf-8")


if __name__ == "__main__":
    main()
