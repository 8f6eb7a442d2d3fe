"""Check of the speech recogniser: a connection, and nothing said on it."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from ravatard.cloud.replies import cause_of
from ravatard.doctor.check import Case
from ravatard.doctor.checks.reach import CONNECT_S
from ravatard.doctor.result import CheckResult, broken, fine, needless

_REMEDY = "start the recogniser, or correct speech_to_text.uri"


async def look_at_recogniser(case: Case) -> CheckResult:
    """Check that the recogniser is reached, if there is one."""
    uri = case.options.speech_to_text.uri
    if uri is None:
        return needless("no recogniser is configured (speech_to_text.uri)")
    try:
        async with asyncio.timeout(CONNECT_S):
            await _connect(case, uri)
    except TimeoutError:
        return broken(f"the recogniser {uri} does not answer within {CONNECT_S:g} s", _REMEDY)
    except (OSError, ValueError, OverflowError) as error:
        return broken(f"the recogniser {uri} cannot be reached ({cause_of(error)})", _REMEDY)
    return fine(f"the recogniser {uri} answers")


async def _connect(case: Case, uri: str) -> None:
    """Open a connection and close it again.

    Raises:
        OSError: it cannot be reached.
        ValueError, OverflowError: there is no such port.
    """
    address = urlsplit(uri)
    if address.scheme != "unix":
        await case.machine.connect(address.hostname or "", address.port or 0, False)
        return
    _, writer = await asyncio.open_unix_connection(case.machine.path(address.path))
    writer.close()
