"""The kernel module gpio-sim, which Debian's kernels leave out, made from Debian's own source of the kernel.

gpio-sim needs irq_sim, which is left out as well and is no module upstream: both go into one module here. The
one function irq_sim uses that modules cannot have, ``irq_to_desc``, only leads to the handler of its
own interrupts; ``generic_handle_irq`` finds that by number.
"""

from __future__ import annotations

import lzma
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from tests.appliance.commands import BuildError, output

_SOURCES = {
    "drivers/gpio/gpio-sim.c": "gpio_sim_main.c",
    "drivers/gpio/gpiolib.h": "gpiolib.h",
    "kernel/irq/irq_sim.c": "irq_sim.c",
}
_NOT_FOR_MODULES = "handle_simple_irq(irq_to_desc(irqnum));"
_FOR_MODULES = "generic_handle_irq(irqnum);"
_KBUILD = "obj-m := gpio-sim.o\ngpio-sim-y := gpio_sim_main.o irq_sim.o\n"


def build_module(release: str, folder: Path) -> Path:
    """``gpio-sim.ko`` for the kernel ``release``; in ``folder``, which it makes and may find already filled.

    Raises:
        BuildError: the source is not to be had, or does not compile.
    """
    module = folder / "gpio-sim.ko"
    if module.exists():
        return module
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _unpack(_source_package(release, folder), folder)
    main = folder / "irq_sim.c"
    text = main.read_text()
    if text.count(_NOT_FOR_MODULES) != 1:
        raise BuildError("irq_sim.c of this kernel is another one than gpio_module.py knows")
    main.write_text(text.replace(_NOT_FOR_MODULES, _FOR_MODULES))
    (folder / "Kbuild").write_text(_KBUILD)
    output("make", "-s", "-C", f"/lib/modules/{release}/build", f"M={folder}", "modules", within_s=300)
    return module


def _source_package(release: str, folder: Path) -> Path:
    """The downloaded package with the source of exactly this kernel."""
    series = ".".join(release.split(".")[:2])
    version = output("dpkg-query", "-W", "-f", "${source:Version}", f"linux-headers-{release}").strip()
    wanted = f"linux-source-{series}={version}"
    output("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", wanted, within_s=300, cwd=folder)
    (package,) = folder.glob("linux-source-*.deb")
    return package


def _unpack(package: Path, folder: Path) -> None:
    """Take the few files out of the package, whose archive lies in another archive."""
    data = folder / "data.tar"
    data.write_text("")
    output("sh", "-c", 'dpkg-deb --fsys-tarfile "$1" >"$2"', "sh", package, data, within_s=120)
    missing = dict(_SOURCES)
    with tarfile.open(data) as outer:
        inner = next(member for member in outer if member.name.endswith(".tar.xz"))
        packed = outer.extractfile(inner)
        assert packed is not None
        with lzma.open(packed) as stream, tarfile.open(fileobj=stream, mode="r|") as source:
            for member in source:
                name = str(PurePosixPath(*PurePosixPath(member.name).parts[1:]))
                if name in missing and (file := source.extractfile(member)) is not None:
                    (folder / missing.pop(name)).write_bytes(file.read())
                if not missing:
                    break
    data.unlink()
    package.unlink()
    if missing:
        raise BuildError(f"the kernel's source has no {', '.join(missing)}")
