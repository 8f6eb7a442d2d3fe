"""Errors of the SDK: a program catches AvatarError, or one of its kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ravatard.cloud.avatar.refusals import ApiRefusal, RefusalKind

#: The daemon's settings, which sentences shared with it name, and what they are called here.
_ARGUMENTS = {
    "service.base_url": "api_url",
    "service.socket_url": "ws_url",
    "service.api_key": "api_key",
    "network.ca": "ca_file",
}


class AvatarError(Exception):
    """The service, or the way to it, failed.

    Attributes:
        status: status of HTTP; None when no reply came.
        code: the service's word, such as "SESSION_NOT_FOUND"; "" when there is none.
        message: one sentence.
        details: the service's details.
        retry_after_s: seconds the service asks to wait; None when it does not say.
        partial: text of an answer that failed in its middle.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        details: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
        partial: str = "",
    ) -> None:
        message = _for_programs(message)
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.details = dict(details or {})
        self.retry_after_s = retry_after_s
        self.partial = partial


class AvatarAuthError(AvatarError):
    """The key or token is missing or refused. Exported as ``AuthError``."""


class AvatarBadRequest(AvatarError):
    """The service does not understand the request, or refuses a value in it. Exported as ``BadRequest``."""


class NotFound(AvatarError):
    """There is no such call, avatar or voice."""


class SessionGone(NotFound):
    """The session ended, expired, or was taken by another client. A new one is needed."""


class RateLimited(AvatarError):
    """Too many calls: the service says so, or would."""


class Unavailable(AvatarError):
    """The service failed, or has no free place."""


class ConnectionLost(AvatarError):
    """No way to the service: nothing answered in time, or the socket broke and did not come back."""


def _for_programs(message: str) -> str:
    for setting, argument in _ARGUMENTS.items():
        message = message.replace(setting, argument)
    return message


_KINDS: Mapping[RefusalKind, type[AvatarError]] = {
    RefusalKind.REQUEST: AvatarBadRequest,
    RefusalKind.SETTING: AvatarBadRequest,
    RefusalKind.KEY: AvatarAuthError,
    RefusalKind.MONEY: AvatarError,
    RefusalKind.SESSION_GONE: SessionGone,
    RefusalKind.NO_SUCH_CALL: NotFound,
    RefusalKind.RATE: RateLimited,
    RefusalKind.NO_PLACE: Unavailable,
    RefusalKind.SERVER: Unavailable,
    RefusalKind.NOT_THE_API: AvatarError,
}


#: Refusals of something that is perhaps no AvaTar API.
_ELSEWHERE = frozenset({RefusalKind.NO_SUCH_CALL, RefusalKind.NOT_THE_API})


def failure_of(refused: ApiRefusal) -> AvatarError:
    """Return the error for a reply that is not a good one."""
    kind = NotFound if refused.status == 404 and refused.kind is RefusalKind.SETTING else _KINDS[refused.kind]
    said = f": {refused.message}" if refused.message else ""
    code = f", {refused.code}" if refused.code else ""
    remedy = "; check api_url" if refused.kind in _ELSEWHERE else ""
    return kind(
        f"{refused.call} failed ({refused.kind.value}, status {refused.status}{code}){said}{remedy}",
        status=refused.status,
        code=refused.code,
        details=refused.details,
        retry_after_s=refused.retry_after_s,
    )
