"""The page keeps to its OpenAPI document, whatever it is asked: replies match it, and none is a 5xx."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from ravatard.config.saved.store import FileSettingsStore
from ravatard.web.page.api.openapi import document
from tests.integration.page_rig import ServedPage, serving_page
from tests.unit.web.page.samples import turn

pytestmark = pytest.mark.integration

DOCUMENT = document("1.2.3")
#: Ends the session that everything else here needs, or opens a socket.
LEFT_OUT = {"log_out", "end_sessions", "change_password", "live"}
#: Bodies of each kind for each endpoint.
ROUNDS = 12
OUTPUTS = {
    "devices": {"microphones": [], "speakers": [], "alsa_config": "slim"},
    "find-mic": {
        "microphones": [{"name": "a", "speech_db": None, "level_db": -3.0, "trouble": ""}],
        "best": None,
    },
    "doctor": {"ravatard": "1", "exit_status": 0, "checks": []},
    "support-bundle": {},
    "avatars": {"schema": 1, "avatars": [{"id": "a", "name": "Ada", "live": True, "greeting": ""}]},
    "replay": {"at": 1.0, "began": "start", "wall_s": 1_700_000_000.0},
}
#: Values that break parsers.
ODD: list[Any] = [
    None,
    True,
    -1,
    2**63,
    1e308,
    "",
    "\x00",
    "\u202e" * 40,
    "x" * 5_000,
    "<script>alert(1)</script>",
    "../../etc/passwd",
    [],
    [[[[]]]],
    {},
    {"a": {"b": {}}},
    "\ud800",
    "\ufeff\u0000\uffff",
    10**400,
    -(2**1_000),
    0.1 + 0.2,
]
#: Bodies that are no JSON, or none that a careless reader survives.
RAW: list[bytes] = [
    b"",
    b"null",
    b"[" * 60_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"text": ' + b"9" * 50_000 + b"}",
    b'{"ms": 1e999, "percent": -1e999}',
    b'{"ms": NaN, "percent": Infinity}',
    b'{"text": "\xff\xfe\xed\xa0\x80"}',
    b'{"text": "\\ud800", "url": "\\udfff"}',
    b"\xef\xbb\xbf{}",
    '{"text": "x"}'.encode("utf-16"),
    b'{"text": "a", "text": "b"}',
    b'{"changes": {"' + b"k" * 40_000 + b'": 1}}',
    b'{"changes": {"speaker.volume": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}",
    # Not too deep to be read, and too deep to be looked at.
    b'{"changes": {"speaker.volume": ' + b"[" * 700 + b"]" * 700 + b"}}",
    b"x" * 70_000,
]
#: What stands behind the ? of an address.
QUERIES = (
    "after=-1",
    "after=" + "9" * 5_000,
    "limit=1e3",
    "after=%00",
    "after=%ff%fe",
    "a=1&a=2",
    "after=\u0661",
)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that a reference may stand for."""
    while "$ref" in schema:
        found: Any = DOCUMENT
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def sample(schema: dict[str, Any], chance: random.Random) -> Any:  # noqa: C901, PLR0911 - a line a kind
    """A value that matches ``schema``."""
    schema = resolved(schema)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if "anyOf" in schema:
        return sample(chance.choice(schema["anyOf"]), chance)
    match schema.get("type"):
        case "object" if "properties" in schema:
            required = schema.get("required", [])
            names = [name for name in schema["properties"] if name in required or chance.random() < 0.5]
            return {name: sample(schema["properties"][name], chance) for name in names}
        case "object":
            return {"speaker.volume": chance.choice([30, 101, "x", None]), "no.such": 1}
        case "array":
            count = chance.randint(schema.get("minItems", 0), min(schema.get("maxItems", 2), 2))
            return [sample(schema["items"], chance) for _ in range(count)]
        case "string" if "[0-9]{6}" in schema.get("pattern", ""):
            return f"{chance.randrange(1_000_000):06}"
        case "string" if "a-z" in schema.get("pattern", ""):
            return chance.choice(["config", "microphone.level", "nothing"])
        case "string":
            return "".join(chance.choice("abc ä€\u4e2d") for _ in range(max(8, schema.get("minLength", 0))))
        case "integer" | "number":
            return chance.randint(int(schema.get("minimum", -5)), min(5, int(schema.get("maximum", 5))))
        case "boolean":
            return chance.random() < 0.5
    return None


def spoiled(value: Any, chance: random.Random) -> Any:
    """``value`` with something in it that may not be there."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice(list(value))
        return {**value, name: spoiled(value[name], chance)}
    if isinstance(value, dict) and chance.random() < 0.5:
        return {**value, "planted": chance.choice(ODD)}
    return chance.choice(ODD)


def check(operation: dict[str, Any], status: int, body: Any, what: str) -> None:
    """The reply is one of those in the document."""
    assert status < 500, what
    assert str(status) in operation["responses"], what
    content = resolved(operation["responses"][str(status)]).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema is not None:
        whole = {**schema, "components": DOCUMENT["components"]}
        jsonschema.Draft202012Validator(whole).validate(body)


async def prepared(served: ServedPage) -> None:
    served.commands.outputs = {name: json.dumps(output).encode() for name, output in OUTPUTS.items()}
    served.control.report["turns"] = [turn(1), turn(2, None)]
    await served.log_in()


def test_the_document_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_operation_has_a_name_of_its_own_and_says_who_may() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(set(names)) == len(names)
    assert all(operation["x-right"] for _, _, operation in operations())


async def test_whatever_is_asked_is_answered_as_the_document_says(tmp_path: Path) -> None:
    chance = random.Random(4711)
    statuses: set[int] = set()
    store = FileSettingsStore(tmp_path / "settings.yaml", {}, tmp_path / "ravatard.yaml")
    (tmp_path / "ravatard.yaml").write_text("{}")
    async with serving_page(tmp_path, settings=store) as served:
        await prepared(served)
        for method, path, operation in operations():
            if operation["operationId"] in LEFT_OUT:
                continue
            schema = (
                operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            )
            for turns in range(ROUNDS if schema is not None else 2):
                place = path.replace("{id}", chance.choice(["0" * 16, "x", "%2e%2e", "'"]))
                body = None if schema is None else sample(schema, chance)
                if body is not None and turns % 3:
                    body = spoiled(body, chance)
                data = None if schema is None else json.dumps(body)
                headers = {"Content-Type": "application/json", "If-Match": '"x"'}
                status, found, _ = await served.call(method, place, headers=headers, data=data)
                check(operation, status, found, f"{method} {place} {data}: {status} {found}")
                statuses.add(status)
        assert (await served.call("GET", "/api/v1/status"))[0] == 200, "the session was kept"

    assert {200, 204, 400, 404, 409, 422} <= statuses


async def test_no_body_and_no_query_makes_the_appliance_fail(tmp_path: Path) -> None:
    """For every operation, those too that end a session."""
    store = FileSettingsStore(tmp_path / "settings.yaml", {}, tmp_path / "ravatard.yaml")
    (tmp_path / "ravatard.yaml").write_text("{}")
    asked = set()
    async with serving_page(tmp_path, settings=store) as served:
        await prepared(served)
        for method, path, operation in operations():
            name = operation["operationId"]
            place = path.replace("{id}", "0" * 16)
            bodies = RAW if "requestBody" in operation else []
            for data in bodies:
                headers = {"Content-Type": "application/json", "If-Match": '"\\"'}
                status, found, _ = await served.call(method, place, headers=headers, data=data)
                check(operation, status, found, f"{name} {data[:60]!r}: {status} {found}")
            for query in QUERIES:
                status, found, _ = await served.call(method, f"{place}?{query}", headers={}, data=b"")
                check(operation, status, found, f"{name} ?{query[:60]}: {status} {found}")
            asked.add(name)
            if (await served.call("GET", "/api/v1/status"))[0] == 401:
                await served.log_in()

    assert asked == {operation["operationId"] for _, _, operation in operations()}


async def test_a_valid_request_is_carried_out(tmp_path: Path) -> None:
    store = FileSettingsStore(tmp_path / "settings.yaml", {}, tmp_path / "ravatard.yaml")
    (tmp_path / "ravatard.yaml").write_text("{}")
    async with serving_page(tmp_path, settings=store) as served:
        await prepared(served)
        _, settings, headers = await served.call("GET", "/api/v1/settings")
        done = {}
        for method, path, operation in operations():
            name = operation["operationId"]
            if method == "GET" and name != "live":
                done[name] = await served.call(method, path)
                check(operation, *done[name][:2], name)
        change = {"changes": {"speaker.volume": 40}}
        checked = await served.call("POST", "/api/v1/settings/check", change)
        saved = await served.call("PUT", "/api/v1/settings", change, {"If-Match": headers["ETag"]})
        late = await served.call("PUT", "/api/v1/settings", change, {"If-Match": headers["ETag"]})
        old = await served.call("POST", "/api/v1/settings/undo", {}, {"If-Match": headers["ETag"]})
        unseen = await served.call("POST", "/api/v1/settings/undo", {})
        undone = await served.call("POST", "/api/v1/settings/undo", {}, {"If-Match": saved[2]["ETag"]})
        local = {"changes": {"microphone.command": "rm -r /", "speaker.volume": 400}}
        refused = await served.call("PUT", "/api/v1/settings", local, {"If-Match": undone[2]["ETag"]})
        blind = await served.call("PUT", "/api/v1/settings", change)

    assert {status for status, _, _ in done.values()} == {200, 204}
    assert headers["ETag"] == f'"{settings["revision"]}"'
    (changed,) = checked[1]["changes"]
    assert (changed["key"], changed["old"], changed["new"]) == ("speaker.volume", 100, 40)
    assert saved[0] == 200
    assert saved[1]["changes"] == [changed]
    assert saved[2]["ETag"] == f'"{saved[1]["revision"]}"'
    assert (late[0], late[1]["code"]) == (409, "conflict")
    assert (old[0], old[1]["code"], unseen[0]) == (409, "conflict", 428)
    assert [one["new"] for one in undone[1]["changes"]] == [100]
    assert refused[0] == 422
    assert {one["key"] for one in refused[1]["problems"]} == {"microphone.command", "speaker.volume"}
    assert blind[0] == 428
    assert "the header If-Match: the revision" in unseen[1]["error"]
