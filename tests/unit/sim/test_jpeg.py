from __future__ import annotations

import io

import pytest

from ravatard.sim.jpeg import grey_jpeg

av = pytest.importorskip("av")


@pytest.mark.parametrize("level", [1, 60, 64, 192, 200, 255])
@pytest.mark.parametrize("size_bytes", [300, 8_000, 200_000])
def test_it_is_a_picture_of_that_grey_and_size(level: int, size_bytes: int) -> None:
    raw = grey_jpeg(level, size_bytes)

    with av.open(io.BytesIO(raw), "r", format="jpeg_pipe") as file:
        (picture,) = [frame.to_ndarray(format="gray") for frame in file.decode(video=0)]

    assert picture.shape == (90, 160)
    assert abs(int(picture.min()) - level) <= 1
    assert abs(int(picture.max()) - level) <= 1
    assert max(size_bytes, len(grey_jpeg(level, 0))) - len(raw) <= 4
