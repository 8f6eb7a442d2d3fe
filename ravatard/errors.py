"""Tree of errors: those that may be retried, those the owner must correct, and bugs.

::

    RavatardError
    ├── ConfigError          the owner must correct the configuration (exit status 78)
    ├── DeviceError          sound card, button or light; may recover
    ├── LinkError            the network or the service; may be retried
    │   ├── LinkTimeout      a deadline passed; the message names the awaited event
    │   └── BusyError        the service has no free place now (503, "all assistants are busy")
    ├── DeniedError          the service refuses the request; a retry cannot help
    │   ├── AuthError        token refused even after one renewal, unknown project
    │   └── MoneyError       402: the account has no money
    ├── MediaError           the sound of one answer cannot be fetched or decoded
    ├── TurnError            one turn cannot be sent; the link stays
    │   └── NoSessionError   no live session is open to send to
    ├── PeerError            the service broke its own protocol
    └── InternalError        a bug: the daemon crashes, systemd restarts it
"""


class RavatardError(Exception):
    """Root of every error raised on purpose by ravatard.

    The message is one sentence: the failure, the value and the remedy.
    """


class ConfigError(RavatardError):
    """The configuration cannot be used; the owner must correct it."""


class DeviceError(RavatardError):
    """A sound device, pin or recording could not be used. May recover by itself."""


class LinkError(RavatardError):
    """The network or the service failed in a way that may be retried.

    Attributes:
        retry_after_s: seconds the service asked us to wait, or None.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LinkTimeout(LinkError):
    """A deadline passed; the message names the awaited event and the time."""


class BusyError(LinkError):
    """The service has no free place at the moment."""


class DeniedError(RavatardError):
    """The service refuses the request, and an unchanged retry cannot help."""


class AuthError(DeniedError):
    """The token is refused even after one renewal, or the project or user is unknown."""


class MoneyError(DeniedError):
    """The account has no money (402). Never retried by itself."""


class TurnError(RavatardError):
    """One turn cannot be sent. The link is up; the turn is lost."""


class NoSessionError(TurnError):
    """No live session is open to send to."""


class MediaError(RavatardError):
    """The sound of one answer could not be fetched or decoded. Only that answer is lost."""


class PeerError(RavatardError):
    """The service broke its own protocol."""


class InternalError(RavatardError):
    """A bug in ravatard. Never caught: the daemon crashes and systemd restarts it."""
