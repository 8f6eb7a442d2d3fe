"""Which avatar and which language, out of those the service offers."""

from __future__ import annotations

from ravatard.cloud.ravatar.rest import AvatarInfo, Connection
from ravatard.errors import DeniedError


def choose_avatar(connection: Connection, wanted: str | None) -> AvatarInfo:
    """The avatar called ``wanted`` by id or name, else the first with a live mode.

    Raises:
        DeniedError: there is none, or it has no live mode; names those that have.
    """
    live = [a for a in connection.avatars if a.has_live_mode and a.id]
    known = ", ".join(a.name or a.id for a in live) or "none"
    if wanted is None:
        if not live:
            raise DeniedError(
                "the service has no avatar with a live mode for this project; ask RAVATAR for one"
            )
        return live[0]
    by_id = [a for a in connection.avatars if a.id == wanted]
    by_name = [a for a in connection.avatars if a.name.casefold() == wanted.casefold()]
    found = next(iter(by_id + by_name), None)
    if found is None:
        raise DeniedError(f"the service has no avatar {wanted!r}; set service.avatar to one of: {known}")
    if not found.has_live_mode:
        raise DeniedError(f"avatar {wanted!r} has no live mode; set service.avatar to one of: {known}")
    return found


def choose_language(connection: Connection, wanted: str) -> str:
    """The service's spelling of language ``wanted``. A service that lists no languages takes any.

    Raises:
        DeniedError: it is not among those listed; names them.
    """
    codes = [language.code for language in connection.languages if language.code]
    if not codes:
        return wanted
    for code in codes:
        if code.casefold() == wanted.casefold():
            return code
    raise DeniedError(
        f"the service does not speak {wanted!r}; set service.language to one of: {', '.join(codes)}"
    )
