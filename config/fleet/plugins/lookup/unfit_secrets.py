"""Lookup of secrets that no program could use, by name: their values are in no sentence and in no error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from jinja2 import Environment, TemplateError, nodes

DOCUMENTATION = """
name: unfit_secrets
author: The ravatard maintainers
short_description: Says which secrets are undefined, empty or no text, without telling them.
description:
  - Ansible's own error is hidden with the task that would use them.
options:
  _terms:
    description: Variables with secrets by name; one that is named later goes before.
    default: [appliance_secrets, appliance_own_secrets]
  hosts:
    description: Hosts whose variables they are.
    default: the host of the task
  only:
    description: The secrets that are needed, and no others are looked at; by default all that are there.
"""

RETURN = """
_list:
  description: A sentence for each one.
"""

EXAMPLES = """
- ansible.builtin.assert:
    that: query('ravatard.fleet.unfit_secrets') | length == 0
"""

#: Type, as Ansible names it, and the words for it.
_NO_TEXT = {
    **dict.fromkeys(("int", "float", "bool", "date", "datetime"), "is no text; write it in quotes"),
    **dict.fromkeys(("dict", "list", "tuple", "AnsibleMapping", "AnsibleSequence"), "is no text"),
    "NoneType": "is empty",
}
_ONE_EXPRESSION = re.compile(r"\s*\{\{((?:(?!\}\}).)*)\}\}\s*", re.DOTALL)
#: Ansible's own, which are no place to look at.
_MAGIC = {"inventory_hostname", "inventory_dir", "hostvars", "groups", "lookup", "query"}


class LookupModule(LookupBase):
    """Finds them: Ansible resolves a variable with secrets as a whole, and so names none of its parts."""

    def run(
        self,
        terms: Iterable[str],
        variables: Mapping[str, Any] | None = None,
        *,
        hosts: Iterable[str] | None = None,
        only: Iterable[str] = (),
        **_: object,
    ) -> list[str]:
        """Return a sentence for each secret that is undefined, empty or no text."""
        own = variables or {}
        names = tuple(terms) or ("appliance_secrets", "appliance_own_secrets")
        found = []
        for host in [own["inventory_hostname"]] if hosts is None else hosts:
            known = own if hosts is None else {**own["hostvars"].raw_get(host), "hostvars": own["hostvars"]}
            with self._templar.set_temporary_context(available_variables=known):
                found += [f"{host}: {one}" for one in self._unfit(names, known, tuple(only))]
        return found

    def _unfit(
        self, names: tuple[str, ...], known: Mapping[str, Any], only: tuple[str, ...]
    ) -> Iterator[str]:
        given: dict[str, tuple[str, Any]] = {}
        for name in names:
            secrets = known.get(name) or {}
            if isinstance(secrets, str):
                # A variable that is made of others, as by combine.
                if fault := self._fault(secrets, whole=True):
                    yield f"{name} {fault}"
                    continue
                secrets = self._templar.template(secrets)
            if not isinstance(secrets, Mapping):
                yield f"{name} is no mapping of names to secrets"
                continue
            given |= {key: (name, value) for key, value in secrets.items()}
        for key in only or given:
            if key not in given:
                yield f"{names[0]}['{key}'] is missing"
            elif fault := self._fault(given[key][1]):
                yield f"{given[key][0]}['{key}'] {fault}"

    def _fault(self, raw: object, *, whole: bool = False) -> str:
        """Return what is wrong with a secret as it is written, the rest of a sentence; "" if nothing is.

        ``whole``: it is a mapping of secrets.
        """
        try:
            if whole:
                self._templar.template(raw)
                return ""
            if fault := _NO_TEXT.get(self._type_of(raw)):
                return fault + _made_of(raw)
            return "" if str(self._templar.template(raw)).strip() else "is empty" + _made_of(raw)
        except AnsibleError:
            # Its text may have a secret in it.
            return "is undefined" + _made_of(raw)

    def _type_of(self, raw: object) -> str:
        """Return the type of a value; of a template with one expression, of its result."""
        if isinstance(raw, str) and not getattr(raw, "__UNSAFE__", False):
            if one := _ONE_EXPRESSION.fullmatch(raw):
                return str(self._templar.template(f"{{{{ ({one[1]}) | type_debug }}}}"))
            return "str"
        return type(raw).__name__


def _made_of(raw: object) -> str:
    """Return a hint at the variables that a template is made of."""
    if not isinstance(raw, str):
        return ""
    try:
        tree = Environment().parse(raw)  # noqa: S701
    except TemplateError:
        return ""
    names = {one.name for one in tree.find_all(nodes.Name) if one.ctx == "load"} - _MAGIC
    return f" (made of {', '.join(sorted(names))})" if names else ""
