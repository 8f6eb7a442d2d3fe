from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.devices.process.printed import NO_TEXT, last_lines, library_lines, tail_of


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        (b"", ""),
        (b"\n  \n", ""),
        (
            b"ALSA lib pcm_dsnoop.c:641:(snd_pcm_dsnoop_open) unable to open slave\n",
            "",
        ),
        (b"Expression 'ret' failed in 'src/hostapi/alsa/pa_linux_alsa.c', line: 1736\nodd\n", "odd"),
        (
            b"ALSA lib pcm.c:2666:(snd_pcm_open) Unknown PCM\narecord: main:831: audio open error\n",
            "arecord: main:831: audio open error",
        ),
        (
            b"jack server is not running or cannot be started\nJackShmReadWritePtr::~JackShmReadWritePtr\n"
            b"Cannot connect to server socket err = No such file or directory\n",
            "",
        ),
        (b"Cannot create thread res = 1\nCannot create message buffer\n", ""),
        (b"again\nagain\nagain\n", "again"),
        (b"one\ntwo\nthree\nfour\n", "two; three; four"),
        (b"cut off: \xff\xfe\n", "cut off: \ufffd\ufffd"),
        (b"\x1b[31mred\x1b[0m and a bell\x07\n", "[31mred[0m and a bell"),
        (bytes(1_900), NO_TEXT),
        (bytes(range(256)) * 7, NO_TEXT),
        (bytes(900) + b"\ncat: write error\n", f"{NO_TEXT}; cat: write error"),
        (b"50 %\r100 %\r\n", "50 %; 100 %"),
    ],
)
def test_noise_becomes_one_line(printed: bytes, line: str) -> None:
    assert last_lines(printed) == line


@pytest.mark.parametrize("piece", [1, 7, 100, 1_999, 2_000, 2_001, 65_536])
def test_half_a_line_of_the_sound_libraries_is_none_of_ours(piece: int) -> None:
    """The reason of a loss ended with "[o such file or directory]"."""
    line = (
        b"ALSA lib conf.c:5178:(_snd_config_evaluate) function snd_func_concat returned error: No such file\n"
    )
    for count in range(15, 45):
        printed, tail = line * count + b"Expression 'ret' failed in 'pa_linux_alsa.c', line: 1736\n", b""
        for at in range(0, len(printed), piece):
            tail = tail_of(tail + printed[at : at + piece])

        assert last_lines(tail) == ""
        assert "No such file" in library_lines(tail)
        assert len(tail) <= 2_000


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_of_an_endless_line_the_end_is_kept(end: bytes) -> None:
    assert tail_of(b"a" * 5_000 + b"the end" + end).endswith(b"athe end" + end)


def test_the_insides_of_the_sound_libraries_are_kept_apart() -> None:
    """Every sentence of an appliance without a microphone ended with four lines of them."""
    printed = (
        b"ALSA lib conf.c:5178:(_snd_config_evaluate) function snd_func_concat returned error: No such file\n"
        b"something of ours\n"
        b"ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM dmix\n"
        b"ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM dmix\n"
    )

    assert last_lines(printed) == "something of ours"
    assert library_lines(printed) == (
        "ALSA: function snd_func_concat returned error: No such file; ALSA: Unknown PCM dmix"
    )


@given(st.binary(max_size=3_000))
def test_whatever_is_printed_becomes_printable_text(printed: bytes) -> None:
    assert last_lines(tail_of(printed)).isprintable()
    assert library_lines(tail_of(printed)).isprintable()
