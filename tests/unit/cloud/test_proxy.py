"""The configured proxy, else that of the environment, and never one for this machine."""

from __future__ import annotations

import base64
import ipaddress
import ssl
from dataclasses import replace

import pytest
from multidict import CIMultiDict
from yarl import URL

from ravatard.cloud.proxy import Proxies, Proxy, login_headers, status_of, trouble_of
from ravatard.ports.network import ProxyUnusable
from ravatard.secret import Secret

PROXY = "http://proxy.example:3128"


def through(url: str, configured: str | None = None, **environ: str) -> str | None:
    proxy = Proxies(configured, environ).of(url)
    return None if proxy is None else f"{proxy.url} {proxy.origin}"


@pytest.mark.parametrize("scheme", ["https", "wss"])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_encrypted_requests_and_sockets_take_the_environments_proxy(scheme: str, name: str) -> None:
    assert through(f"{scheme}://chat.example/x", **{name: PROXY}) == f"{PROXY} {name}"


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_plain_ones_take_that_for_http(scheme: str) -> None:
    assert through(f"{scheme}://chat.example/x", HTTP_PROXY="proxy.example:3128") == f"{PROXY} HTTP_PROXY"
    assert through(f"{scheme}://chat.example/x", HTTPS_PROXY=PROXY) is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "a.localhost",
        "LOCALHOST.",
        "127.0.0.1",
        "127.9.9.9",
        "[::1]",
        "[::1]:8480",
        "127.0.0.1:1",
    ],
)
def test_this_machine_is_reached_as_any_other(host: str) -> None:
    url = f"http://{host}/"

    assert through(url, HTTP_PROXY=PROXY) == f"{PROXY} HTTP_PROXY"
    assert through(url, PROXY) == f"{PROXY} service.proxy"
    assert through(url, HTTP_PROXY=PROXY, NO_PROXY="localhost,127.0.0.0/8,::1") is None


def test_the_configured_proxy_goes_before_the_environments_and_none_does_without() -> None:
    other = "http://other.example:8080"

    assert (
        through("https://chat.example/", other, HTTPS_PROXY=PROXY, NO_PROXY="*") == f"{other} service.proxy"
    )
    assert through("https://chat.example/", "none", HTTPS_PROXY=PROXY) is None


@pytest.mark.parametrize(
    ("entry", "excluded"),
    [
        ("*", True),
        ("chat.example", True),
        ("example", True),
        (".example", True),
        ("*.example", True),
        ("Chat.Example:8443", True),
        ("chat.example:443", False),
        ("other.example", False),
        ("hat.example", False),
        ("**", False),
        (".", False),
        ("", False),
    ],
)
def test_no_proxy_names_hosts_and_domains(entry: str, excluded: bool) -> None:
    found = through("https://chat.example:8443/", HTTPS_PROXY=PROXY, NO_PROXY=f"x.test, {entry}")

    assert (found is None) is excluded


def test_no_proxy_names_networks() -> None:
    assert through("https://10.1.2.3/", HTTPS_PROXY=PROXY, no_proxy="10.0.0.0/8") is None
    assert through("https://11.1.2.3/", HTTPS_PROXY=PROXY, no_proxy="10.0.0.0/8") is not None


@pytest.mark.parametrize(
    "no_proxy",
    ["10.0.0.0/8", "one.example,::1", ",".join(f"10.{a}.{b}.0/24" for a in range(4) for b in range(250))],
    ids=["one", "two", "thousand"],
)
def test_no_proxy_is_parsed_once_and_anew_when_it_changes(
    no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    parse = ipaddress.ip_network

    def counted(text: str, *, strict: bool = True) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        parsed.append(text)
        return parse(text, strict=strict)

    monkeypatch.setattr(ipaddress, "ip_network", counted)
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": f"{no_proxy},once.example"}
    proxies = Proxies(None, environ)

    for number in range(50):
        assert proxies.of(f"https://{number}.example/") is not None
        assert Proxies(None, environ).of("https://once.example/") is None
    assert len(parsed) == len(environ["NO_PROXY"].split(","))
    environ["NO_PROXY"] = "7.example"
    assert proxies.of("https://7.example/") is None


@pytest.mark.parametrize(
    "value",
    [
        "socks5://proxy.example:1080",
        "http://[::1",
        "http://",
        "http://h:x",
        "http://h:0",
        "http://h:99999",
        "http://a..b:1",
        f"http://{'x' * 64}.example",
        "http://h<i:1",
        "http://*:1",
        "http://\u2024:1",
        "http://256.1.1.1:1",
        "http://[fe80::1%25]:1",
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_sentence(value: str) -> None:
    named = Proxies(None, {"ALL_PROXY": value}).named("https://chat.example/")

    assert isinstance(named, str)
    assert "ALL_PROXY" in named


def test_a_password_is_not_shown() -> None:
    proxy = Proxies(None, {"ALL_PROXY": "http://me:secret@proxy.example:3128"}).of("https://chat.example/")

    assert isinstance(proxy, Proxy)
    assert str(proxy) == f"{PROXY} (ALL_PROXY)"


LOGIN = Proxies("https://proxy.example:3129", {}, "me@firm", Secret("pass:wörd/€"))


def test_the_login_of_the_section_network_goes_to_a_proxy_without_one() -> None:
    proxy = LOGIN.of("https://chat.example/")

    assert proxy is not None
    # aiohttp writes Latin-1; these are the bytes of UTF-8.
    assert proxy.url.user == "me@firm"
    assert (proxy.url.password or "").encode("latin-1").decode() == "pass:wörd/€"
    assert "pass:" not in f"{proxy} {proxy!r} {LOGIN!r}"


def test_a_login_in_the_environments_address_goes_before_it() -> None:
    proxies = replace(LOGIN, configured=None, environ={"https_proxy": "http://you:w%C3%B6rd@proxy.example:1"})
    proxy = proxies.of("https://chat.example/")

    assert proxy is not None
    assert (proxy.url.user, (proxy.url.password or "").encode("latin-1").decode()) == ("you", "wörd")
    assert proxy.password == Secret("wörd")


def test_a_proxy_of_another_kind_is_a_refusal_and_not_gone_past() -> None:
    proxies = Proxies(None, {"ALL_PROXY": "socks5h://me:hidden@proxy.example:1080"})

    with pytest.raises(
        ProxyUnusable, match=r"not reached: ALL_PROXY is a socks5h proxy; only http"
    ) as caught:
        proxies.of("https://chat.example/")

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["Basic realm=x"], "user and password are missing or wrong; write network.proxy_username and"),
        (["Negotiate", "NTLM"], "it wants a login by Negotiate or NTLM, and only Basic is known here"),
        (["NTLM", 'Basic realm="x"'], "missing or wrong"),
        ([], "missing or wrong"),
        (["x" * 400 + "\x00"], "missing or wrong"),
    ],
)
def test_a_proxy_that_wants_a_login_says_which(lines: list[str], said: str) -> None:
    headers = CIMultiDict([("Proxy-Authenticate", line) for line in lines])

    assert said in status_of("http://proxy.example:3128 (service.proxy)", 407, headers)


def test_the_password_of_a_proxy_is_for_the_proxy() -> None:
    proxy = Proxy(URL("http://me:secret@proxy.example:3128"), "service.proxy")

    assert login_headers(proxy.url) == {"Proxy-Authorization": "Basic bWU6c2VjcmV0"}
    assert login_headers(URL("http://proxy.example")) == {}


def test_a_password_without_a_user_goes_out_as_aiohttp_sends_it() -> None:
    assert login_headers(URL("http://:secret@proxy.example")) == {"Proxy-Authorization": "Basic OnNlY3JldA=="}


def test_a_password_with_umlauts_goes_out_in_utf_8() -> None:
    proxy = Proxies("http://proxy.example", {}, "jürgen", Secret("geheimnisträger")).named("http://a.example")
    assert isinstance(proxy, Proxy)

    sent = login_headers(proxy.url)["Proxy-Authorization"].removeprefix("Basic ")

    assert base64.b64decode(sent).decode() == "jürgen:geheimnisträger"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (10, "the proxy must renew its certificate"),
        (18, "check the proxy's address"),
        (62, "check the proxy's"),
    ],
)
def test_a_fault_of_a_proxys_certificate_is_no_fault_of_the_service(code: int, told: str) -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code

    said = trouble_of(error)

    assert told in said
    assert "service" not in said


@pytest.mark.parametrize("written", ["[fe80::1%25eth0]", "[fe80::1%eth0]"])
def test_the_zone_of_an_address_may_be_escaped(written: str) -> None:
    found = Proxies(f"http://{written}:3128", {}).of("https://chat.example/")

    assert found is not None
    assert found.url.host == "fe80::1%eth0"


def test_a_user_with_a_colon_is_a_sentence_without_the_password() -> None:
    found = Proxies(None, {"https_proxy": "http://m%3ae:hush-4711@h:1"}).named("https://chat.example/")

    assert found == "https_proxy has a user name with a colon in it, which no proxy reads; correct it"
