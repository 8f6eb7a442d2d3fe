"""The annotated reference file, generated from the code so that it is never out of date."""

from __future__ import annotations

import re
import textwrap

from ravatard.config.examples import EXAMPLES, FIRST
from ravatard.config.migrations import HISTORY
from ravatard.config.schema import Key, Schema
from ravatard.config.values import allowed
from ravatard.config.version import KEY

_WIDTH = 100

_HEAD = """\
Every setting, at its default. Copy this file to /etc/ravatard/ravatard.yaml.

To change a setting, remove the "#" in front of its name and write your value. Everything else may
be deleted: a setting that is not written has its default. `ravatard config check` finds mistakes,
`ravatard config show` prints every value in effect and where it was written.

These override the file, each one those above it:
  1. files ravatard.d/*.yaml beside it, in the order of their names
  2. /var/lib/ravatard/settings.yaml: what `ravatard config set`, or a page, has saved
  3. environment variables: RAVATARD_GATE__SILENCE_MS=700 sets silence_ms of gate
  4. for secrets: a systemd credential, named where the secret is described

"Reload": `systemctl reload ravatard` applies a change. "Restart": a restart applies it.

Most owners want no more than this:
"""

_BOARD = """\
The board with the button, the lights and the sound card. Its settings apply where none are written below.
`ravatard board list` prints the names, `ravatard board show NAME` the settings of one. For a board of your
own, write a file boards/NAME.yaml beside this one. Restart.
"""

# Text that YAML reads as text without quotes: no quotes, no ": ", no " #", no special first character.
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9/](?:[A-Za-z0-9_./-]|:(?=\S))*")


#: Words that YAML 1.1 reads as true and false.
_SWITCHES = frozenset({"on", "off", "yes", "no", "true", "false"})


def reference() -> str:
    """Return the text of ``config/ravatard.yaml``."""
    schema = Schema()
    lines = [f"# {line}".rstrip() for line in _HEAD.splitlines()]
    lines += ["#", *(f"#   {line}".rstrip() for line in FIRST.splitlines())]
    lines += ["#", "# The sections, in this order:", "#"]
    lines += [line for name, group in schema.sections.items() for line in _entry(name, group)]
    lines += [
        "",
        "# Version of this file's format; `ravatard config migrate` updates an older file.",
    ]
    lines.append(f"{KEY}: {HISTORY.current}")
    lines += ["", *_comment(_BOARD, ""), "#board:"]
    for section, group in schema.sections.items():
        values, why = EXAMPLES[section]
        lines += [
            "",
            "",
            *_comment(purpose(group), ""),
            f"# Example, for {why}:",
            f"#   {section}: {values}",
        ]
        lines.append(f"{section}:")
        for key in schema.keys.values():
            if key.section == section:
                lines += ["", *_describe(key), f"  #{key.name}: {_written(key.default)}".rstrip()]
    return "\n".join(lines) + "\n"


def purpose(group: type) -> str:
    """Return the first line of the group's docstring without the leading name of the section."""
    first = (group.__doc__ or "").strip().partition("\n")[0]
    purpose = first.partition(": ")[2] or first
    return (purpose[:1].upper() + purpose[1:]).replace("``", "`")


def _entry(name: str, group: type) -> list[str]:
    """Return the lines of a section in the table of contents."""
    return textwrap.wrap(
        purpose(group), _WIDTH, initial_indent=f"#   {name:<15}", subsequent_indent="#" + " " * 18
    )


def _describe(key: Key) -> list[str]:
    words = allowed(key)
    facts = [words[:1].upper() + words[1:]]
    facts.append("Restart" if key.setting.restart else "Reload")
    if key.setting.local_only:
        facts.append("Set on this machine only, never by a page")
    if key.secret:
        facts.append(f"Secret: better in the credential {key.credential}")
    return [*_comment(key.setting.text, "  "), *_comment(". ".join(facts) + ".", "  ")]


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_on_hyphens=False
    )


def _written(value: object) -> str:
    """Return a default as YAML."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str) and (value in _SWITCHES or not _NEEDS_NO_QUOTES.fullmatch(value)):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
