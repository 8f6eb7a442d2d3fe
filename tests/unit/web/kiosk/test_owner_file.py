"""An owner's file is read within its size, and nothing else in its place stops the daemon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ravatard.errors import ConfigError
from ravatard.web.kiosk.owner_file import content_of, folder_of, texts_in


def test_every_value_is_a_text(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("one: 000000\ntwo: off\n")

    assert texts_in(file, 100, "the colours") == {"one": "000000", "two": "off"}


def test_a_fifo_in_its_place_is_refused_at_once(tmp_path: Path) -> None:
    """Opened as a file it would wait for a writer, and the start of the daemon with it."""
    os.mkfifo(tmp_path / "de.yaml")

    with pytest.raises(ConfigError, match=r"the texts .*de\.yaml cannot be read: it is no file"):
        texts_in(tmp_path / "de.yaml", 100, "the texts")


def test_one_that_is_too_long_or_missing_is_refused_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    with pytest.raises(ConfigError, match="No such file"):
        content_of(file, 1_024, "the logo")
    file.write_bytes(bytes(1_025))

    with pytest.raises(ConfigError, match=r"the logo .*logo\.png: longer than 1 kB"):
        content_of(file, 1_024, "the logo")
    assert len(content_of(file, 1_025, "the logo")) == 1_025


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("mode", [0o700, 0o744, 0o711])
def test_a_folder_that_the_services_user_may_not_read_is_named_with_a_remedy(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one is that root has made for itself, or that lies in such a one."""
    own = tmp_path / "own"
    (own / "design").mkdir(parents=True)
    (own / "design").chmod(0o755)
    own.chmod(mode)
    # pytest's own folders are for their user alone; from there on the path is a short one.
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    refused = []
    for name in ("own", "own/design"):
        os.seteuid(4711)
        try:
            folder_of(name, "kiosk.design")
        except ConfigError as error:
            refused.append(str(error))
        finally:
            os.seteuid(0)

    assert refused[0] == (
        "kiosk.design own cannot be read (Permission denied); let every user read it, and pass through the "
        "folders above: `sudo chmod -R a+rX own`"
    )
    # A folder that may be passed through, and not listed, hides nothing that is named.
    assert len(refused) == (1 if mode == 0o711 else 2)
