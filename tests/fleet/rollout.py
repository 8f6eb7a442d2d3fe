"""Ansible over many machines: changed, unchanged, and stopped at the first by what is broken."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fleet.ansible import FIRST, SECRETS, SOME, Rollout, prepared, starts
from tests.fleet.mishaps import mishaps
from tests.fleet.table import Finding, Table

BROKEN = "0.3.0"


def rolled_out(folder: Path, count: int, base_url: str) -> Table:
    """Roll out twice, change a setting, then a broken setting, then a version that does not start."""
    table = Table(f"Ansible over {count} machines")
    with prepared(folder, count, base_url) as rollout:
        some = [one.name for one in rollout.machines[:SOME]]
        tried = rollout.play("--check", "--diff", "--limit", ",".join(some))
        there = sum(FIRST in state for state in rollout.states().values())
        table.add(
            Finding(
                "--check on new machines",
                f"{len(tried.failed)} of {len(some)} failed, {there} with the program",
                list(tried.changed) == some and not tried.failed and not there,
            )
        )
        first = rollout.play()
        changed = sum(number > 0 for number in first.changed.values())
        table.add(
            Finding("first run: machines changed", f"{changed} in {first.seconds:.0f} s", changed == count)
        )
        if first.failed or changed != count:
            print(first.output[-6_000:])
        second = rollout.play()
        table.add(
            Finding(
                "second run: changed tasks",
                f"{sum(second.changed.values())} in {second.seconds:.0f} s",
                len(second.changed) == count and not any(second.changed.values()),
            )
        )
        if any(second.changed.values()):
            print(second.output[-6_000:])
        _settings_change(rollout, table)
        _own_file(rollout, table)
        _broken_settings(rollout, table)
        mishaps(rollout, table)
        _broken_version(rollout, table)
        watched = _watched(rollout, table)
        printed = first.output + second.output + watched
        leaks = sum(secret in printed for secret in SECRETS.values())
        table.add(Finding("secrets in Ansible's output", f"{leaks}", leaks == 0))
    return table


def _settings_change(rollout: Rollout, table: Table) -> None:
    """A setting that needs a reload, and one that needs a restart, on some of the machines."""
    some = rollout.machines[:SOME]
    settings = rollout.variables["appliance_settings"]
    for change, expected in (
        ({"logging": {"level": "debug"}}, "reload"),
        ({"gate": {"longest_s": 25}}, "restart"),
    ):
        rollout.variables["appliance_settings"] = settings = settings | change
        before = {one.name: len(starts(one)) for one in some}
        recap = rollout.play("--limit", ",".join(one.name for one in some))
        found = [starts(one)[before[one.name] :] for one in some]
        section = next(iter(change))
        if recap.failed:
            print(recap.output[-3_000:])
        table.add(
            Finding(
                f"a change of {section} takes a {expected} on",
                f"{found.count([expected])} of {len(some)} in {recap.seconds:.0f} s",
                found == [[expected]] * len(some),
            )
        )


def _own_file(rollout: Rollout, table: Table) -> None:
    """A certificate authority and a setting of one machine; then another certificate at the same place."""
    machine = rollout.machines[1]
    kept = machine.run("cat /etc/ravatard/ravatard.d/50-fleet.yaml")
    issuer = rollout.folder / "firm.pem"
    rollout.own[machine.name] = {
        "appliance_own_settings": {"network": {"ca": "/etc/ravatard/firm.pem"}},
        "appliance_files": {"firm.pem": str(issuer)},
    }
    for what, source in zip(("a file and a setting", "another content of the file"), _issuers(), strict=True):
        issuer.write_bytes(source.read_bytes())
        before = len(starts(machine))
        recap = rollout.play("--limit", machine.name)
        found = starts(machine)[before:]
        if recap.failed:
            print(recap.output[-3_000:])
        table.add(Finding(f"of one machine: {what}", ", ".join(found), found == ["restart"]))
    own = machine.run("cat /etc/ravatard/ravatard.d/50-fleet.yaml")
    missing = [line for line in kept.splitlines() if line not in own.splitlines()]
    table.add(
        Finding("of one machine: settings of all lost", f"{len(missing)}", "firm.pem" in own and not missing)
    )


def _issuers() -> list[Path]:
    """Return two certificates of Debian's."""
    return sorted(Path("/etc/ssl/certs").glob("*.pem"))[:2]


def _stops_at_the_canary(rollout: Rollout, table: Table, what: str) -> None:
    before = rollout.states()
    recap = rollout.play()
    canary, *others = rollout.machines
    after = rollout.states()
    untouched = sum(before[one.name] == after[one.name] for one in others)
    stopped = recap.failed == [canary.name] and list(recap.changed) == [canary.name]
    table.add(
        Finding(
            f"{what}: stopped at",
            f"{', '.join(recap.failed)}; {untouched} of {len(others)} others untouched",
            stopped and untouched == len(others),
        )
    )
    if not stopped:
        print(recap.output[-6_000:])


def _watched(rollout: Rollout, table: Table) -> str:
    """Set up Prometheus and the broker, twice; return what Ansible printed."""
    first, second = (rollout.play(playbook="monitor") for _ in range(2))
    monitor = rollout.machines[-1]
    changed = first.changed.get(monitor.name, 0)
    again = sum(second.changed.values())
    table.add(Finding("monitor: changed tasks, and again", f"{changed}, {again}", changed > 0 and not again))
    if not changed or first.failed or again:
        print(first.output[-4_000:], second.output[-4_000:])
    targets = json.loads(monitor.run("cat /etc/prometheus/ravatard/targets.json") or "[]")
    table.add(Finding("targets", f"{len(targets)}", len(targets) == len(rollout.machines)))
    users = monitor.run("cat /etc/mosquitto/ravatard.passwords").splitlines()
    hashed = [one for one in users if one.startswith("ravatard-") and ":$" in one]
    well = len(hashed) == len(rollout.machines) and SECRETS["mqtt.password"] not in "".join(users)
    table.add(Finding("users of the broker, hashed", f"{len(hashed)}", well))
    rollout.away = {rollout.machines[0].name}
    third = rollout.play(playbook="monitor")
    rollout.away = set()
    same = monitor.run("cat /etc/mosquitto/ravatard.passwords").splitlines() == users
    found = "the same" if same else "others"
    table.add(Finding("users while one machine is away", found, same and not third.failed))
    return first.output + second.output


def _broken_settings(rollout: Rollout, table: Table) -> None:
    good = rollout.variables["appliance_settings"]
    canary = rollout.machines[0]
    before = canary.run("cat /etc/ravatard/ravatard.d/50-fleet.yaml")
    rollout.variables["appliance_settings"] = good | {"gate": {"silense_ms": 700}}
    _stops_at_the_canary(rollout, table, "a broken drop-in")
    same = canary.run("cat /etc/ravatard/ravatard.d/50-fleet.yaml") == before
    works = json.loads(canary.run("ravatard status --json") or "{}").get("working") is True
    table.add(
        Finding("a broken drop-in: the canary", "works as before" if works else "is down", same and works)
    )
    rollout.variables["appliance_settings"] = good


def _broken_version(rollout: Rollout, table: Table) -> None:
    rollout.repository.add(BROKEN, starts=False)
    rollout.variables |= {"appliance_version": BROKEN, "appliance_working_s": 5}
    _stops_at_the_canary(rollout, table, "a version that does not start")
    rollout.variables |= {"appliance_version": FIRST, "appliance_downgrade": True, "appliance_working_s": 60}
    back = rollout.play("--limit", rollout.machines[0].name)
    version = rollout.machines[0].run("dpkg-query -W -f '${Version}' ravatard")
    table.add(Finding("the canary goes back", version, version == FIRST and not back.failed))
