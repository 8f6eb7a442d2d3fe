"""Figures of a real daemon: equal to its status, taken by Debian's Prometheus, and refused to others."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ravatard.core.indication import Look
from ravatard.secret import Secret
from ravatard.sim.server import SimServer
from ravatard.web.metrics.collector import StaticFacts
from ravatard.web.metrics.metrics import Metrics
from ravatard.web.metrics.options import MetricsOptions
from tests.integration import recordings
from tests.integration.daemon import PROJECT, USER, Config, Daemon
from tests.integration.debian_programs import needs
from tests.integration.program import Program, until
from tests.unit.web.metrics.fakes import FakeHandler

pytestmark = pytest.mark.integration

# A test may look at its files between two events.

TOKEN = "a-token-of-a-scraper"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def samples(text: str) -> dict[str, float]:
    """Every sample, by its name and labels as written."""
    found = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
            found[f"{one.name}{{{labels}}}" if labels else one.name] = one.value
    return found


@asynccontextmanager
async def served(options: MetricsOptions, handler: FakeHandler | None = None) -> AsyncIterator[Metrics]:
    metrics = Metrics(options, StaticFacts("1", "live"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(metrics.serve(handler or FakeHandler()))
        await until(lambda: metrics.port, "the figures are served")
        yield metrics
        task.cancel()


async def asked(
    port: int | None, path: str = "/metrics", method: str = "GET", **headers: str
) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}", headers=headers) as reply,
    ):
        return reply.status, await reply.text()


# ---------------------------------------------------------------------- who may read them


async def test_without_a_token_they_are_for_loopback_and_by_its_names_only() -> None:
    handler = FakeHandler()
    async with served(MetricsOptions(listen="loopback", port=0), handler) as metrics:
        assert (await asked(metrics.port))[0] == 200
        assert (await asked(metrics.port, Host="localhost:1"))[0] == 200
        assert (await asked(metrics.port, Host="[::1]:1"))[0] == 200
        for host in ("rebound.example", "rebound.example:9484", "[nonsense", "127.0.0.1.example"):
            assert (await asked(metrics.port, Host=host))[0] == 421
        assert (await asked(metrics.port, "/"))[0] == 404
        assert (await asked(metrics.port, method="POST"))[0] == 405
        assert handler.asked == [{"do": "status"}] * 3


async def test_no_reply_tells_the_versions_of_what_serves_it() -> None:
    async with served(MetricsOptions(listen="loopback", port=0)) as metrics:
        for request in (b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1", b"GET / HTTP/1.1\r\nHost: x", b"\xff"):
            reader, writer = await asyncio.open_connection("127.0.0.1", metrics.port)
            writer.write(request + b"\r\nConnection: close\r\n\r\n")
            reply = await reader.read()
            writer.close()

            assert b"\r\nServer: ravatard\r\n" in reply
            assert b"aiohttp" not in reply


async def test_with_a_token_they_are_for_those_who_send_it() -> None:
    options = MetricsOptions(listen="lan", port=0, token=Secret(TOKEN))
    async with served(options) as metrics:
        status, text = await asked(metrics.port, Host="ravatard.example", Authorization=f"Bearer {TOKEN}")

        assert status == 200
        assert "ravatard_working" in text
        for wrong in (
            {},
            {"Authorization": "Bearer x"},
            {"Authorization": TOKEN},
            {"Authorization": "Basic eA=="},
        ):
            assert (await asked(metrics.port, **wrong))[0] == 401
        assert (await asked(metrics.port, f"/metrics?token={TOKEN}"))[0] == 401


async def test_a_flood_of_connections_is_cut_and_the_next_scrape_is_answered() -> None:
    async with served(MetricsOptions(listen="loopback", port=0)) as metrics:
        flood = [await asyncio.open_connection("127.0.0.1", metrics.port) for _ in range(40)]
        cut = 0
        for reader, _ in flood:
            try:
                async with asyncio.timeout(0.2):
                    cut += await reader.read(1) == b""
            except (TimeoutError, ConnectionError) as error:
                cut += isinstance(error, ConnectionError)
        for _, writer in flood:
            writer.close()

        assert cut >= 30
        await asyncio.sleep(0)
        assert (await asked(metrics.port))[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 40,
    ],
    ids=["nothing", "half a request", "a request, and no other", "requests without reading"],
)
async def test_slow_scrapers_do_not_keep_another_of_their_address_out(sent: bytes) -> None:
    async with served(MetricsOptions(listen="loopback", port=0)) as metrics:
        slow = []
        for _ in range(20):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            one.setblocking(False)
            await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", metrics.port))
            await asyncio.get_running_loop().sock_sendall(one, sent)
            slow.append(one)
            # What it was sent is answered, as far as it can be.
            await asyncio.sleep(0.05)

        async with asyncio.timeout(2):
            assert [(await asked(metrics.port))[0] for _ in range(3)] == [200, 200, 200]
        for one in slow:
            one.close()


async def test_a_port_that_is_taken_is_told_and_taken_when_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        metrics = Metrics(MetricsOptions(listen="loopback", port=port), StaticFacts())
        async with asyncio.TaskGroup() as group:
            task = group.create_task(metrics.serve(FakeHandler()))
            await until(lambda: metrics.faults, "it is told")
            told = metrics.faults
            other.close()
            await until(lambda: metrics.port == port, "it is served")
            assert metrics.faults == ()
            task.cancel()

    assert f"port {port}" in told[0]
    assert "metrics.port" in told[0]


# ---------------------------------------------------------------------- the file


def test_a_writer_that_is_killed_at_any_byte_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    words = [sys.executable, "-P", str(Path(__file__).with_name("dying_textfile.py")), str(tmp_path)]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(words, env=environ, capture_output=True, timeout=60, check=True)
    lives = [json.loads(line) for line in done.stdout.splitlines()]

    died = [life for life in lives if life["status"] == -signal.SIGXFSZ]
    # What a killed writer has left is what it was killed at.
    assert len(died) > 400
    assert all(life["left"] == life["after"] and life["file"] == "old" for life in died)
    assert [life["file"] for life in lives if life not in died] == ["new"]
    # The collector reads no unfinished file.
    assert all(life["read"] == ["ravatard.prom"] for life in lives)


# ---------------------------------------------------------------------- a real daemon


def counted(status: Mapping[str, Any]) -> dict[str, float]:
    """The figures that a report must be equal to, whenever both are taken of an appliance at rest."""
    counters = status["counters"]
    found: dict[str, float] = {
        f"ravatard_turns_total{{outcome={name}}}": count for name, count in counters["turns"].items()
    }
    labelled = {
        "presses_ignored": "ravatard_false_starts_total{gate=button}",
        "wakes_unused": "ravatard_false_starts_total{gate=wakeword}",
        "messages": "ravatard_messages_sent_total",
        "mqtt_dropped": "ravatard_mqtt_messages_dropped_total",
    }
    for key, count in counters.items():
        if key not in NOT_EXPORTED:
            found[labelled.get(key, f"ravatard_{key}_total")] = count
    found |= {
        "ravatard_volume_ratio": status["volume"] / 100,
        "ravatard_working": status["working"],
        "ravatard_muted": status["muted"],
        "ravatard_troubles": len(status["degraded"]),
        "ravatard_link_up": status["link"]["state"] == "online",
        "ravatard_session_active": status["session"]["state"] != "none",
        "ravatard_microphone_open": status["microphone"]["state"] in ("open", "held"),
    }
    found |= {f"ravatard_state{{state={look.value}}}": look.value == status["state"] for look in Look}
    return found


#: Counters of the report that are no figures by themselves: refusals have reasons there, turns outcomes.
NOT_EXPORTED = {"turns", "sessions_refused", "answers"}
#: Figures that are not in the report, or change from one moment to the next.
ONLY_EXPORTED = (
    "ravatard_answer_seconds",
    "ravatard_board_temperature_celsius",
    "ravatard_first_message_seconds",
    "ravatard_info",
    "ravatard_microphone_",
    "ravatard_session_budget_seconds",
    "ravatard_session_seconds",
    "ravatard_sessions_refused_total",
    "ravatard_silence_seconds",
    "ravatard_start_time_seconds",
    "ravatard_token_expiry_timestamp_seconds",
)


@needs("prometheus", "promtool")
async def test_prometheus_takes_figures_that_are_equal_to_the_status(
    tmp_path: Path,
) -> None:
    sound = recordings.write(tmp_path / "speech.wav", recordings.one_request(3))
    port, textfile = free_port(), tmp_path / "ravatard.prom"
    file: Config = {"metrics": {"textfile": str(textfile), "textfile_s": 1}}
    config: Config = {
        "microphone": {"wav": str(sound)},
        "metrics": {"listen": "loopback", "port": port, "token": TOKEN},
        "spend": {"day_minutes": 60},
    }
    async with SimServer() as server, Daemon(tmp_path, server.base_url, config, file) as daemon:
        await daemon.until(lambda: server.record.counts["answers"], "an answer")
        await daemon.showing("ready")
        async with prometheus(tmp_path, port) as ask:
            await until(textfile.exists, "the file is written")
            async with Program("status", "--json") as program:
                await program.ended()
                status = json.loads(program.stdout)
            _, text = await asked(port, Authorization=f"Bearer {TOKEN}")
            found = samples(text)
            wanted = counted(status)

            assert {name: found[name] for name in wanted} == wanted
            # There is none that was forgotten here.
            compared = (*ONLY_EXPORTED, "process_", *wanted)
            assert [name for name in found if not name.startswith(compared)] == []
            refused = sum(count for name, count in found.items() if "sessions_refused" in name)
            assert refused == status["counters"]["sessions_refused"]
            # The token of the simulated service lives for a day.
            expires_at = found["ravatard_token_expiry_timestamp_seconds"]
            assert expires_at == pytest.approx(time.time() + status["access_expires_s"], abs=30)
            assert found["ravatard_first_message_seconds_count"] >= 1
            assert found["ravatard_session_seconds_total"] > 0
            assert found["ravatard_session_budget_seconds"] == 3_600
            assert (
                await ask("ravatard_turns_total{outcome='answered'}")
                == wanted["ravatard_turns_total{outcome=answered}"]
            )
            assert await ask("sum(ravatard_state)") == 1
        linted = subprocess.run(  # noqa: ASYNC221 - takes milliseconds
            ["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False
        )
        assert (linted.returncode, linted.stdout, linted.stderr) == (0, b"", b"")
        for output in (text, textfile.read_text(), daemon.stderr):
            assert not [secret for secret in (TOKEN, PROJECT, USER) if secret in output]
        # Killed at any moment, what is there is whole.
        daemon.send(signal.SIGKILL)
        await daemon.ended()
        assert samples(textfile.read_text())["ravatard_working"] in (0, 1)


@asynccontextmanager
async def prometheus(folder: Path, target: int) -> AsyncIterator[Any]:
    """Debian's Prometheus, scraping ``target``; yields a function that asks for one value."""
    port = free_port()
    (folder / "token").write_text(TOKEN)
    scrape = {
        "job_name": "ravatard",
        "authorization": {"credentials_file": str(folder / "token")},
        "static_configs": [{"targets": [f"127.0.0.1:{target}"]}],
    }
    config = folder / "prometheus.json"
    config.write_text(
        json.dumps(
            {"global": {"scrape_interval": "250ms", "scrape_timeout": "250ms"}, "scrape_configs": [scrape]}
        )
    )
    words = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        *words,
        f"--web.listen-address=127.0.0.1:{port}",
        stderr=subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession() as session:

            async def ask(query: str) -> float:
                async with asyncio.timeout(30.0):
                    while True:
                        try:
                            address = f"http://127.0.0.1:{port}/api/v1/query"
                            async with session.get(address, params={"query": query}) as reply:
                                result = (await reply.json())["data"]["result"]
                                if result:
                                    return float(result[0]["value"][1])
                        except aiohttp.ClientError:
                            pass
                        await asyncio.sleep(0.1)

            assert await ask("up == 1") == 1
            yield ask
    finally:
        process.kill()
        await process.wait()
