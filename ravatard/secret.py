"""Secret string that is never printed: tokens, keys, session ids."""

from __future__ import annotations

from weakref import WeakValueDictionary

MASK = "••••"
#: Characters of the shortest secret that is masked; a shorter one occurs in too many words.
SHORTEST_MASKED = 4
#: Secrets that exist, by their address: those that foreign words might repeat.
_living: WeakValueDictionary[int, Secret] = WeakValueDictionary()


class Secret:
    """Secret string; ``str``, ``repr`` and ``format`` return a mask, and pickling is refused.

    Read the value with :meth:`reveal`, as late as possible and only to send or store it.
    """

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        _living[id(self)] = self

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not pickled: it would be written in the clear")


def living_secrets() -> list[Secret]:
    """Return every secret of this process; equal ones may be among them."""
    return [secret for reference in _living.valuerefs() if (secret := reference()) is not None]


def cut(text: str, longest: int) -> str:
    """Return the first ``longest`` characters of a text, fewer where a secret would be halved.

    A mask replaces whole secrets; half of one would be shown.
    """
    if len(text) <= longest:
        return text
    known = [value for secret in living_secrets() if len(value := secret.reveal()) >= SHORTEST_MASKED]
    end = longest
    # Where secrets overlap, the cut before one may halve another.
    while (
        earlier := min((at for value in known if (at := _halved_at(text, value, end)) >= 0), default=end)
    ) < end:
        end = earlier
    return text[:end]


def _halved_at(text: str, secret: str, end: int) -> int:
    """Return where a ``secret`` begins that a cut at ``end`` would halve; -1: nowhere."""
    return text.find(secret, max(0, end - len(secret) + 1), end + len(secret) - 1)
