"""Choice of the avatar and the language, out of the service's directory."""

from __future__ import annotations

import unicodedata

from ravatard.cloud.border import listed
from ravatard.core.language import lookup
from ravatard.errors import DeniedError
from ravatard.ports.cloud import Avatar, Directory


def choose_avatar(
    directory: Directory, wanted: str | None, *, live: bool = True, falls_back: bool = False
) -> Avatar:
    """Return the avatar called ``wanted`` by id or name, else the first.

    Args:
        directory: the service's directory.
        wanted: id or name; None takes the first.
        live: choose among avatars with a live mode only.
        falls_back: one without a live mode will do if it is the one that is wanted, or if none has any.

    Raises:
        DeniedError: there is none, or it has no live mode; names the possible ones.
    """
    named = [avatar for avatar in directory.avatars if avatar.id]
    usable = [avatar for avatar in named if avatar.has_live_mode or not live]
    if falls_back and (wanted is not None or not usable):
        usable = named
    known = listed([avatar.name.strip() or avatar.id for avatar in usable])
    if wanted is None:
        if usable:
            return usable[0]
        raise DeniedError(_none_usable(named))
    by_id = [avatar for avatar in named if avatar.id.strip() == wanted.strip()]
    by_exact_name = [avatar for avatar in named if avatar.name == wanted]
    by_name = [avatar for avatar in named if canonical(avatar.name) == canonical(wanted)]
    found = next(iter(by_id + by_exact_name + by_name), None)
    if found is None:
        raise DeniedError(f"the service has no avatar {wanted!r}; set service.avatar to one of: {known}")
    if found not in usable:
        raise DeniedError(
            f"avatar {wanted!r} has no live mode; set service.avatar to one of: {known}, "
            "or ravatar.mode to chat"
        )
    return found


def _none_usable(named: list[Avatar]) -> str:
    if not named:
        return "the service has no avatar for this project; ask RAVATAR for one"
    return (
        "the service has no avatar with a live mode for this project; ask RAVATAR for one, "
        "or set ravatar.mode to chat"
    )


def canonical(name: str) -> str:
    """Return one spelling for all spellings of a name: letters, blanks, capitals, and characters unseen."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(sign for sign in text if unicodedata.category(sign) != "Cf").split())


def choose_language(directory: Directory, wanted: str) -> str:
    """Return the service's spelling of language ``wanted``. A service that lists no languages takes any.

    Raises:
        DeniedError: it is not listed; names those that are.
    """
    codes = [language.code for language in directory.languages if language.code]
    if not codes:
        return wanted
    found = lookup(wanted, codes)
    if found is None:
        shown = listed(codes)
        raise DeniedError(f"the service does not speak {wanted!r}; set service.language to one of: {shown}")
    return found
