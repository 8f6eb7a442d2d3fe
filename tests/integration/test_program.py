"""A program under test starts alike, however the suite was started."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.integration.program import Program

pytestmark = pytest.mark.integration


@pytest.fixture
def ignored_ctrl_c() -> Iterator[None]:
    """SIGINT is ignored, as in the background of a shell without job control."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ignored_ctrl_c")
async def test_ctrl_c_is_heeded_though_the_tests_ignore_it() -> None:
    async with Program(launcher=("sh", "-c", "grep ^SigIgn: /proc/$$/status")) as program:
        assert await program.ended() == 0, program.story()

    ignored = int(program.stdout.split()[1], base=16)
    assert not ignored >> (signal.SIGINT - 1) & 1
