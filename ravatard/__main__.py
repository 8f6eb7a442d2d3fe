"""``python -m ravatard`` is the ``ravatard`` command."""

import sys

from ravatard.cli import main

sys.exit(main())
