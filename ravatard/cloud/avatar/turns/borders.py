"""Borders between answers: ``audio`` events carry no number, so that order, status and time decide. Pure."""

from __future__ import annotations

from enum import Enum, unique

from ravatard.cloud.avatar.events import AvatarStatus

#: After ``idle`` or ``listening`` behind ``speaking``, pieces may still be on their way for this long.
AFTER_STATUS_S = 0.5
#: With this part of the estimated duration received, the answer is over when no more sound comes.
_ENOUGH = 0.9
_AFTER_ENOUGH_S = 1.5
#: An answer without status and without an estimate is over after this silence.
NEW_AFTER_S = 3.0
#: Sound that comes later than its estimate by this much does not come, and no gap is longer.
LONGEST_GAP_S = 15.0
#: After an interruption, sound is thrown away for this long at most.
_DISCARD_S = 3.0


@unique
class PiecePlace(Enum):
    """Place of a piece of sound."""

    BEGINS = "begins"
    """It begins a new answer; the one before is over."""
    CONTINUES = "continues"
    DISCARDED = "discarded"
    """It belongs to an answer that was interrupted."""


class AnswerBorders:
    """Decides with which piece an answer begins, and when it is over.

    Tell it of everything that happens, with the loop's time; ask :meth:`over` at the time of :meth:`due_s`.

    Attributes:
        open: an answer sounds.
    """

    def __init__(self) -> None:
        self.open = False
        self._fresh = True
        self._status = AvatarStatus.IDLE
        self._spoke = False
        self._estimate_s: float | None = None
        self._asked_s: float | None = None
        self._received_s = 0.0
        self._piece_at = self._before_s = 0.0
        self._ends_at: float | None = None
        self._discard_until: float | None = None

    def asked(self, now: float, estimate_s: float | None = None) -> None:
        """Note a new turn of ours: a voice turn, a chat or a speak.

        Args:
            now: loop time.
            estimate_s: of ``avatar.speak``: the duration of its speech.
        """
        self._fresh = True
        self._asked_s, self._estimate_s = now, estimate_s
        self._discard_until = None

    def estimated(self, estimate_s: float | None) -> None:
        """Note the estimated duration of the answer that was asked for."""
        self._estimate_s = estimate_s

    def status(self, now: float, status: AvatarStatus) -> None:
        """Note a status of the service."""
        before, self._status = self._status, status
        match status:
            case AvatarStatus.SPEAKING:
                # Again "speaking" in an answer says nothing new.
                if before is not AvatarStatus.SPEAKING:
                    self._fresh = self._fresh or self._ends_at is not None or not self.open
                self._spoke = True
                if self._discard_until is None:
                    self._ends_at = None
            case AvatarStatus.IDLE | AvatarStatus.LISTENING:
                self._discard_until = None
                if self._spoke and self.open and self._ends_at is None:
                    self._ends_at = now + AFTER_STATUS_S
                self._spoke = False

    def piece(self, now: float, seconds: float) -> PiecePlace:
        """Return the place of a piece of sound that came.

        Args:
            now: loop time.
            seconds: duration of its sound.
        """
        if self._discard_until is not None:
            if now < self._discard_until:
                return PiecePlace.DISCARDED
            self._discard_until = None
        begins = self._fresh or not self.open or self.over(now)
        if begins:
            self.open, self._fresh, self._received_s, self._ends_at = True, False, 0.0, None
        self._received_s += seconds
        self._before_s = now if begins else self._piece_at
        self._piece_at = now
        return PiecePlace.BEGINS if begins else PiecePlace.CONTINUES

    def silent(self) -> None:
        """Note that the piece that was placed last cannot be heard: it does not put off the answer's end."""
        self._piece_at = self._before_s

    def interrupted(self, now: float) -> None:
        """Note our order to stop: the sound of the present answer is thrown away."""
        self.close()
        self._discard_until = now + _DISCARD_S

    def close(self) -> None:
        """Note that the present answer is over."""
        self.open, self._ends_at, self._fresh, self._spoke = False, None, True, False
        self._estimate_s = None

    def due_s(self) -> float | None:
        """Return the time at which the present answer is over if nothing more comes; None without one."""
        if not self.open:
            return None
        if self._ends_at is not None:
            return max(self._ends_at, self._piece_at)
        if self._status is AvatarStatus.SPEAKING:
            return self._piece_at + LONGEST_GAP_S
        if self._estimate_s is not None and self._asked_s is not None:
            if self._received_s >= _ENOUGH * self._estimate_s:
                return self._piece_at + _AFTER_ENOUGH_S
            late = max(self._piece_at, self._asked_s + self._estimate_s) + LONGEST_GAP_S
            return min(late, self._piece_at + LONGEST_GAP_S)
        return self._piece_at + NEW_AFTER_S

    def over(self, now: float) -> bool:
        """Return True if the present answer is over; call :meth:`close` then."""
        due = self.due_s()
        return due is not None and now >= due
