"""Start with the saved settings, or without them: unusable ones do not keep the appliance from starting."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ravatard.config.loading import Loaded
from ravatard.config.problems import ConfigErrors
from ravatard.config.saved.layer import BAD
from ravatard.host.state_file import rename_state

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StartingConfiguration:
    """Configuration that an appliance starts with.

    Attributes:
        loaded: what is in effect.
        refused: what was wrong with the saved settings, which are not in effect then; None if nothing was.
    """

    loaded: Loaded
    refused: ConfigErrors | None = None


def load_at_start(read: Callable[[Path | None], Loaded], saved: Path) -> StartingConfiguration:
    """Return the configuration with the settings saved in ``saved``, or without them when they are unusable.

    Args:
        read: reads the configuration, with the file of saved settings that it is given; None: without.
        saved: that file; it need not exist.

    Raises:
        ConfigErrors: the owner's own files have mistakes, which are those told.
    """
    try:
        return StartingConfiguration(read(saved))
    except ConfigErrors as errors:
        return StartingConfiguration(read(None), errors)


def set_aside(saved: Path, refused: ConfigErrors) -> str:
    """Rename the unusable file of saved settings, and log its mistakes; return a sentence for the status."""
    bad = f"{saved.name}{BAD}"
    first = str(refused.problems[0])
    more = len(refused.problems) - 1
    what = f"{first} (and {more} more)" if more else first
    try:
        rename_state(saved, bad)
        where = f"they are set aside as {saved.with_name(bad)}"
    except OSError as error:
        where = f"they cannot be set aside ({error.strerror}), and are passed over"
    log.warning("the settings that were saved by the page cannot be used: %s; %s", what, where)
    return f"the saved settings are not in effect: {where}"
