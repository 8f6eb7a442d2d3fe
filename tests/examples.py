"""Number of generated examples: all of them for `make test`, a few for `make unit`, which a person awaits."""

from __future__ import annotations

import os

#: Hypothesis' profile: ``quick`` is what `make unit` sets.
PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local")
#: Examples of a test in a quick run.
QUICK = 10


def examples(thorough: int) -> int:
    """Return how many examples a test with ``thorough`` of them looks at in this run."""
    return min(thorough, QUICK) if PROFILE == "quick" else thorough
