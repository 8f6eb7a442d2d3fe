"""Upgrades of the package that fail or are cut off, in a small root: kept, taken back, repaired."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.integration.install_rig import script, small_environment
from tests.integration.small_root import SmallRoot
from tests.packaging.repacked import CONFIG, changed, with_conffile

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages"),
    pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed"),
]

OLD, NEW = "0.2.0+deb12", "0.3.0+deb12"
KEPT = "var/lib/ravatard-upgrade"
PREVIOUS = "opt/ravatard.previous"
PIN = "etc/apt/preferences.d/ravatard-rolled-back"
KILLS = 10
#: Without its children: dpkg alone is killed.
STRACE = ("strace", "-qq", "-e")
UPGRADE = "/usr/lib/ravatard/upgrade"
#: The service as ``systemctl show`` tells of it, from /fakes/shown; it runs if /fakes/active is there.
SYSTEMCTL = """
case "$*" in
"show "*) cat /fakes/shown ;;
*is-active*) test -e /fakes/active ;;
esac
"""


def shown(root: SmallRoot, **values: str | int) -> None:
    defaults = {"LoadState": "loaded", "ActiveState": "active", "MainPID": 7, "NRestarts": 0}
    told = defaults | {"Result": "success", "ExecMainStatus": 0} | values
    (root.path / "fakes/shown").write_text("".join(f"{key}={value}\n" for key, value in told.items()))


def package(folder: Path, version: str, program: str = "#!/bin/sh\n") -> Path:
    environment = folder / f"environment-{version}"
    small_environment(environment)
    (environment / "opt/ravatard/bin/ravatard").write_text(f"{program}# {version}\n")
    # Dependencies change from version to version.
    (environment / f"opt/ravatard/only-{version}").touch()
    done = script("package.sh", environment, folder / version, version)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    """A root with a systemd that is told of, in which the old version runs."""
    root = SmallRoot(tmp_path / "root")
    for name in ("run/systemd/system", "tmp", "etc/dpkg"):
        (root.path / name).mkdir(parents=True)
    # What it depends on is this machine's, also for a dpkg that a script calls.
    (root.path / "etc/dpkg/dpkg.cfg").write_text("force-depends\n")
    fake = root.path / "fakes/systemctl"
    fake.write_text(f'#!/bin/sh\necho systemctl "$@" >>/fakes/log\n{SYSTEMCTL}')
    fake.chmod(0o755)
    # The small root has no user of this name.
    fake = root.path / "fakes/setpriv"
    fake.write_text(
        '#!/bin/sh\nwhile [ "$1" != -- ] && [ "${1#--}" != "$1" ]; do shift; done\n'
        '[ "$1" != -- ] || shift\nexec "$@"\n'
    )
    fake.chmod(0o755)
    done = root.dpkg("--install", package(tmp_path, OLD))
    assert done.returncode == 0, done.stdout + done.stderr
    (root.path / "fakes/active").touch()
    shown(root)
    return root


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return package(tmp_path, NEW)


def version(root: SmallRoot) -> str:
    return root.run("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", "ravatard").stdout


def program(root: SmallRoot) -> str:
    return (root.path / "opt/ravatard/bin/ravatard").read_text().splitlines()[-1].removeprefix("# ")


def upgraded(root: SmallRoot, new: Path) -> None:
    done = root.dpkg("--install", new)
    assert done.returncode == 0, done.stdout + done.stderr
    assert version(root) == f"{NEW} installed"


def judged(root: SmallRoot, **environ: str) -> str:
    done = root.run(UPGRADE, "check", RAVATARD_PROOF_S="0", RAVATARD_LIMIT_S="0", **environ)
    return done.stdout + done.stderr


def left(root: SmallRoot) -> set[str]:
    """Everything that the way back needs, by name."""
    names = {one.name for one in (root.path / KEPT).iterdir()}
    return names | {one.name for one in (root.path / "opt").iterdir() if one.name != "ravatard"}


def test_an_upgrade_keeps_the_version_that_ran_until_the_next_one_works(root: SmallRoot, new: Path) -> None:
    upgraded(root, new)

    kept = root.path / PREVIOUS
    assert (kept / "opt/ravatard/bin/ravatard").read_text().endswith(f"# {OLD}\n")
    assert (kept / f"opt/ravatard/only-{OLD}").exists()
    assert (root.path / KEPT / "trial").read_text() == f"{OLD} {NEW}\n"
    assert "start ravatard-upgrade-check.service" in (root.path / "fakes/log").read_text()

    said = judged(root)

    assert f"ravatard {NEW} works." in said
    assert left(root) == set()
    assert version(root) == f"{NEW} installed"


def test_what_is_kept_are_links_so_that_it_costs_nothing(root: SmallRoot, new: Path) -> None:
    before = (root.path / "opt/ravatard/bin/ravatard").stat().st_ino

    upgraded(root, new)

    assert (root.path / PREVIOUS / "opt/ravatard/bin/ravatard").stat().st_ino == before


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": 78}, "it refuses the settings"),
        ({"ActiveState": "failed", "Result": "resources"}, "its service failed (resources)"),
        ({"ActiveState": "activating", "ExecMainStatus": 1}, "it did not run for 0 s within 0 s"),
        ({"LoadState": "bad-setting", "ActiveState": "inactive"}, "its unit cannot be loaded"),
    ],
)
def test_a_version_that_does_not_start_is_taken_back_and_that_is_said(
    root: SmallRoot, new: Path, told: dict[str, str | int], reason: str
) -> None:
    config = (root.path / CONFIG).read_text()
    upgraded(root, new)
    shown(root, **told)

    said = judged(root)

    assert version(root) == f"{OLD} installed", said
    assert program(root) == OLD
    assert not (root.path / f"opt/ravatard/only-{NEW}").exists(), "a mixture"
    assert root.run("dpkg", "--verify", "ravatard").stdout == ""
    assert json.loads((root.path / KEPT / "rolled-back").read_text()) == {
        "from": NEW,
        "to": OLD,
        "because": reason,
    }
    assert f"Pin: version {NEW}\nPin-Priority: -1\n" in (root.path / PIN).read_text()
    assert left(root) == {"rolled-back"}
    assert (root.path / CONFIG).read_text() == config
    assert (
        (root.path / "fakes/log").read_text().rstrip().endswith("systemctl --no-block start ravatard.service")
    )


def test_the_next_version_is_tried_as_usual_and_when_it_works_nothing_is_told_any_more(
    root: SmallRoot, tmp_path: Path, new: Path
) -> None:
    upgraded(root, new)
    shown(root, ActiveState="failed")
    judged(root)
    shown(root)

    assert root.dpkg("--install", package(tmp_path, "0.4.0")).returncode == 0
    assert not (root.path / PIN).exists()
    assert "works" in judged(root)

    assert version(root) == "0.4.0+deb12 installed"
    assert left(root) == set()


def test_a_version_that_ends_again_and_again_is_taken_back(root: SmallRoot, new: Path) -> None:
    upgraded(root, new)
    # Grows with each look.
    shown(root, ActiveState="activating", ExecMainStatus=1)
    (root.path / "fakes/sleep").write_text(
        "#!/bin/sh\nso_far=$(sed -n s/NRestarts=//p /fakes/shown)\n"
        'sed -i "s/NRestarts=.*/NRestarts=$((so_far + 3))/" /fakes/shown\n'
    )
    (root.path / "fakes/sleep").chmod(0o755)

    root.run(UPGRADE, "check")

    assert version(root) == f"{OLD} installed"
    reason = json.loads((root.path / KEPT / "rolled-back").read_text())["because"]
    assert reason == "it ended 5 times, with status 1"


@pytest.mark.parametrize("failures", [1, 99])
def test_a_dpkg_at_work_that_cannot_be_asked_does_not_end_the_judgement(
    root: SmallRoot, new: Path, failures: int
) -> None:
    upgraded(root, new)
    shown(root, ActiveState="failed")
    fake = root.path / "fakes/dpkg-query"
    fake.write_text(
        "#!/bin/sh\necho >>/fakes/asked\n"
        f'[ "$(wc -l </fakes/asked)" -gt {failures} ] || exit 2\nexec /usr/bin/dpkg-query "$@"\n'
    )
    fake.chmod(0o755)
    (root.path / "fakes/sleep").write_text("#!/bin/sh\n")
    (root.path / "fakes/sleep").chmod(0o755)

    said = judged(root)

    fake.unlink()
    if failures == 1:
        assert version(root) == f"{OLD} installed", said
    else:
        assert "dpkg does not tell the version" in said
        assert left(root) >= {"trial", "ravatard.previous"}, "the way back was thrown away"


@pytest.mark.parametrize("told", [{"ActiveState": "inactive"}, {"LoadState": "masked"}])
def test_a_service_that_was_stopped_is_judged_when_it_runs_again(
    root: SmallRoot, new: Path, told: dict[str, str | int]
) -> None:
    upgraded(root, new)
    shown(root, **told)

    said = judged(root)

    assert "judged at the next boot" in said
    assert version(root) == f"{NEW} installed"
    assert "trial" in left(root)


def test_a_service_that_did_not_run_before_is_not_judged(root: SmallRoot, new: Path) -> None:
    (root.path / "fakes/active").unlink()

    upgraded(root, new)

    assert left(root) == set()


def test_a_version_that_was_not_judged_yet_is_none_to_go_back_to(
    root: SmallRoot, tmp_path: Path, new: Path
) -> None:
    upgraded(root, new)

    assert root.dpkg("--install", package(tmp_path, "0.4.0")).returncode == 0
    shown(root, ActiveState="failed")
    judged(root)

    assert version(root) == f"{OLD} installed"


def test_the_state_of_a_newer_version_is_that_of_the_one_before_again(root: SmallRoot, new: Path) -> None:
    state = root.path / "var/lib/ravatard"
    state.mkdir()
    (state / "version").write_text("2\n")
    (state / "live-sessions").write_text("old form\n")
    upgraded(root, new)
    # As ravatard.host.state_version does it.
    (state / "before-3").mkdir()
    for name in ("version", "live-sessions"):
        shutil.copy(state / name, state / "before-3")
    (state / "version").write_text("3\n")
    (state / "live-sessions").write_text("new form\n")
    shown(root, ActiveState="failed")

    judged(root)

    assert (state / "version").read_text() == "2\n"
    assert (state / "live-sessions").read_text() == "old form\n"
    assert not (state / "before-3").exists()


def test_going_back_to_a_version_with_a_conffile_asks_nothing(
    root: SmallRoot, tmp_path: Path, new: Path
) -> None:
    old = with_conffile(new, "0.2.1", tmp_path)
    assert root.dpkg("--purge", "ravatard").returncode == 0
    assert root.dpkg("--install", old).returncode == 0
    judged(root)
    (root.path / CONFIG).write_text("service: {avatar: Mine}\n")
    upgraded(root, new)
    shown(root, ActiveState="failed")

    judged(root)

    assert version(root) == "0.2.1 installed"
    assert (root.path / CONFIG).read_text() == "service: {avatar: Mine}\n"


def test_an_upgrade_waits_for_the_end_of_a_conversation(root: SmallRoot, tmp_path: Path) -> None:
    talking = package(
        tmp_path, "0.2.5", '#!/bin/sh\necho ravatard "$@" >>/fakes/log\n[ "$1" != status ] || exit 3\n'
    )
    assert root.dpkg("--install", talking).returncode == 0
    (root.path / "fakes/log").write_text("")

    done = root.dpkg("--install", package(tmp_path, NEW))

    log = (root.path / "fakes/log").read_text().splitlines()
    asked = log.index("ravatard status --wait idle --timeout 300")
    assert asked < log.index("deb-systemd-invoke stop ravatard.service")
    assert "A conversation goes on" in done.stdout
    assert done.returncode == 0


def test_a_configuration_that_was_cut_off_is_finished_at_boot(
    root: SmallRoot, tmp_path: Path, new: Path
) -> None:
    with changed(new, tmp_path / new.name) as unpacked:
        postinst = unpacked / "DEBIAN/postinst"
        # Here the power fails, once.
        postinst.write_text(
            postinst.read_text().replace(
                "set -e\n", "set -e\n[ -e /fakes/cut ] || { : >/fakes/cut; exit 1; }\n", 1
            )
        )
    assert root.dpkg("--install", tmp_path / new.name).returncode != 0
    assert "unfinished" in left(root)
    (root.path / "run/ravatard.was-active").unlink()

    done = root.run(UPGRADE, "repair")

    assert version(root) == f"{NEW} installed", done.stdout + done.stderr
    # A version that ran: the new one is judged after the boot.
    assert left(root) >= {"trial", "ravatard.previous"}
    assert "unfinished" not in left(root)


def renames(root: SmallRoot, new: Path) -> int:
    """How often dpkg renames a file in an upgrade: what it does becomes true with that."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    done = root.run(*STRACE, "trace=rename", "-o", "/fakes/trace", "dpkg", "--install", new_in(root, new))
    if "ptrace" in done.stderr:
        pytest.skip("nothing can be traced here")
    assert done.returncode == 0, done.stderr
    return (root.path / "fakes/trace").read_text().count("rename(")


def new_in(root: SmallRoot, deb: Path) -> str:
    shutil.copy(deb, root.path / "debs")
    return f"/debs/{deb.name}"


def boot(root: SmallRoot) -> None:
    """Do what a boot does after a power cut: /run is empty, and the units run whose conditions hold."""
    (root.path / "run/ravatard.was-active").unlink(missing_ok=True)
    markers = {"begun", "unfinished"} & {one.name for one in (root.path / KEPT).glob("*")}
    if markers or list((root.path / "var/lib/dpkg/updates").glob("*")):
        root.run(UPGRADE, "repair")
    if (root.path / KEPT / "trial").exists():
        judged(root)


def old_again(root: SmallRoot) -> None:
    """The old version, installed as before and judged."""
    done = root.run("dpkg", "--install", f"/debs/{one_of(root, OLD)}")
    assert done.returncode == 0, done.stderr
    judged(root)


def one_of(root: SmallRoot, version: str) -> str:
    (found,) = (root.path / "debs").glob(f"ravatard_{version}_*.deb")
    return found.name


def whole(root: SmallRoot) -> str:
    """The version that is installed, without anything of another one.

    Raises:
        AssertionError: it is a mixture, or dpkg has something to say.
    """
    found = version(root)
    assert found in (f"{OLD} installed", f"{NEW} installed"), found
    assert root.run("dpkg", "--verify", "ravatard").stdout == ""
    assert root.run("dpkg", "--audit").stdout == ""
    assert {one.name for one in (root.path / "opt/ravatard").glob("*")} == {"bin", f"only-{program(root)}"}
    assert f"{program(root)} installed" == found
    assert left(root) <= {"rolled-back"}
    return found


@pytest.mark.slow
def test_a_dpkg_that_is_killed_at_any_point_is_repaired_at_boot(root: SmallRoot, new: Path) -> None:
    upgraded(root, new)
    old_again(root)
    last = renames(root, new)
    config = (root.path / CONFIG).read_text()
    reached = set()
    for at in sorted({1 + round(part * (last - 1) / (KILLS - 1)) for part in range(KILLS)}):
        old_again(root)
        kill = f"inject=rename:signal=KILL:when={at}"
        killed = root.run(*STRACE, kill, "-o", "/dev/null", "dpkg", "--install", new_in(root, new))
        assert killed.returncode != 0, f"not killed at {at} of {last}"

        boot(root)

        try:
            reached.add(whole(root))
        except AssertionError as error:
            raise AssertionError(f"killed at rename {at} of {last}: {error}") from error
        assert (root.path / CONFIG).read_text() == config
    assert len(reached) == 2, "only one end was seen"


def test_purging_leaves_no_way_back(root: SmallRoot, new: Path) -> None:
    upgraded(root, new)
    shown(root, ActiveState="failed")
    judged(root)

    assert root.dpkg("--purge", "ravatard").returncode == 0

    assert not (root.path / KEPT).exists()
    assert not (root.path / PIN).exists()
    assert list(root.path.glob("opt/*")) == []
