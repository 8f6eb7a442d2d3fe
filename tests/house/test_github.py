"""The repository has one address; its issue forms are ones that GitHub takes, and they ask for what helps."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.documents import wrong_commands, wrong_links
from tests.house.source import ROOT, tracked

FORMS = ROOT / ".github/ISSUE_TEMPLATE"
REQUEST = ROOT / ".github/PULL_REQUEST_TEMPLATE.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HOME = str(PROJECT["urls"]["Homepage"])
#: What GitHub puts into an issue form.
KINDS = {"markdown", "input", "textarea", "dropdown", "checkboxes"}
#: Dot folders and files at the top are free, but for what GitHub itself looks for.
GITHUBS = {"CONTRIBUTING.md", "SECURITY.md", "PULL_REQUEST_TEMPLATE.md", "ISSUE_TEMPLATE"}


def form(name: str) -> dict[str, Any]:
    found = yaml.safe_load((FORMS / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def words(name: str) -> str:
    return (FORMS / name).read_text(encoding="utf-8")


def test_every_address_of_the_project_is_of_one_repository() -> None:
    assert {url for url in PROJECT["urls"].values() if not url.startswith(HOME)} == set()
    assert {"Homepage", "Repository", "Issues", "Changelog"} <= PROJECT["urls"].keys()


def test_no_text_names_another_repository_as_ours() -> None:
    name = HOME.rpartition("/")[2]
    others: dict[str, str] = {}
    for path in tracked():
        if path.suffix in (".md", ".yml", ".toml", ".in"):
            urls = re.findall(rf"https://github\.com/[\w.-]+/{name}\b", path.read_text(encoding="utf-8"))
            others |= {path.relative_to(ROOT).as_posix(): url for url in urls if url != HOME}

    assert others == {}


def test_the_package_names_the_same_home() -> None:
    assert f"\nHomepage: {HOME}\n" in (ROOT / "systemd/debian/control.in").read_text(encoding="utf-8")


def test_an_address_leads_to_files_that_exist() -> None:
    found = []
    for path in (*FORMS.iterdir(), ROOT / "pyproject.toml"):
        for name in re.findall(rf"{re.escape(HOME)}/blob/main/([\w./-]+)", path.read_text(encoding="utf-8")):
            found.append(name)
            assert (ROOT / name).is_file(), name
    assert found


def test_only_what_github_looks_for_is_in_its_folder() -> None:
    found = {path.relative_to(ROOT / ".github").parts[0] for path in tracked() if ".github" in path.parts}

    assert found == GITHUBS


@pytest.mark.parametrize("name", ["bug_report.yml", "board_request.yml"])
def test_a_form_is_one_that_github_takes(name: str) -> None:
    found = form(name)

    assert {"name", "description", "body"} <= found.keys()
    ids = [one["id"] for one in found["body"] if one["type"] != "markdown"]
    assert len(ids) == len(set(ids))
    for one in found["body"]:
        assert one["type"] in KINDS
        assert one["attributes"].get("value" if one["type"] == "markdown" else "label")
        if one["type"] in ("dropdown", "checkboxes"):
            assert one["attributes"]["options"]


def test_a_bug_report_asks_for_the_support_bundle_and_the_doctor() -> None:
    asked = {one.get("id"): one for one in form("bug_report.yml")["body"]}

    assert "ravatard support-bundle" in asked["bundle"]["attributes"]["description"]
    assert asked["bundle"]["validations"] == {"required": True}
    assert "doctor" in asked
    assert "SECURITY" in words("bug_report.yml")


def test_a_board_request_leads_to_adding_it_oneself() -> None:
    heading = "### Add a board"
    assert "README.md#add-a-board" in words("board_request.yml")
    assert heading in (ROOT / "ravatard/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*FORMS.glob("*.yml"), REQUEST], ids=lambda path: path.name)
def test_commands_and_links_of_a_form_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert list(wrong_commands(text)) == []
    assert list(wrong_links(text, ROOT)) == []


def test_a_vulnerability_is_led_away_from_the_issues() -> None:
    (link,) = form("config.yml")["contact_links"]

    assert link["url"] == f"{HOME}/security/advisories/new"
