"""Everything that can go wrong, as a tree: what may be retried, what a person must mend, what is our bug.

::

    RavatardError
    ├── ConfigError          a person must mend the configuration (exit status 78)
    ├── DeviceError          sound card, button or light; may come back
    ├── LinkError            the network or the service; may be retried
    │   ├── LinkTimeout      a deadline passed; says what was awaited
    │   └── BusyError        the service has no free place now (503, "all assistants are busy")
    ├── DeniedError          the service refuses us; retrying alone cannot help
    │   ├── AuthError        token refused even after one renewal, unknown project
    │   └── MoneyError       402: the account has no money
    ├── MediaError           the sound of one answer cannot be had or decoded
    ├── NoSessionError       nothing can be sent: no live session is held
    ├── PeerError            the service broke its own protocol
    └── HouseError           our bug: crash, systemd restarts
"""


class RavatardError(Exception):
    """Root of every error raised on purpose by ravatard.

    The message is one complete sentence: what failed, with which value, what to do next.
    """


class ConfigError(RavatardError):
    """The configuration cannot be used; a person must mend it."""


class DeviceError(RavatardError):
    """A sound device, pin or recording could not be used. May come back by itself."""


class LinkError(RavatardError):
    """The network or the service failed in a way that may be retried.

    Attributes:
        retry_after_s: seconds the service asked us to wait, or None.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LinkTimeout(LinkError):
    """A deadline passed; the message says what was awaited and for how long."""


class BusyError(LinkError):
    """The service has no free place at the moment."""


class DeniedError(RavatardError):
    """The service refuses us, and asking again unchanged cannot help."""


class AuthError(DeniedError):
    """The token is refused even after one renewal, or the project or user is unknown."""


class MoneyError(DeniedError):
    """The account has no money (402). Never retried by itself."""


class NoSessionError(RavatardError):
    """Nothing can be sent, for no live session is held. The link is well; the turn is lost."""


class MediaError(RavatardError):
    """The sound of one answer could not be fetched or decoded. Only that answer is lost."""


class PeerError(RavatardError):
    """The service broke its own protocol."""


class InternalError(RavatardError):
    """A bug of ours. Never caught: the daemon crashes and systemd restarts it."""
