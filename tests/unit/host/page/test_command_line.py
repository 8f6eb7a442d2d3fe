"""Commands in processes of their own. The tests use real ones: time is real, too."""

from __future__ import annotations

import sys

import pytest

from ravatard.host.page.command_line import OUTPUT_BYTES, Subcommands
from ravatard.ports.page import CommandFailed

pytestmark = pytest.mark.integration


def commands(code: str) -> Subcommands:
    return Subcommands({"WORD": "said"}, {"doctor": ("--more",)}, (sys.executable, "-c", code))


async def test_the_output_of_a_command_with_its_arguments_is_returned() -> None:
    found = await commands("import os, sys; print(os.environ['WORD'], *sys.argv[1:])").run(
        "doctor", "--json", limit_s=30
    )

    assert found == b"said doctor --json --more\n"


async def test_a_command_that_fails_says_why_in_its_last_words() -> None:
    with pytest.raises(CommandFailed, match=r"^no luck$"):
        await commands("import sys; sys.exit('more\\nravatard: no luck')").run("x", limit_s=30)


async def test_a_status_may_be_one_that_has_done_its_work() -> None:
    code = "import sys; print('found'); sys.exit(2)"

    assert await commands(code).run("x", limit_s=30, statuses=(0, 2)) == b"found\n"
    with pytest.raises(CommandFailed, match="status 2"):
        await commands(code).run("x", limit_s=30)


async def test_a_command_that_hangs_is_ended() -> None:
    with pytest.raises(CommandFailed, match=r"did not end within 0\.3 s"):
        await commands("import time; time.sleep(60)").run("x", limit_s=0.3)


async def test_a_flood_is_cut_off() -> None:
    code = f"import sys; sys.stdout.write('x' * {2 * OUTPUT_BYTES})"

    with pytest.raises(CommandFailed, match="wrote more than"):
        await commands(code).run("x", limit_s=30)


async def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(CommandFailed, match="cannot be started"):
        await Subcommands({}, program=("/no/such/program",)).run("x", limit_s=30)
