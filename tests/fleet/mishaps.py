"""Runs of Ansible that go another way: only tried, interrupted, without the version or the machine."""

from __future__ import annotations

from tests.fleet.ansible import SECRETS, SOME, Recap, Rollout, starts
from tests.fleet.machine import Machine
from tests.fleet.table import Finding, Table

#: A version that starts, which one machine knows not to.
TAKEN_BACK = "0.2.5"
DROP_IN = "/etc/ravatard/ravatard.d/50-fleet.yaml"
#: What a secret may be made of, and Ansible could take for something of its own.
ODD_SECRET = """['it', "is"] 100% #1 \\n"""


def mishaps(rollout: Rollout, table: Table) -> None:
    """Try each on the canary, and for a machine that is away on the one behind it."""
    _tried(rollout, table)
    _interrupted(rollout, table)
    _new_secret(rollout, table)
    _no_such_version(rollout, table)
    _taken_back(rollout, table)
    _not_judged(rollout, table)
    _away(rollout, table)


def _played(rollout: Rollout, *words: str) -> tuple[Recap, list[str]]:
    """Run the play for the canary; return the end, and the starts and reloads that it took."""
    canary = rollout.machines[0]
    before = len(starts(canary))
    recap = rollout.play("--limit", canary.name, *words)
    return recap, starts(canary)[before:]


def _add(table: Table, recap: Recap, what: str, found: str, *, met: bool) -> None:
    """Add a finding; what Ansible said shows why it is not as it shall be."""
    table.add(Finding(what, found, met))
    if not met:
        print(recap.output[-4_000:])


def _settings(rollout: Rollout, **sections: dict[str, object]) -> None:
    rollout.variables["appliance_settings"] = rollout.variables["appliance_settings"] | sections


def _drop_in(machine: Machine) -> str:
    return machine.run(f"stat -c %i {DROP_IN}")


def _tried(rollout: Rollout, table: Table) -> None:
    """With --check and --diff a new setting is shown, nothing is done, and no secret is seen."""
    canary = rollout.machines[0]
    before = _drop_in(canary)
    _settings(rollout, gate={"longest_s": 24})
    rollout.variables["appliance_secrets"] = SECRETS | {"metrics.token": "another-token-of-the-scraper"}
    recap, took = _played(rollout, "--check", "--diff")
    shown = "longest_s: 24" in recap.output
    leaks = [secret for secret in (*SECRETS.values(), "another-token") if secret in recap.output]
    still = _drop_in(canary) == before and not took
    found = (
        f"{'shown' if shown else 'not shown'}, {'nothing done' if still else 'done'}, {len(leaks)} secrets"
    )
    _add(
        table,
        recap,
        "--check --diff of a setting",
        found,
        met=shown and still and not recap.failed and not leaks,
    )
    rollout.variables["appliance_secrets"] = dict(SECRETS)


def _interrupted(rollout: Rollout, table: Table) -> None:
    """Ansible is killed between laying settings down and their effect; the next run sees to it."""
    canary = rollout.machines[0]
    before, starts_before = _drop_in(canary), len(starts(canary))
    rollout.play("--limit", canary.name, until=lambda: _drop_in(canary) != before)
    cut = len(starts(canary)) == starts_before and _drop_in(canary) != before
    recap, took = _played(rollout)
    _, again = _played(rollout)
    found = f"{'cut off in time' if cut else 'too late'}, then {' '.join(took) or 'nothing'}, then {again}"
    _add(
        table,
        recap,
        "killed before the restart",
        found,
        met=cut and not recap.failed and took == ["restart"] and not again,
    )


def _new_secret(rollout: Rollout, table: Table) -> None:
    """A secret that is another one takes a restart, and arrives as it is."""
    canary = rollout.machines[0]
    rollout.variables["appliance_secrets"] = SECRETS | {"mqtt.password": ODD_SECRET}
    recap, took = _played(rollout)
    arrived = canary.run("cat /etc/credstore/ravatard.mqtt.password") == ODD_SECRET
    found = f"{' '.join(took)}, {'as it is' if arrived else 'as another one'}"
    _add(table, recap, "a new secret takes", found, met=took == ["restart"] and arrived and not recap.failed)
    rollout.variables["appliance_secrets"] = dict(SECRETS)
    _played(rollout)


def _no_such_version(rollout: Rollout, table: Table) -> None:
    canary, version = rollout.machines[0], rollout.variables["appliance_version"]
    before = canary.run("dpkg-query -W ravatard")
    rollout.variables["appliance_version"] = "7.7.7"
    recap, took = _played(rollout)
    named = "ravatard=7.7.7" in recap.output
    same = canary.run("dpkg-query -W ravatard") == before and not took
    found = f"{'named' if named else 'not named'}, {'untouched' if same else 'touched'}"
    _add(
        table,
        recap,
        "a version that is not there",
        found,
        met=recap.failed == [canary.name] and named and same,
    )
    rollout.variables["appliance_version"] = version


def _taken_back(rollout: Rollout, table: Table) -> None:
    """A version that was taken back comes back neither with a run nor with the night's upgrades."""
    canary, version = rollout.machines[0], rollout.variables["appliance_version"]
    rollout.repository.add(TAKEN_BACK)
    # As the package's own judge writes it.
    canary.run(
        f"printf 'Package: ravatard\\nPin: version {TAKEN_BACK}\\nPin-Priority: -1\\n' "
        ">/etc/apt/preferences.d/ravatard-rolled-back"
    )
    rollout.variables["appliance_version"] = TAKEN_BACK
    recap, took = _played(rollout)
    candidate = canary.run("apt-cache policy ravatard | sed -n 's/ *Candidate: //p'")
    refused = recap.failed == [canary.name] and not took
    found = f"{'refused' if refused else 'tried again'}, and candidate of the night is {candidate}"
    _add(table, recap, "a version that was taken back", found, met=refused and candidate == version)
    canary.run("rm /etc/apt/preferences.d/ravatard-rolled-back")
    rollout.variables["appliance_version"] = version


def _not_judged(rollout: Rollout, table: Table) -> None:
    """While the machine has not judged a new version yet, the next wave does not begin."""
    canary, trial = rollout.machines[0], "/var/lib/ravatard-upgrade/trial"
    rollout.variables["appliance_judged_s"] = 3
    canary.run(f"mkdir -p $(dirname {trial}) && echo '0.1.0 0.2.0' >{trial}")
    recap, _ = _played(rollout)
    canary.run(f"rm {trial}")
    met = recap.failed == [canary.name] and "No verdict after 3 s" in recap.output
    _add(table, recap, "a version that is not judged", "waited for" if met else "not waited for", met=met)
    del rollout.variables["appliance_judged_s"]


def _away(rollout: Rollout, table: Table) -> None:
    """A machine of a later wave that cannot be reached stops nothing; a canary that cannot stops all."""
    names = [one.name for one in rollout.machines[:SOME]]
    for away, expected in ((names[-1], names[:-1]), (names[0], [])):
        rollout.away = {away}
        recap = rollout.play("--limit", ",".join(names))
        reached = list(recap.changed)
        met = reached == expected and not recap.failed
        _add(table, recap, f"while {away} is away, reached", f"{len(reached)} of {len(names)}", met=met)
    rollout.away = set()
