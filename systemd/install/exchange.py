"""Exchange two paths of one directory in one step, so that a power cut finds the one or the other: A B."""

import ctypes
import os
import sys

#: renameat2(2) and linux/fcntl.h.
_HERE, _RENAME_EXCHANGE = -100, 2

if __name__ == "__main__":
    one, other = (os.fsencode(path) for path in sys.argv[1:3])
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_HERE, one, _HERE, other, _RENAME_EXCHANGE):
        sys.exit(os.strerror(ctypes.get_errno()))
