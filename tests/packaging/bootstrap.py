"""Archives of fresh Debians, made by mmdebstrap and kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.appliance.commands import BuildError, output
from tests.packaging.debian import Debian, download_options

#: Mounts and processes of its own: those that are left when it fails, or comes too late, end with it.
_ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
#: On a processor of the same kind, with a slow network.
_LIMIT_S = 1800.0


def bootstrap(
    debian: Debian,
    archive: Path,
    options: Sequence[str],
    patience: float = 1,
    *,
    components: str = "main",
    environ: Mapping[str, str] | None = None,
) -> None:
    """Write an archive of the smallest Debian and what ``options`` add to it; as root.

    Args:
        debian: which; its programs must run here.
        archive: a name that ends with ``.tar``.
        options: for mmdebstrap.
        patience: how many times longer everything may take than on this machine's processor.
        components: of Debian's archive, with blanks between them.
        environ: for the programs that are installed.

    Raises:
        BuildError: it cannot be made here; says why.
    """
    if shutil.which("mmdebstrap") is None:
        raise BuildError("mmdebstrap is missing; run: apt-get install mmdebstrap")
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_suffix(".new.tar")
    with tempfile.TemporaryDirectory(prefix="ravatard-bootstrap-", dir="/var/tmp") as folder:
        # mmdebstrap wants to be entered by the user of apt, too.
        Path(folder).chmod(0o755)
        output(
            *(*_ALONE, "mmdebstrap", "--mode=root", "--variant=minbase"),
            f"--architectures={debian.architecture}",
            *download_options(),
            *options,
            *(debian.suite, str(unfinished)),
            *(f"{line.rpartition(' ')[0]} {components}" for line in debian.sources()),
            within_s=_LIMIT_S * patience,
            environ={"TMPDIR": folder} | dict(environ or {}),
        )
    unfinished.rename(archive)
