"""Growth of a program's time with its input, measured by doubling, as a ratio: slow machines pass, too."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.examples import PROFILE

#: Shorter measurements are the clock's noise.
_LEAST_S = 0.008
#: A doubling of the input doubles the time of a linear program; a quadratic one takes four times as long.
_MOST = 3.0
#: Characters; for a quick run as many as a quadratic program spends a tenth of a second on.
_LONGEST = 1 << (14 if PROFILE == "quick" else 17)


def assert_linear(
    program: Callable[[str], object], text: Callable[[int], str], *, most: int = _LONGEST
) -> None:
    """Assert that ``program`` takes twice as long for a text of twice the size, up to ``most`` characters."""
    size, before = 512, 0.0
    while size <= most:
        now = _seconds(program, text(size))
        if before >= _LEAST_S:
            if now >= _MOST * before:
                # Another program's caches may have been in the way once.
                before, now = _seconds(program, text(size // 2)), _seconds(program, text(size))
            assert now < _MOST * before, f"{size // 2} characters: {before:.3f} s; {size}: {now:.3f} s"
            return
        size, before = 2 * size, now


def _seconds(program: Callable[[str], object], text: str) -> float:
    """Return the least of three measurements of the processor's time; one, if it is slow or nothing."""
    least = float("inf")
    for _ in range(3):
        begin = time.process_time()
        program(text)
        least = min(least, time.process_time() - begin)
        if not _LEAST_S <= least <= 50 * _LEAST_S:
            break
    return least


def repeated(piece: str, *, begin: str = "", end: str = "") -> Callable[[int], str]:
    """Return a function that makes a text of a size out of ``piece`` over and over."""
    return lambda size: begin + piece * (size // len(piece)) + end


#: Texts on which a careless regular expression begins again at each character.
HOSTILE: dict[str, Callable[[int], str]] = {
    name: repeated(piece, begin=begin, end=end)
    for name, (piece, begin, end) in {
        "spaces": (" ", "", "x"),
        "spaces after a name": (" ", "token", ""),
        "spaces after a sign": (" ", "token:", ""),
        "spaces after bearer": (" ", "Authorization: Bearer", "\\"),
        "escaped spaces": ("%20", "bearer", "\\"),
        "line ends": ("\n", "token:", ""),
        "tabs and line ends": ("\t\n", "password =", ""),
        "colons": (":", "token", ""),
        "equals": ("=", "secret", ""),
        "colons in turn with names": ("token:", "", "\n"),
        "names without a sign": ("token", "", "!"),
        "names with hyphens": ("token-", "", "!"),
        "names with dots": ("a.token", "", "!"),
        "names and spaces": ("token ", "", "!"),
        "names, spaces, colons": ("token : ", "", "\n"),
        "quotes": ('"', "token", ""),
        "single quotes": ("'", "'token", ""),
        "backslashes": ("\\", "token", ""),
        "backslashes and quotes": ('\\"', 'token\\"', ""),
        "licences": ("LicenseId", "", "!"),
        "licences and spaces": ("LicenseId ", "", "!"),
        "base64": ("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo", "token", "="),
        "letters": ("a", "", "!"),
        "letters and hyphens": ("a-", "", "!"),
        "digits": ("7", "Playback ", ""),
        "like a token": ("eyJ", "", "!"),
        "like a token, with dots": ("eyJhbGciOi.", "", "!"),
        "dots after a token": (".", "eyJhbGciOi", "!"),
        "addresses": ("http://", "", ""),
        "an address without an end": ("a", "https://", ""),
        "addresses with users": ("https://a:b", "", ""),
        "at signs": ("@", "https://", "/"),
        "at signs in addresses": ("x://a@", "", ""),
        "slashes": ("/", "https:", "@"),
        "keys that begin": ("-----BEGIN ", "", ""),
        "a key without a name": ("A ", "-----BEGIN ", ""),
        "keys that end": ("-----END ", "-----BEGIN " + "PRIVATE KEY-----", ""),
        "nested keys": ('{"token":', "", ""),
        "nested lists": ("[", '"token": ', ""),
        "nested blocks": ("token: |\n ", "", ""),
        "braces": ("{", "secret: ", "}"),
        "lines of names": ("token:\n", "", ""),
        "mixer states": ("Playback ", "", ""),
        "mixer marks": ("Playback [", "", ""),
        "mixer brackets": ("[]", "Capture ", "["),
        "control characters": ("\x1b[", "", ""),
        "halves of surrogate pairs": ("\ud800", "", ""),
        "positions": ("ALSA lib a:", "", ""),
        "hardware": (" (hw:", "", ""),
    }.items()
}
