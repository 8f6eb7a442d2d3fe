from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ravatard.core.states import Earcon
from ravatard.devices.speaker.earcon_options import EarconOptions
from ravatard.devices.speaker.earcons import SHIPPED, duration_ms, earcons
from ravatard.errors import ConfigError
from tests.make_earcons import LEVEL_DBFS, SCORE, made
from tests.unit.devices.wav_files import chunk, fmt, heard, riff, s16, tone


@pytest.mark.parametrize("earcon", Earcon)
def test_the_files_are_what_the_script_makes(earcon: Earcon) -> None:
    shipped = np.frombuffer(earcons(EarconOptions())[earcon], "<i2").astype(int)

    # One step of 65,536 aside: another machine's sine may round differently.
    assert len(shipped) == len(made(earcon)), "run: python -m tests.make_earcons"
    assert np.abs(shipped - made(earcon)).max() <= 1, "run: python -m tests.make_earcons"


def test_there_is_no_file_too_many() -> None:
    assert {file.stem for file in SHIPPED.iterdir()} == {earcon.value for earcon in Earcon}


@pytest.mark.parametrize("earcon", Earcon)
def test_a_signal_is_short_gentle_and_without_clicks(earcon: Earcon) -> None:
    pcm = earcons(EarconOptions())[earcon]
    sound = heard(pcm)

    sounding = sound[sound != 0]
    assert 80 <= duration_ms(pcm) <= 400
    assert 20 * np.log10(np.sqrt(np.mean(sounding**2))) == pytest.approx(LEVEL_DBFS, abs=0.5)
    assert np.abs(sound).max() < 0.35
    assert np.abs(np.diff(sound)).max() < 0.06
    assert abs(sound[0]) < 0.01
    assert abs(sound[-1]) < 0.01


def test_no_two_signals_have_the_same_rhythm_and_melody() -> None:
    def pattern(earcon: Earcon) -> tuple[tuple[bool, ...], tuple[float, ...]]:
        notes = [note for note in SCORE[earcon] if note.hz]
        rhythm = tuple(note.hz == 0 for note in SCORE[earcon])
        steps = pairwise(notes)
        return rhythm, tuple(float(np.sign(after.hz - before.hz)) for before, after in steps)

    assert len({pattern(earcon) for earcon in Earcon}) == len(Earcon)
    assert pattern(Earcon.LISTENING)[1] == (1.0,)
    assert pattern(Earcon.SENT)[1] == (-1.0,)


def test_switched_off_there_are_none() -> None:
    assert earcons(EarconOptions(enabled=False, folder="/nowhere")) == {}


def test_they_are_as_loud_as_asked() -> None:
    plain = heard(earcons(EarconOptions())[Earcon.SENT])
    soft = heard(earcons(EarconOptions(volume_db=-20))[Earcon.SENT])

    assert np.std(soft) / np.std(plain) == pytest.approx(0.1, rel=0.02)


def test_a_file_of_the_owner_takes_its_place_whatever_its_shape(tmp_path: Path) -> None:
    mine = riff(fmt("s16", 2, 44_100), chunk(b"data", s16(np.repeat(tone(300, 44_100, 0.2), 2))))
    (tmp_path / "muted.wav").write_bytes(mine)

    found = earcons(EarconOptions(folder=str(tmp_path)))

    assert duration_ms(found[Earcon.MUTED]) == pytest.approx(200, abs=0.1)
    assert {earcon: pcm for earcon, pcm in found.items() if earcon is not Earcon.MUTED} == {
        earcon: pcm for earcon, pcm in earcons(EarconOptions()).items() if earcon is not Earcon.MUTED
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "ends before its data begin"),
        (b"OggS and so on, until the end", "does not begin with RIFF"),
        (riff(fmt(), chunk(b"data", bytes(2 * 16_000 * 4))), "longer than 3 s"),
        (riff(chunk(b"LIST", bytes(9 << 20))), "longer than 3 s"),
    ],
)
def test_a_bad_file_of_the_owner_is_told_by_its_name(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "no-money.wav").write_bytes(content)

    with pytest.raises(ConfigError, match=rf"no-money\.wav .*{told}"):
        earcons(EarconOptions(folder=str(tmp_path)))


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "error.wav").mkdir()

    with pytest.raises(ConfigError, match=r"error\.wav cannot be read: Is a directory"):
        earcons(EarconOptions(folder=str(tmp_path)))


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"earcons\.folder .*none is not a folder"):
        earcons(EarconOptions(folder=str(tmp_path / "none")))


def test_an_installation_without_its_files_says_so(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "sent.wav", tmp_path)

    with pytest.raises(ConfigError, match=r"listening\.wav cannot be read: No such file"):
        earcons(EarconOptions(), tmp_path)
