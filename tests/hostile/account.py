"""Tokens and live sessions of the hostile service: odd in every way, and all of them remembered."""

from __future__ import annotations

import base64
import json
import random
import time
from dataclasses import replace

from tests.hostile.bodies import Fields, text_of
from tests.hostile.replies import Reply, good, hostile, plain


def same(licence: object) -> str:
    """A LicenseId as it is compared: ``7``, ``7.0`` and ``"7"`` are one."""
    text = str(licence).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


class Account:
    """What the service knows of its user.

    Attributes:
        named: LicenseIds that an answer to a start named in a readable body, with the kind of that answer.
        ended: those the service has ended.
        secrets: tokens and ids that no log may show.
        last_token: the newest token.
    """

    def __init__(self, chance: random.Random, seed: int) -> None:
        self._chance = chance
        self._prefix = f"{seed}-{chance.randrange(10**6)}"
        self._count = 0
        self._pending: dict[int, list[str]] = {}
        self.named: dict[str, str] = {}
        self.ended: set[str] = set()
        self.secrets: set[str] = set()
        self.last_token = ""

    @property
    def open(self) -> dict[str, str]:
        """Sessions that were named and are not ended."""
        return {licence: kind for licence, kind in self.named.items() if licence not in self.ended}

    def end(self, licence: object) -> bool:
        """End a session; returns False for one that was never started."""
        if not str(licence).startswith("lic-") and not same(licence).startswith("70"):
            return False
        self.ended.add(same(licence))
        return True

    def left_open(self, licence: object, answer: str) -> None:
        """Note that a request for an end got an answer that leaves the session open."""
        licence = same(licence)
        if licence in self.named:
            self.named[licence] += f"; left open by: {answer}"

    # ---------------------------------------------------------------- tokens

    def token_fields(self, *, wild: bool) -> Fields:
        """The fields of a reply to ``/jwt``."""
        self._count += 1
        claims: dict[str, object] = {"iat": int(time.time()), "exp": int(time.time()) + 86_400}
        if wild:
            odd: tuple[object, ...] = (
                "soon",
                "2026-01-01",
                float("nan"),
                -1,
                0,
                1e300,
                None,
                [],
                10**400,
                True,
            )
            claims = {name: self._chance.choice((value, *odd)) for name, value in claims.items()}
            if self._chance.random() < 0.3:
                claims = {"iat": time.time(), "exp": time.time() + 0.05}
        parts = [{"alg": "HS256", "n": self._count}, claims]
        texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        token = ".".join([*texts, f"sig-{self._prefix}-{self._count}"])
        self.last_token = token
        self.secrets.add(token)
        if not wild:
            return {"result": "success", "jwt": token}
        shown = self._chance.choice(
            (
                token,
                f"\n{token}\r\n",
                token,
                token[:9] + "\n" + token[9:],
                token + "x" * 9_000,
                f"{token}\x00",
                "é",
                "",
                f"tok-{self._prefix}-{self._count}",
                "....",
                f"{token} ",
            )
        )
        self.secrets |= {shown.strip()} if len(shown) > 8 else set()
        name = self._chance.choice(("jwt", "jwt", "token"))
        return {"result": self._chance.choice(("success", "success", "ok", "failure", None)), name: shown}

    # ---------------------------------------------------------------- live sessions

    def started(self, url: object, *, wild: bool) -> Reply:
        """A reply to a start, with one id or several; :meth:`came` counts them once it was sent."""
        ids = [self._new() for _ in range(self._chance.choice((1, 1, 2, 5)) if wild else 1)]
        fields: Fields = {"status": 200, "LicenseId": ids[0], "streamingUrl": url}
        if not wild:
            reply = good(fields)
        elif self._chance.random() < 0.3:
            status = self._chance.choice((200, 200, 400, 404, 429, 500, 503))
            ids, body = self._in_odd_places(ids, url)
            reply = plain(status, body, kind=f"{status}, ids in odd places: {body[:200]!r}")
        else:
            numbers = ids[1:]
            ids = ids[:1]
            if numbers:
                number = self._number()
                ids, fields = [same(number)], {**fields, "LicenseId": number}
            reply = hostile(self._chance, fields, lively=self._chance.random() < 0.9)
        self.secrets.update(one for one in ids if one.startswith("lic-"))
        reply = replace(reply, kind=f"start: {reply.kind}")
        self._pending[id(reply)] = ids
        return reply

    def came(self, reply: Reply) -> None:
        """Count the ids of a reply that was sent whole."""
        ids = self._pending.pop(id(reply))
        if reply.readable:
            self.named.update(dict.fromkeys(ids, f"{time.monotonic():.2f} {reply.kind}"))

    def _new(self) -> str:
        self._count += 1
        return f"lic-{self._prefix}-{self._count}"

    def _number(self) -> object:
        self._count += 1
        number = 70_000_000 + self._count
        return self._chance.choice((number, float(number)))

    def _in_odd_places(self, ids: list[str], url: object) -> tuple[list[str], bytes]:
        """The ids that are named, and a body that names them."""
        first, *rest = ids
        places = {
            "inside": text_of(
                {
                    "status": 200,
                    "data": {"session": {"LicenseId": first}},
                    "old": [{"licenseId": one} for one in rest],
                }
            ),
            "a list": text_of({"status": 200, "LicenseIds": ids, "streamingUrl": url}),
            "twice": b'{"status":200,' + b",".join(b'"LicenseId":"%s"' % one.encode() for one in ids) + b"}",
            "a page": b"".join(b"<p>LicenseId: %s</p>" % one.encode() for one in ids),
            "an error": text_of(
                {"status": 500, "error": "; ".join(f"LicenseId={one} failed" for one in ids)}
            ),
            "JSON in a string": json.dumps(
                json.dumps({"LicenseId": first, "more": [{"LicenseId": one} for one in rest]})
            ).encode(),
            "cut behind them": text_of({"LicenseIds": ids})[:-1] + b',"streamingUrl":"htt',
            "another spelling": text_of({"license_id": first, "LicenceId": rest[-1] if rest else first}),
        }
        name = self._chance.choice(sorted(places))
        if name == "another spelling":
            ids = [first, *rest[-1:]]
        return ids, places[name]
