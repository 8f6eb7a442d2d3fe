"""The pictures of the README show what the code does."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ravatard.core.indication import WORDS, Look
from tests import make_demo_picture, make_endpointing_picture
from tests.benchmarks.endpointing import HELD_OUT_SEED
from tests.make_pictures import FOLDER, MEANINGS, PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_the_code_draws(name: str) -> None:
    drawn = PICTURES[name]()

    assert (FOLDER / name).read_text(encoding="utf-8") == drawn, "run: python -m tests.make_pictures"


def test_the_picture_of_silence_against_cuts_shows_the_kept_figures() -> None:
    kept = json.loads(make_endpointing_picture.FIGURES.read_text(encoding="utf-8"))

    drawn = make_endpointing_picture.draw(kept["silences"])

    assert make_endpointing_picture.PICTURE.read_text(encoding="utf-8") == drawn, (
        "run: python -m tests.make_endpointing_picture"
    )
    assert kept["seed"] == HELD_OUT_SEED


def test_every_look_but_off_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Look) - {Look.OFF}


def test_the_readme_names_every_light_in_the_order_of_precedence() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

    places = [readme.index(f"| {WORDS[look]} |") for look in MEANINGS]

    assert places == sorted(places)


# -------------------------------------------------------------------------- the demo, as a film


def test_the_film_of_the_demo_shows_a_whole_conversation() -> None:
    film = make_demo_picture.PICTURE.read_text(encoding="utf-8")
    words = "".join(ElementTree.fromstring(film).itertext())  # noqa: S314 - our own

    assert "$ make demo" in words
    for look in ("starting", "ready", "listening", "thinking", "speaking"):
        assert look in words
    assert "0 still open" in words
    assert re.findall(r"/(?:tmp|root|home|work)\b", words) == []


def test_a_film_shows_each_line_at_its_time_and_keeps_its_colours() -> None:
    lines = [
        make_demo_picture.Line(1.0, "\x1b[38;2;0;64;255m●\x1b[0m <light>  &\x1b[1m"),
        make_demo_picture.Line(3.0, "end"),
    ]

    film = make_demo_picture.draw("title", "make demo", lines)

    root = ElementTree.fromstring(film)  # noqa: S314 - our own
    rows = list(root.iter("{http://www.w3.org/2000/svg}text"))[1:]
    assert ["".join(row.itertext()) for row in rows] == ["$ make demo", "● <light>  &", "end"]
    assert 'fill="#0040ff"' in film
    # Ten seconds in all: 1 s for the command, the lines after it, 6 s at the end.
    assert [row.get("class") for row in rows] == ["t0_00", "t20_00", "t40_00"]
    assert "animation:follow 10.0s" in film


def test_a_film_that_is_longer_than_its_window_follows_the_last_line() -> None:
    lines = [make_demo_picture.Line(float(second), f"line {second}") for second in range(40)]

    film = make_demo_picture.draw("title", "make demo", lines)

    assert f"translateY(-{(41 - make_demo_picture.ROWS) * 19}px)" in film


def test_what_a_terminal_shows_is_recorded_with_its_times() -> None:
    program = "import sys, time; print('one'); sys.stdout.flush(); time.sleep(0.2); print('two')"

    first, second = make_demo_picture.record([sys.executable, "-c", program])

    assert (first.text, second.text) == ("one", "two")
    assert second.at > first.at
    with pytest.raises(RuntimeError, match="status 3"):
        make_demo_picture.record([sys.executable, "-c", "raise SystemExit(3)"])


# -------------------------------------------------------------------------- the first page


def test_the_first_page_is_read_aloud_in_a_minute() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    first = re.sub(r"!?\[([^\]]*)\]\([^)]*\)|[*`#]", r"\1", readme[: readme.index("## Try it")])

    # A reader speaks some 150 words a minute.
    assert 60 < len(first.split()) < 150
