"""Endpoint of the service's directory: the avatars that may be chosen."""

from __future__ import annotations

import asyncio

import msgspec

from ravatard.ports.page import CommandFailed, CommandLine
from ravatard.web.page.api import settings_types as st
from ravatard.web.page.call import ApiCall
from ravatard.web.page.refused import RequestRefused

#: The service is asked for a token, and then for its lists.
_ASKED_S = 40.0


class ServiceApi:
    """Answers the endpoint; the configuration that is saved counts, also before it is in effect."""

    def __init__(self, commands: CommandLine) -> None:
        """``commands``: runs ``ravatard avatars``."""
        self._commands = commands
        self._busy = asyncio.Lock()

    async def avatars(self, call: ApiCall) -> st.AvatarList:
        """Return the avatars of the project.

        Raises:
            RequestRefused: the service is being asked already, or does not say.
        """
        del call
        if self._busy.locked():
            raise RequestRefused(409, "busy", "the service is being asked already; wait for its answer")
        async with self._busy:
            try:
                found = await self._commands.run("avatars", "--json", limit_s=_ASKED_S)
                return msgspec.json.decode(found, type=st.AvatarList)
            except CommandFailed as error:
                raise RequestRefused(503, "no-avatars", str(error)) from error
            except msgspec.DecodeError as error:
                raise RequestRefused(503, "no-avatars", "`ravatard avatars` told nothing") from error
