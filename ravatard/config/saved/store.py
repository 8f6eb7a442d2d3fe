"""Settings store on files: implements :class:`ravatard.ports.settings.SettingsStore`.

Two files in the state directory: what is saved, and what was before the last save. Each is replaced as a
whole, so that a power cut at any moment leaves the old settings or the new ones. The revision is a hash of
the content, so that it also changes when another process, `ravatard config set`, saves.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ravatard.config.document import DocumentError, Node, decoded
from ravatard.config.loading import DEFAULT_PATH, Loaded, load
from ravatard.config.problems import ConfigErrors, Problem, SettingOrigin
from ravatard.config.saved.candidates import nodes_of, refusals, rendered, too_large
from ravatard.config.saved.description import changed, described, needs, shown_value
from ravatard.config.saved.layer import content_of, read_saved
from ravatard.config.schema import Options, Schema, value_of
from ravatard.config.sources import SettingSources
from ravatard.host.state_file import (
    locked_state,
    make_state_directory,
    remove_state,
    replace_state,
    state_exists,
)
from ravatard.ports.settings import (
    Changes,
    NothingToUndo,
    SettingProblem,
    SettingsConflict,
    SettingsNotSaved,
    SettingsRefused,
)

#: Ending of the file with what was saved before.
BEFORE = ".before"
#: Ending of the file whose lock is held while something is saved.
LOCK = ".lock"
#: Saving takes some ten milliseconds; after this the other process hangs.
LOCK_S = 5.0
#: Errors of a machine in need, or of a failing disk, which say nothing about the file.
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EAGAIN, errno.EINTR})
#: Two thirds of a hash are enough to tell texts apart that were not made to collide.
_REVISION_DIGITS = 40


class FileSettingsStore:
    """Saves settings in one file of the state directory."""

    def __init__(
        self,
        saved: Path,
        environ: Mapping[str, str],
        main: Path | None = None,
        running: Options | None = None,
    ) -> None:
        """Read nothing yet.

        Args:
            saved: the file of saved settings; it need not exist.
            environ: the environment that counts, with the credentials.
            main: the owner's file; None for the default.
            running: the options that this process has started with.
        """
        self._saved = saved
        self._before = saved.with_name(f"{saved.name}{BEFORE}")
        self._lock = saved.with_name(f"{saved.name}{LOCK}")
        self._environ = environ
        self._main = main
        self._running = running

    # -------------------------------------------------------------- looking

    def describe(self) -> dict[str, Any]:
        """See the port."""
        content = self._content(self._saved)
        try:
            loaded = self._load(decoded(content))
        except (ConfigErrors, DocumentError):
            loaded = self._without_saved()
        undo = state_exists(self._before) and self._content(self._before) != content
        return {"revision": _revision(content), "undo": undo, **described(loaded, self._running)}

    def check(self, changes: Changes) -> tuple[SettingProblem, ...]:
        """See the port."""
        try:
            self._candidate(self._nodes(self._content(self._saved)), changes)
        except SettingsRefused as refused:
            return refused.problems
        return ()

    def with_changes(self, changes: Changes) -> Loaded:
        """Return the configuration that ``changes`` would make.

        Raises:
            SettingsRefused: it is no valid one.
        """
        return self._candidate(self._nodes(self._content(self._saved)), changes)[1]

    def diff(self, changes: Changes) -> list[dict[str, Any]]:
        """See the port."""
        content = self._content(self._saved)
        nodes = self._nodes(content)
        _, new = self._candidate(nodes, changes)
        try:
            old = self._load(rendered(nodes))
        except ConfigErrors:
            old = self._without_saved()
        return [
            {
                "key": key.dotted,
                "old": shown_value(value_of(old.options, key), key),
                "new": shown_value(value_of(new.options, key), key),
                "needs": needs(key),
            }
            for key in changed(old.options, new.options)
        ]

    def saved(self) -> tuple[str, ...]:
        """Return the keys that are saved, also those that something stronger overrides."""
        return tuple(self._nodes(self._content(self._saved)))

    # -------------------------------------------------------------- saving

    def save(self, changes: Changes, revision: str | None) -> str:
        """See the port."""
        with self._locked():
            content = self._content_to_replace()
            self._refuse_old(revision, content)
            nodes = self._nodes(content)
            text, _ = self._candidate(nodes, changes)
            if content and text == rendered(nodes):
                return _revision(content)
            self._replace(self._before, content)
            self._replace(self._saved, text.encode())
            return _revision(text.encode())

    def undo(self, revision: str | None = None) -> str:
        """See the port."""
        with self._locked():
            content = self._content_to_replace()
            self._refuse_old(revision, content)
            before = self._content(self._before)
            if not state_exists(self._before) or before == content:
                # Equal after a power cut in the middle of saving: nothing was saved.
                raise NothingToUndo("there is nothing to undo")
            try:
                self._load(decoded(before))
            except (ConfigErrors, DocumentError) as errors:
                raise SettingsRefused(self._problems(errors)) from errors
            self._replace(self._saved, before)
            try:
                remove_state(self._before)
            except OSError as error:
                raise _not_saved(self._before, error) from error
            return _revision(before)

    def _candidate(self, saved: Mapping[str, Node], changes: Changes) -> tuple[str, Loaded]:
        """Return the text of the file with ``changes``, and the configuration with it.

        Raises:
            SettingsRefused: it is no valid one.
        """
        nodes, problems = nodes_of(changes)
        merged = {dotted: node for dotted, node in saved.items() if dotted not in nodes}
        merged |= {dotted: node for dotted, node in nodes.items() if node is not None}
        ordered = {dotted: merged[dotted] for dotted in Schema().keys if dotted in merged}
        text = rendered(ordered)
        if too_large(text):
            raise SettingsRefused((*problems, SettingProblem("", "these settings are too large to be saved")))
        loaded: Loaded | None = None
        try:
            loaded = self._load(text)
        except ConfigErrors as errors:
            problems += self._problems(errors)
        origins = self._origins(saved) if loaded is None else loaded.origins
        refused = tuple(refusals(nodes, origins, self._main or DEFAULT_PATH))
        named = {problem.key for problem in refused}
        problems = [*refused, *(problem for problem in problems if problem.key not in named)]
        if problems or loaded is None:
            raise SettingsRefused(tuple(problems))
        return text, loaded

    def _problems(self, errors: ConfigErrors | DocumentError) -> tuple[SettingProblem, ...]:
        if isinstance(errors, DocumentError):
            return (SettingProblem("", str(errors)),)
        return tuple(self._problem(problem) for problem in errors.problems)

    def _problem(self, problem: Problem) -> SettingProblem:
        """Return one problem; the place is named when it is not in what is saved here."""
        elsewhere = problem.origin.name not in ("", str(self._saved))
        return SettingProblem(problem.key, f"{problem.origin}: {problem.text}" if elsewhere else problem.text)

    # -------------------------------------------------------------- files

    def _load(self, text: str) -> Loaded:
        return load(self._main, self._environ, saved=self._saved, instead={self._saved: text})

    def _without_saved(self) -> Loaded:
        """Return what the owner's files say: with unusable settings an appliance starts without any saved."""
        return load(self._main, self._environ)

    def _origins(self, saved: Mapping[str, Node]) -> Mapping[str, SettingOrigin]:
        """Return the origins before a change; none while the configuration has mistakes of its own."""
        try:
            return self._load(rendered(saved)).origins
        except ConfigErrors:
            return {}

    def _nodes(self, content: bytes) -> dict[str, Node]:
        """Return the settings in ``content``; the next save mends it: what is unusable is left out."""
        sources = SettingSources(Schema())
        try:
            read_saved(self._saved, sources, decoded(content))
        except DocumentError:
            return {}
        keys = sources.schema.keys
        return {name: node for name, node in sources.nodes.items() if not keys[name].setting.local_only}

    def _content(self, file: Path) -> bytes:
        """Return what ``file`` holds; nothing that cannot be read, which the next save replaces."""
        try:
            return content_of(file)
        except OSError:
            return b""

    def _content_to_replace(self) -> bytes:
        """Return the content of the saved settings before they are replaced.

        Raises:
            SettingsNotSaved: it cannot be read for now; what is saved would be lost.
        """
        try:
            return content_of(self._saved)
        except OSError as error:
            if error.errno in _PASSING:
                raise _not_saved(self._saved, error) from error
            return b""

    def _refuse_old(self, revision: str | None, content: bytes) -> None:
        if revision is not None and revision != _revision(content):
            raise SettingsConflict(_revision(content))

    def _replace(self, file: Path, content: bytes) -> None:
        try:
            replace_state(file, content, mode=0o600)
        except OSError as error:
            raise _not_saved(file, error) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep every other store from saving meanwhile; make the state directory if there is none.

        Raises:
            SettingsNotSaved: another one hangs, or the disk refuses.
        """
        with ExitStack() as held:
            try:
                make_state_directory(self._saved.parent)
                held.enter_context(locked_state(self._lock, LOCK_S))
            except BlockingIOError:
                text = f"another program has been saving settings for {LOCK_S:g} s; try again"
                raise SettingsNotSaved(text) from None
            except OSError as error:
                raise _not_saved(self._lock, error) from error
            yield


def _revision(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_REVISION_DIGITS]


def _not_saved(file: Path, error: OSError) -> SettingsNotSaved:
    remedy = "; repeat the command with sudo" if isinstance(error, PermissionError) else ""
    return SettingsNotSaved(f"{file} cannot be written ({error.strerror}), so the old settings hold{remedy}")
