from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ravatard.devices.process.start import LATE, LateModule, start


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "prefix", sys.prefix)


def test_the_module_is_run_with_the_folders_and_the_prefix_of_the_daemon(tmp_path: Path) -> None:
    (tmp_path / "stand_in_for_a_worker.py").write_text(
        "import sys\nran = []\ndef main():\n    ran.append((sys.prefix, 'inspect' in sys.modules))\n"
    )
    before = list(sys.path)

    start("stand_in_for_a_worker", "/opt/ravatard", [before[-1], str(tmp_path)])

    assert sys.modules["stand_in_for_a_worker"].ran == [("/opt/ravatard", True)]
    assert sys.path == [*before, str(tmp_path)]


def test_a_late_module_is_imported_when_something_of_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = LateModule(LATE)
    monkeypatch.setitem(sys.modules, LATE, late)
    # As an import of it does, which must not load it.
    assert getattr(late, "__path__", None) is None
    assert sys.modules[LATE] is late

    signature = late.signature
    assert callable(signature)
    assert signature(len) is not None

    assert sys.modules[LATE] is not late
    # From now on it need not ask any more.
    assert late.__dict__["signature"] is sys.modules[LATE].signature


def test_a_name_that_the_module_does_not_have_is_missing_in_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, LATE, LateModule(LATE))

    with pytest.raises(AttributeError, match="module 'inspect' has no attribute 'nonsense'"):
        sys.modules[LATE].nonsense  # noqa: B018 - it is the asking that counts
