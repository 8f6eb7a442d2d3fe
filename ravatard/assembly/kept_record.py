"""Record of the topics that a broker keeps for us, in the state directory; no secret is in it."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path

from ravatard.host.state_file import make_state_directory, read_state, remove_state, replace_state
from ravatard.ports.broker import KeptTopics

log = logging.getLogger(__name__)

#: Name of the file.
FILE = "mqtt-topics.json"
_READ_BYTES = 8_192
_MOST_TOPICS = 32


class FileKeptRecord:
    """Record in a file. A :class:`ravatard.ports.broker.KeptRecord`."""

    def __init__(self, directory: Path) -> None:
        """``directory``: the state directory; it need not exist."""
        self._directory = directory
        self._file = directory / FILE

    def read(self) -> KeptTopics | None:
        """See :meth:`ravatard.ports.broker.KeptRecord.read`."""
        try:
            found = json.loads(read_state(self._file, _READ_BYTES))
            host, port, topics = found["host"], found["port"], found["topics"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError, LookupError, TypeError):
            log.warning(
                "%s cannot be read; Home Assistant may go on to show a device that is gone", self._file
            )
            return None
        if not (isinstance(host, str) and isinstance(port, int) and isinstance(topics, list)):
            return None
        named = tuple(one for one in topics if isinstance(one, str) and one and not {"#", "+"} & set(one))
        return KeptTopics(host, port, named[:_MOST_TOPICS])

    def write(self, kept: KeptTopics) -> None:
        """See :meth:`ravatard.ports.broker.KeptRecord.write`."""
        try:
            make_state_directory(self._directory)
            replace_state(self._file, json.dumps(asdict(kept)).encode())
        except OSError as error:
            log.warning("%s is not written (%s)", self._file, error.strerror or error)

    def remove(self) -> None:
        """See :meth:`ravatard.ports.broker.KeptRecord.remove`."""
        try:
            remove_state(self._file)
        except OSError as error:
            log.warning("%s is not removed (%s)", self._file, error.strerror or error)
