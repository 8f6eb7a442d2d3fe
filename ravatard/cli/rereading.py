"""Configuration read again by a running appliance: for a reload, and to see that it would start again."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from ravatard import logs
from ravatard.appliance_parts import Parts
from ravatard.assembly.client import renew_credential
from ravatard.assembly.parts import conversation_options
from ravatard.assembly.wakeword import WakeWordModel
from ravatard.cli.run import loaded_for
from ravatard.cli.terminal import typeable
from ravatard.cloud.network.trust import Issuers, issuers_in
from ravatard.config import Loaded, Options, secrets_of
from ravatard.config.saved.description import UNCHANGED, told_changes
from ravatard.config.saved.layer import saved_file
from ravatard.config.saved.starting import load_at_start
from ravatard.core.events import OptionsChanged
from ravatard.core.options.conversation import ConversationOptions
from ravatard.devices.microphone.source_check import check_source
from ravatard.errors import ConfigError
from ravatard.secret import Secret
from ravatard.stages.mailbox import Inbox
from ravatard.stages.reload import NewOptions


def configure_logs(loaded: Loaded, environ: Mapping[str, str], *, quiet: bool = False) -> None:
    """Set up logging as configured; ``quiet``: errors only, because the terminal shows other text."""
    options = loaded.options.logging
    if quiet and options.level == "info":
        options = replace(options, level="error")
    handler = logs.configure(
        options,
        under_systemd=logs.is_journal(sys.stderr, environ),
        secrets=secrets_of(loaded.options),
    )
    if isinstance(handler.formatter, logs.PlainFormatter):
        # It was started by hand, in a terminal where its commands are to be typed.
        handler.setFormatter(logs.PlainFormatter(typeable))


class KnownSecrets(list[Secret]):
    """Secrets of the configuration, also those that a reload has replaced: they may be valid still."""

    def add_of(self, loaded: Loaded) -> None:
        """Add those of a configuration."""
        self.extend(one for one in secrets_of(loaded.options) if one not in self)

    def redacted(self, text: str) -> str:
        """Return a text without any of them."""
        return logs.redact(text, secrets=self)


@dataclass(slots=True)
class Rereading:
    """Reads the configuration for a reload.

    Attributes:
        arguments: the command line of ``run``.
        environ: the daemon's environment variables.
        started: options that it was started with.
        running: the same, of a simulated run with the simulated service in them.
        secrets: all that were ever read.
        wakeword: model of the wake word, which is looked for again.
        issuers: issuers in the file of ``network.ca``, as they were at the start.
        taken: options that the conversation was given last.
        newest: options of the last reload, as far as they are in effect.
    """

    arguments: argparse.Namespace
    environ: Mapping[str, str]
    started: Options
    running: Options
    secrets: KnownSecrets
    wakeword: WakeWordModel
    issuers: Issuers
    taken: ConversationOptions
    newest: Options | None = None

    async def read(self, parts: Parts) -> NewOptions:
        """Return the options of now; ``parts``: of the appliance, which get a new credential.

        Raises:
            ConfigErrors: they have mistakes.
        """
        again = loaded_for(self.arguments, self.environ, saved_file(self.environ))
        options = again.options
        self.secrets.add_of(again)
        configure_logs(again, self.environ, quiet=self.arguments.simulate)
        renew_credential(parts.cloud, self.running, options)
        await self.wakeword.refresh(options)
        effective = replace(options, wakeword=self.wakeword.running_of(options.wakeword))
        told = told_changes(self.started, self.newest or self.started, effective)
        if options.network.ca == self.running.network.ca:
            told = "; ".join(filter(None, (told, told_issuers(options.network.ca, self.issuers))))
        if word := self.wakeword.told:
            told = word if told == UNCHANGED else f"{told}; {word}"
        self.newest = effective
        wanted = conversation_options(options, has_button=parts.button is not None)
        self.taken = self.wakeword.taken_into(wanted)
        return NewOptions(self.taken, told)

    async def keep_trying_word(self, inbox: Inbox) -> None:
        """Try the wake word's model again while there is a passing trouble with it. Runs for ever."""

        def changed() -> None:
            self.taken = self.wakeword.taken_into(self.taken)
            inbox.put(OptionsChanged(self.taken))

        await self.wakeword.keep_trying(changed)


def told_issuers(file: str | None, started: Issuers) -> str:
    """Return a clause about a file of ``network.ca`` that has changed since the start; "" for the same one.

    Args:
        file: the file.
        started: issuers that it held when the daemon started, which are trusted until a restart.
    """
    try:
        same = issuers_in(file) == started
    except ConfigError as error:
        return f"{error}; without that the next start fails"
    return "" if same else "the new content of network.ca waits for a restart"


def restart_refusal(
    unmanaged: Callable[[], Awaitable[str]], arguments: argparse.Namespace, environ: Mapping[str, str]
) -> Callable[[], Awaitable[str]]:
    """Return what says why a restart is refused: its end would be for good.

    Who restarts it from a page may have no other way to it.

    Args:
        unmanaged: returns why nothing would start the daemon again; "" if something would.
        arguments: the command line of ``run``.
        environ: the daemon's environment variables.
    """

    async def refusal() -> str:
        if found := await unmanaged():
            return found
        try:
            await asyncio.to_thread(check_start, arguments, environ)
        except ConfigError as error:
            return f"with its configuration as it is now the appliance would not start again: {error}"
        return ""

    return refusal


def check_start(arguments: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Check that the appliance would start with what is configured now.

    Raises:
        ConfigError: it would not, and nothing would try again.
    """
    from ravatard.cli.config.check import refuse_unusable

    loaded = load_at_start(partial(loaded_for, arguments, environ), saved_file(environ)).loaded
    refuse_unusable(loaded)
    check_source(loaded.options.microphone, loaded.options.capture, environ)
