"""``run`` beside the service, and where its settings may not be read."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from ravatard.cli.appliance import beside_service, simulated_warnings
from ravatard.cli.run import loaded_for
from ravatard.config import ConfigErrors, load


class _Forbidden(type(Path())):  # type: ignore[misc]
    """A path nobody may open or list, also not root."""

    def __fspath__(self) -> str:
        raise PermissionError(13, "Permission denied", str(self))

    def iterdir(self) -> None:
        raise PermissionError(13, "Permission denied", str(self))


def asked(*, simulate: bool, config: Path | None = None) -> argparse.Namespace:
    return argparse.Namespace(simulate=simulate, config=config)


def test_a_simulated_run_goes_on_without_the_settings_of_the_service_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    environ = {"RAVATARD_GATE__SILENCE_MS": "900"}

    loaded = loaded_for(asked(simulate=True), environ, None, _Forbidden("/etc/ravatard/ravatard.yaml"))

    assert (loaded.options.gate.silence_ms, loaded.options.service.avatar) == (900, None)
    said = capsys.readouterr().err
    assert "may not read it" in said
    assert said.endswith(". This simulated run takes the defaults.\n\n")


def test_the_real_service_is_not_run_without_settings_that_may_not_be_read() -> None:
    with pytest.raises(ConfigErrors, match="may not read it"):
        loaded_for(asked(simulate=False), {}, None, _Forbidden("/etc/ravatard/ravatard.yaml"))


def test_a_file_that_was_named_is_not_left_out() -> None:
    with pytest.raises(ConfigErrors, match="may not read it"):
        loaded_for(asked(simulate=True, config=_Forbidden("own.yaml")), {})


def test_mistakes_are_not_left_out_either(tmp_path: Path) -> None:
    (tmp_path / "ravatard.yaml").write_text("gait: {}\n")

    with pytest.raises(ConfigErrors, match="gate"):
        loaded_for(asked(simulate=True), {}, None, tmp_path / "ravatard.yaml")


def test_a_simulated_run_tells_warnings_but_none_about_the_real_service(tmp_path: Path) -> None:
    config = tmp_path / "ravatard.yaml"
    config.write_text(
        "service: {avatar: “Ada”, project_id: your-project-id, base_url: 'https://x.example/v1'}\n"
    )
    config.chmod(0o600)

    lines = list(simulated_warnings(load(config, {}), config, ["no button: GPIO 17 is taken"]))

    assert [line.partition(":")[0] for line in lines] == ["warning", "warning"]
    assert "service.avatar: its quotes" in lines[0]
    assert lines[1] == "warning: no button: GPIO 17 is taken"
    assert list(simulated_warnings(load(Path("/dev/null"), {}), config, [])) == []


def test_a_daemon_beside_the_service_is_warned(tmp_path: Path) -> None:
    system, own = tmp_path / "ravatard", tmp_path / "own" / "control.sock"

    assert beside_service(own, system) == ""
    system.mkdir()
    assert beside_service(system / "control.sock", system) == ""
    assert beside_service(own, system) == (
        f"the service seems to run, too ({system} exists), and two daemons cannot share a sound card; stop "
        "it "
        "first: sudo systemctl stop ravatard"
    )
