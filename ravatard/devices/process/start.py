"""Start of a sound process, with what it needs of Python and no more: ``start.py MODULE PREFIX PATH...``.

The daemon runs this file by its path, without ``site`` (``-S``): the folders with libraries are known, and
importing ``site`` would cost each process up to 2 MB, for an editable installation and the like.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

#: Imported by ``dataclasses``, which needs it only for a class without a docstring. It brings the compiler's
#: syntax tree, the disassembler and the tokenizer: 1.3 MB and 8 ms with Python 3.11. From 3.13 on every
#: dataclass asks it for annotations, so there it is loaded after all.
LATE = "inspect"


class LateModule(ModuleType):
    """Stand-in for a module that is imported when it is first used."""

    def __getattr__(self, name: str) -> object:
        """Import the module in the place of this one, and return its ``name``."""
        if name.startswith("__"):
            # Asked by the import system of every module that is loaded already.
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        self.__dict__.update({key: value for key, value in vars(module).items() if not key.startswith("__")})
        return getattr(module, name)


def start(module: str, prefix: str, folders: Sequence[str]) -> None:
    """Import ``module`` and run its ``main``.

    Args:
        module: module of a sound process.
        prefix: of the installation, for advice on what is missing there.
        folders: where the daemon finds modules, in order.
    """
    sys.prefix = prefix
    sys.path += [folder for folder in folders if folder not in sys.path]
    sys.modules.setdefault(LATE, LateModule(LATE))
    importlib.import_module(module).main()


if __name__ == "__main__":
    start(sys.argv[1], sys.argv[2], sys.argv[3:])
