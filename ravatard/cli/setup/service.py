"""Questions about the service: address or project, key, avatar and language; the service is asked, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ravatard.cli.setup.answers import Answers
from ravatard.cli.setup.environment import SetupEnvironment
from ravatard.cli.setup.questions import Choice
from ravatard.cli.terminal import visible
from ravatard.cloud.options import ServiceOptions, kinds_address_problem
from ravatard.config import Loaded, Options
from ravatard.config.candidate import refusal
from ravatard.config.document import Scalar
from ravatard.errors import AuthError, RavatardError
from ravatard.secret import Secret

_PROJECT = "service.project_id"
_API_KEY = "service.api_key"
_KIND, _ADDRESS, _SOCKET = "service.kind", "service.base_url", "service.socket_url"
_AVATAR, _LANGUAGE = "service.avatar", "service.language"


def is_written(loaded: Loaded, dotted: str) -> bool:
    """Return True if a setting is in a file of the configuration, and so can be taken out."""
    origin = loaded.origins[dotted]
    return origin.kind == "file" and Path(origin.name) in loaded.files


class ServiceQuestions:
    """Asks about the service, in the words of the kind that is being set up."""

    def __init__(self, answers: Answers, environment: SetupEnvironment, current: Loaded, kind: str) -> None:
        """Ask nothing yet; ``kind``: the kind that is being set up, which may not be the present one."""
        self._answers = answers
        self._asker = answers.asker
        self._environment = environment
        self._current = current
        self._kind = kind
        self._is_new = kind != current.options.service.kind

    def ask(self) -> None:
        """Ask all questions."""
        self._answers.set(_KIND, self._kind)
        if self._is_new:
            # They are those of the other kind's service.
            for dotted in (_ADDRESS, _SOCKET):
                if is_written(self._current, dotted):
                    self._answers.nodes[dotted] = None
        if self._kind == "avatar":
            self._ask_address_and_key()
        else:
            self._ask_project()
            self._ask_avatar_and_language()

    def _options(self) -> Options:
        """Return the options with the answers so far, as far as they concern the service."""
        options = self._current.options
        present = options.service
        if self._is_new:
            # The address of RAVATAR stands for that of either kind.
            kind: Any = self._kind
            present = replace(present, kind=kind, base_url=ServiceOptions().base_url, socket_url=None)
        address = self._answers.nodes.get(_ADDRESS)
        if isinstance(address, Scalar):
            present = replace(present, base_url=address.text)
        present = replace(
            present,
            project_id=self._typed(_PROJECT) or present.project_id,
            api_key=self._typed(_API_KEY) or present.api_key,
        )
        return replace(options, service=present)

    def _typed(self, dotted: str) -> Secret | None:
        return self._answers.secrets.get(self._answers.schema.keys[dotted].credential)

    def _ask_secret(self, dotted: str, question: str) -> bool:
        """Ask for a secret; return True if one was typed."""
        key = self._answers.schema.keys[dotted]
        typed = self._asker.ask_hidden(question, lambda text: refusal(key, text))
        if typed:
            self._answers.secrets[key.credential] = Secret(typed)
        return bool(typed)

    # ------------------------------------------------------------------ an AvaTar API

    def _ask_address_and_key(self) -> None:
        """Ask for what an AvaTar API has in the place of a project; it has no lists to choose from."""
        answers, service = self._answers, self._current.options.service
        known = service.api_key is not None
        address = ServiceOptions(kind="avatar").base_url if self._is_new else service.base_url
        while True:
            address = self._ask_address(address)
            self._ask_secret(
                _API_KEY, f"Its key (not shown while you type; Enter: {'as it is' if known else 'none'})"
            )
            if self._is_there():
                break
            known = known or self._typed(_API_KEY) is not None
        default = "" if self._is_new else None
        answers.ask_text(_AVATAR, "Id of the avatar (none: the service's own)", default)
        answers.ask_text(_LANGUAGE, "Language code (for a recogniser; this service is not told)")

    def _ask_address(self, default: str) -> str:
        key = self._answers.schema.keys[_ADDRESS]
        address = self._asker.ask(
            "Address of your AvaTar API",
            default,
            lambda text: refusal(key, text) or kinds_address_problem(self._kind, text) or None,
        )
        # An address that is not written is that of the kind.
        if address != ServiceOptions(kind="avatar").base_url or not self._is_new:
            self._answers.set(_ADDRESS, address)
        elif _ADDRESS in self._answers.nodes and not is_written(self._current, _ADDRESS):
            del self._answers.nodes[_ADDRESS]
        elif _ADDRESS in self._answers.nodes:
            self._answers.nodes[_ADDRESS] = None
        return address

    def _is_there(self) -> bool:
        """Ask the service; return True if it answers as one does, or is to be kept all the same."""
        options = self._options()
        self._asker.say(f"Asking {visible(options.service.base_url)} …")
        try:
            said = self._environment.greeting(options)
        except AuthError as error:
            wants = "refuses this key" if options.service.api_key is not None else "wants a key"
            self._asker.say(f"  it {wants}: {visible(str(error))}")
        except RavatardError as error:
            self._asker.say(f"  {visible(str(error))}")
        else:
            self._asker.say(f"  it answers{f' ({visible(said)})' if said else ''}")
            return True
        return self._asker.confirm("Keep address and key all the same?", default=False)

    # ------------------------------------------------------------------ RAVATAR

    def _ask_project(self) -> None:
        known = self._current.options.service.project_id is not None
        enter = "as it is" if known else "none"
        typed = self._ask_secret(_PROJECT, f"Your project id (not shown while you type; Enter: {enter})")
        if not typed and not known:
            self._asker.say(
                "  without one the service may refuse this appliance; `ravatard setup` asks again"
            )

    def _ask_avatar_and_language(self) -> None:
        options = self._options()
        default = "" if self._is_new else None
        self._asker.say(f"Asking {visible(options.service.base_url)} …")
        try:
            offer = self._environment.offer(options)
        except RavatardError as error:
            self._asker.say(f"  its avatars and languages cannot be listed: {visible(str(error))}")
            self._answers.ask_text(
                _AVATAR, "Name or id of the avatar (none: the first that can talk)", default
            )
            self._answers.ask_text(_LANGUAGE, "Language code")
            return
        first = Choice("", "the first that can talk")
        self._answers.choose(_AVATAR, "Avatar", [first, *offer.avatars], default)
        if offer.languages:
            self._answers.choose(_LANGUAGE, "Language", offer.languages)
        else:
            self._answers.ask_text(_LANGUAGE, "Language code")
