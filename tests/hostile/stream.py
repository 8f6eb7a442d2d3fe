"""The avatar's stream: odd addresses of it, its signalling, and offers of every kind."""

from __future__ import annotations

import random

from tests.hostile import frames
from tests.hostile.bodies import odd_value
from tests.unit.cloud.pixelstreaming.test_hostile_signalling import MESSAGES
from tests.unit.cloud.webrtc.test_hostile_offers import OFFERS, candidates, with_lines

#: Largest message of the signalling that is read.
LARGEST = 96 * 1024


def address(chance: random.Random, base_url: str, number: int) -> object:
    """A ``streamingUrl``: mostly one that leads to a page of ours."""
    page = f"{base_url}/stream/{number}"
    if chance.random() < 0.7:
        return page + chance.choice(("", "?StreamerId=Avatar", "?ForceTURN=true", "?a=%zz&b", "#part"))
    host = base_url.removeprefix("http://")
    return chance.choice(
        (
            "",
            None,
            7,
            "ws://" + host,
            "file:///etc/passwd",
            "javascript:alert(1)",
            f"https://{host}/",
            "http://169.254.169.254/latest",
            "http://[::1",
            "http://[::1]:1/",
            "http://127.0.0.1:0/",
            page + "\n",
            "http://127.0.0.1:99999/",
            f"http://user:word@{host}/stream/0",
            page + "?" + "a" * 9_000,
            f"{page}?ss=ws://192.0.2.1/",
            f"{page}?ss=http://x",
            f"{page}?ss=ws://{host}/signalling",
            f"{page}?" + "&".join(f"a{one}=1" for one in range(300)),
            "http://b\u00fccher.example/",
            "http:///x",
        )
    )


def _candidate(chance: random.Random) -> bytes:
    host = chance.choice(("127.0.0.1", "192.0.2.1", "::1", "x.local", "256.1.1.1", "fe80::1%lo", "0.0.0.0"))
    port = chance.choice((9, 0, -1, 65_536, 5_000))
    kind = chance.choice(("host", "x"))
    words = f"candidate:1 1 {chance.choice(('udp', 'tcp', 'UDP'))} 5 {host} {port} typ {kind}"
    return frames.message(
        type="iceCandidate",
        candidate={
            "candidate": chance.choice((words, words, odd_value(chance), "", words + " generation 0" * 500)),
            "sdpMid": chance.choice(("0", None, "x" * 500, 0)),
            "sdpMLineIndex": chance.choice((0, 1, -1, 10**30, None, "0")),
        },
    )


def _offer(chance: random.Random) -> bytes:
    name = chance.choice(sorted(OFFERS))
    good = with_lines(candidates(3), 3)
    cut = good[: chance.randrange(len(good))]
    lines = good.split("\r\n")
    chance.shuffle(lines)
    doubled = good.replace(
        "a=setup:actpass", "a=setup:" + chance.choice(("active", "passive", "holdconn", ""))
    )
    sdp = chance.choice(
        (
            OFFERS[name](chance.choice((1, 10, 300, 1_900))),
            good,
            cut,
            "\r\n".join(lines),
            doubled,
            odd_value(chance),
            good.replace("audio", "video"),
            good.replace("opus", chance.choice(("PCMU", "telephone-event", "Opus"))),
        )
    )
    return frames.message(type="offer", sdp=sdp)


def _servers(chance: random.Random) -> bytes:
    url = chance.choice(
        (
            "stun:127.0.0.1:9",
            "turn:127.0.0.1:9?transport=tcp",
            "turns:127.0.0.1:9",
            "stun:192.0.2.1",
            "stun:",
            "stun:x.invalid:99999",
            "http://x",
            "stun:[::1",
            "turn:127.0.0.1:9?transport=x",
        )
    )
    servers = chance.choice(
        (
            [{"urls": url, "username": "u", "credential": "c"}],
            [{"urls": [url] * 50}] * 50,
            {"urls": url},
            odd_value(chance),
        )
    )
    return frames.message(
        type="config", peerConnectionOptions=chance.choice(({"iceServers": servers}, servers))
    )


def any_signal(chance: random.Random) -> tuple[str, bytes]:
    """The name and the bytes of one thing that a signalling server sends."""
    kind = chance.random()
    if kind < 0.15:
        name = chance.choice(sorted(frames.ODD))
        return name, frames.ODD[name](chance)
    if kind < 0.3:
        name = chance.choice(sorted(MESSAGES))
        return name, frames.text(MESSAGES[name](chance.choice((50, 5_000, LARGEST)))[:LARGEST])
    if kind < 0.5:
        return "an offer", _offer(chance)
    if kind < 0.6:
        return "ICE servers", _servers(chance)
    if kind < 0.7:
        return "candidates", _candidate(chance) * chance.choice((1, 5, 400))
    if kind < 0.75:
        return "a flood", frames.text(chance.choice(("{}", "x", '{"type":"pong"}'))) * 600
    names = (
        "config",
        "streamerList",
        "subscribeFailed",
        "streamerIdChanged",
        "ping",
        "pong",
        "playerCount",
        "identify",
        "answer",
        "disconnectPlayer",
        "x" * 300,
    )
    fields = {
        name: odd_value(chance) for name in chance.sample(("ids", "sdp", "time", "newID", "message"), 3)
    }
    return "a signal", frames.message(type=chance.choice(names), **fields)
