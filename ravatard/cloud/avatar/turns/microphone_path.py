"""Path of the person's voice to the service: chosen by evidence, as no document names it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

#: Two voice turns in a row without evidence end a path.
_MOST_UNHEARD = 2
#: Shorter turns say nothing: a cough is not answered.
LEAST_SPEECH_S = 0.5


@unique
class MicrophonePath(Enum):
    """Carrier of the person's voice."""

    TEXT = "text"
    """Words of our own recogniser, by chat.completions."""
    SOCKET = "socket"
    """Sound appended on the socket."""
    TRACK = "track"
    """Microphone track of our WebRTC offer."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class PathChange:
    """Change of the path.

    Attributes:
        left: path that has failed.
        taken: path that is tried now; None: all have failed, the service does not hear.
        reason: for people.
        known: that the service does not hear was told before.
    """

    left: MicrophonePath
    taken: MicrophonePath | None
    reason: str
    known: bool = False


class PathTrial:
    """Choice among the paths that are possible here, for one run of the daemon.

    No path is given up for good, since any failure may pass: when all have failed the service counts as deaf,
    and each further attempt takes the next one in turn.

    Attributes:
        path: the path in use; with ``deaf`` the next one to try.
        deaf: the service hears on none of them, as far as was tried.
        proven: there was evidence for ``path``.
    """

    def __init__(self, paths: tuple[MicrophonePath, ...]) -> None:
        """Begin with the first of ``paths``, one or more."""
        self.path = paths[0]
        self.deaf = False
        self.proven = False
        self._paths = paths
        self._failed = 0
        self._unheard = 0

    def again(self) -> None:
        """Begin anew, with a path that is proven or with the first: the service may be another by now."""
        if not self.proven:
            self.path = self._paths[0]
        self.deaf, self._failed, self._unheard = False, 0, 0

    def answered_in_writing(self) -> None:
        """Note that the service answered written words, as which a voice reaches it by text."""
        self.proven = self.proven or self.path is MicrophonePath.TEXT

    def turn_over(self, speech_s: float, *, heard: bool) -> PathChange | None:
        """Note the end of a voice turn; return the change of path that follows.

        Args:
            speech_s: seconds of speech in it.
            heard: there was evidence after its end: ``chat`` of either side, ``status speaking``,
                ``audio``, or audible sound on the track.
        """
        if heard:
            self.proven, self.deaf, self._failed, self._unheard = True, False, 0, 0
            return None
        if speech_s < LEAST_SPEECH_S:
            return None
        self._unheard += 1
        # One that is known to be deaf gets few turns: each of them tries another path.
        if self._unheard < _MOST_UNHEARD and not self.deaf:
            return None
        return self.leave(f"speech by {self.path.value} brings no answer")

    def leave(self, reason: str) -> PathChange:
        """Leave the present path: it has failed, or the avatar repeats the person on it."""
        left, known = self.path, self.deaf
        self._unheard, self.proven = 0, False
        self._failed += 1
        self.path = self._paths[(self._paths.index(left) + 1) % len(self._paths)]
        self.deaf = self._failed >= len(self._paths)
        return PathChange(left, None if self.deaf else self.path, reason, known)
