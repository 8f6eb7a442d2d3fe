"""The credential store: secrets in files of their own, which systemd hands to the service alone."""

from __future__ import annotations

import os
from pathlib import Path

from ravatard.host.durable import replace_file
from ravatard.secret import Secret

#: systemd.exec(5), LoadCredential=: where a credential without a path is looked for.
STORE = Path("/etc/credstore")


def store_credential(name: str, secret: Secret, store: Path = STORE) -> bool:
    """Keep one secret as ``store``/``name``, readable to its owner alone; returns whether anything changed.

    Raises:
        OSError: it is not kept; an older one is still there.
    """
    file = store / name
    content = secret.reveal().encode()
    try:
        found = file.lstat()
        if file.read_bytes() == content and found.st_mode & 0o777 == 0o600:
            return False
    except FileNotFoundError:
        # Readable names would tell which secrets there are; systemd itself makes it with this mode.
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        if not os.path.samestat(found, file.stat()):
            # Nobody's file elsewhere is overwritten through a link.
            file.unlink()
        elif found.st_mode & 0o777 != 0o600:
            file.chmod(0o600)
    replace_file(file, content, mode=0o600)
    return True
