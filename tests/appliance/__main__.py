"""``make appliance``: builds what is missing, runs every scenario in one virtual machine, prints a table.

Exit status 0 when all passed, 1 when one failed, 2 when the machine could not be made.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.appliance.commands import BuildError, end_with_all_at_sigterm
from tests.appliance.delivery import make_delivery
from tests.appliance.guest_link import GuestError
from tests.appliance.house import SERVICE, House
from tests.appliance.image import Image, cache_folder, ensure_image
from tests.appliance.machine import Machine
from tests.appliance.scenarios import SCENARIOS, Scenario
from tests.appliance.table import Row, table
from tests.integration.simulate import simulate

#: Longest any scenario may take, waits inside included.
_LIMIT_S = 900.0


def main() -> int:
    """Run it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.appliance")
    parser.add_argument("--packages", default="", help="Debian packages that the installation needs")
    parser.add_argument("--image-only", action="store_true", help="build the image and go no further")
    parser.add_argument(
        "--only", default="", metavar="WORDS", help="after the start, only scenarios with these"
    )
    arguments = parser.parse_args()
    end_with_all_at_sigterm()
    cache = cache_folder()
    try:
        image = ensure_image(cache, tuple(arguments.packages.split()), _say)
        if arguments.image_only:
            return 0
        with tempfile.TemporaryDirectory(prefix="ravatard-appliance-") as temporary:
            delivery = Path(temporary) / "delivery.tar"
            make_delivery(delivery, cache, _say)
            rows = asyncio.run(_all(image, Path(temporary), delivery, cache, arguments.only))
    except BuildError as error:
        _say(str(error))
        return 2
    sys.stdout.write(f"\n{table(rows)}\n")
    return 0 if rows and all(row.passed for row in rows) else 1


def _say(text: str) -> None:
    sys.stdout.write(f"[{time.strftime('%H:%M:%S')}] {text}\n")
    sys.stdout.flush()


async def _all(image: Image, folder: Path, delivery: Path, cache: Path, only: str) -> list[Row]:
    rows: list[Row] = []
    async with (
        simulate("--port", "0", "--licences", "4") as cloud,
        Machine(image, folder, delivery, _say) as machine,
    ):
        _say(f"starting the machine ({machine.accelerator[1].partition(',')[0]})")
        house = House(machine, cloud)
        for scenario in SCENARIOS:
            if only and not scenario.always and not any(word in scenario.name for word in only.split(",")):
                continue
            row = await _one(scenario, house)
            rows.append(row)
            _say(str(row))
            if not row.passed:
                await _keep_story(house, cache / "failures", scenario.name)
                if scenario.always:
                    break
    return rows


async def _one(scenario: Scenario, house: House) -> Row:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_LIMIT_S):
            seen, passed = await scenario.play(house), True
    except* (GuestError, AssertionError, TimeoutError) as errors:
        seen, passed = "; ".join(str(one) or type(one).__name__ for one in _leaves(errors)), False
    return Row(scenario.name, seen, passed, time.monotonic() - began)


async def _keep_story(house: House, folder: Path, name: str) -> None:
    """What the machine says about a failure, in a file."""
    with contextlib.suppress(GuestError):
        story = await house.machine.ask(
            f"systemctl status --no-pager --full {SERVICE}; journalctl --no-pager -n 250 -o short-monotonic"
        )
        file = folder / f"{name.replace(' ', '-')}.txt"
        text = f"{await house.cloud.state()}\n{story.output}"
        await asyncio.to_thread(_write, file, text)
        _say(f"the machine's journal is in {file}")


def _leaves(errors: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
