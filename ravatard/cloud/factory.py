"""Kinds of cloud: the one place outside their folders that knows them.

A new kind of cloud is a folder with a ``Kind``, its option groups in :mod:`ravatard.cloud.option_groups`, its
name in ``ServiceOptions.kind``, and one entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from ravatard.cloud.kind import CloudResources, EndSession, Kind, refuse_unknown_kind
from ravatard.cloud.option_groups import CloudOptions
from ravatard.ports.cloud import ServiceCloud
from ravatard.ports.host import OwedSession
from ravatard.ports.network import Network


def _ravatar() -> Kind:
    from ravatard.cloud.ravatar.kind import RAVATAR

    return RAVATAR


def _avatar() -> Kind:
    from ravatard.cloud.avatar.kind import AVATAR

    return AVATAR


#: ``service.kind`` -> function that imports the kind: only the one in use is loaded.
KINDS: Mapping[str, Callable[[], Kind]] = MappingProxyType({"ravatar": _ravatar, "avatar": _avatar})


def kind_of(options: CloudOptions) -> Kind:
    """Return the kind of cloud that is configured."""
    return KINDS[options.service.kind]()


def open_cloud(options: CloudOptions, resources: CloudResources) -> ServiceCloud:
    """Return the configured cloud. It ends every session on its ledger, whichever kind has started it.

    Needs a running event loop.
    """
    others = SessionEnder(options, resources.network, resources.chance)
    cloud = kind_of(options).open(options, replace(resources, end_other=others.end))
    if options.speech_to_text.uri is None or options.speech_to_text.use != "always":
        return cloud
    return _transcribed(cloud, options, resources.chance)


def _transcribed(cloud: ServiceCloud, options: CloudOptions, chance: Callable[[], float]) -> ServiceCloud:
    from ravatard.cloud.speech_to_text.cloud import TranscribedCloud
    from ravatard.cloud.speech_to_text.transcriber import transcriber_of

    transcriber = transcriber_of(options.speech_to_text, options.service.language, chance)
    return cloud if transcriber is None else TranscribedCloud(cloud, transcriber)


def ending_unknown(options: CloudOptions) -> CloudOptions:
    """Return ``options`` with leave to end a session that only the service knows, left by a start of ours."""
    return replace(options, avatar=replace(options.avatar, sole_client=True))


class SessionEnder:
    """Ends live sessions, each by the kind of cloud that started it."""

    def __init__(self, options: CloudOptions, network: Network, chance: Callable[[], float]) -> None:
        """Ask no service yet; ``chance`` gives numbers in [0, 1)."""
        self._options = options
        self._network = network
        self._chance = chance
        self._enders: dict[str, EndSession] = {}

    async def end(self, session: OwedSession) -> str | None:
        """End ``session``; return a sentence if it was none to end. One of an unknown kind is sent nowhere.

        Raises:
            DeniedError: its kind is unknown, or the service refuses us.
            LinkError, PeerError: it may still be open.
        """
        if session.kind not in KINDS:
            await refuse_unknown_kind(session)
        if session.kind not in self._enders:
            kind = KINDS[session.kind]()
            self._enders[session.kind] = kind.ender(self._options, self._network, self._chance)
        return await self._enders[session.kind](session)
