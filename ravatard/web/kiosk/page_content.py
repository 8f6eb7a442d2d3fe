"""Content of the pages: indication, picture, and the message that carries both."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ravatard.core.indication import Indication, Look
from ravatard.secret import Secret
from ravatard.web.kiosk import advice
from ravatard.web.kiosk.embedding import Inspection
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.kiosk.origin import Origin, frame_address
from ravatard.web.kiosk.texts import PageTexts


@dataclass(frozen=True, slots=True)
class SessionPicture:
    """One live session's picture.

    Attributes:
        frame: its name: a new name means a new iframe; the same name never reloads it.
        url: ``streamingUrl`` as received.
        address: address of an iframe that is opened now.
        inspection: result of the inspection; None before it.
    """

    frame: str
    url: Secret
    address: Secret
    inspection: Inspection | None = None

    @property
    def is_usable(self) -> bool:
        """True if there is a page to embed."""
        return self.inspection is not None and self.inspection.trouble is None

    @property
    def needs_inspection(self) -> bool:
        """True if inspecting the page, or inspecting it again, may change the result."""
        if self.inspection is None:
            return True
        return self.inspection.trouble is not None and bool(self.inspection.origins)


class PageContent:
    """Indication and picture, without network.

    Attributes:
        picture: the current picture, or None.
        indication: the state, as on the lights.
        origins: origins an iframe may show. Kept after a session, since the next one usually has the same,
            and a page's policy only changes by loading the page again.
    """

    def __init__(self, options: KioskOptions, texts: PageTexts, *, run: str) -> None:
        """Begin without a picture; ``run`` is unique to this run of the daemon."""
        self._options = options
        self._texts = texts
        self._run = run
        self._pictures = 0
        self.picture: SessionPicture | None = None
        self.indication = Indication(Look.STARTING, "")
        self.origins: tuple[Origin, ...] = ()

    def show(self, indication: Indication) -> bool:
        """Set the indication; return True if it changed."""
        changed, self.indication = indication != self.indication, indication
        return changed

    def set_picture(self, url: Secret | None, token: Secret | None) -> bool:
        """Set a session's picture, or None for its end; return True if anything changed.

        The same ``url`` with another token is the same picture: a page that reopens it needs the new token.
        """
        if url is None or token is None:
            changed, self.picture = self.picture is not None, None
            return changed
        silent = self._options.sound == "daemon"
        address = frame_address(url, token, silent=silent)
        old = self.picture
        if old is not None and old.url == url:
            # An earlier failure may have been due to the old token.
            inspection = old.inspection if old.is_usable else None
            self.picture = SessionPicture(old.frame, url, address, inspection)
            return old.address != address
        self._pictures += 1
        self.picture = SessionPicture(f"{self._run}-{self._pictures}", url, address)
        origin = Origin.of(url.reveal())
        if origin is None:
            trouble = advice.not_an_address(sound_in_browser=not silent)
            self.inspected(self.picture, Inspection((), trouble=trouble))
        elif not self._options.check_page:
            self.inspected(self.picture, Inspection((origin,)))
        return True

    def inspected(self, picture: SessionPicture, inspection: Inspection) -> bool:
        """Set the inspection of ``picture``; return False if that picture is no longer current."""
        current = self.picture
        if current is None or current.address != picture.address or current.frame != picture.frame:
            return False
        self.picture = SessionPicture(picture.frame, picture.url, picture.address, inspection)
        if self.picture.is_usable:
            self.origins = tuple(dict.fromkeys(inspection.origins))
        return True

    def message(self, embedder: Origin, *, newest: bool) -> str:
        """Return the content of a page as JSON. It holds the token: only for a page served here.

        Args:
            embedder: the origin the page was opened as.
            newest: True for the page opened last. Two iframes would be two players of one session.
        """
        look = self.indication.look
        return json.dumps(
            {
                "look": look.value,
                "word": self._texts.word(look),
                "advice": self._texts.advice(look),
                "help": self._texts.help(look),
                "status": self.indication.status,
                "sound": self._options.sound == "browser",
                "start_s": self._options.start_s,
                "picture": None
                if self.picture is None
                else self._picture(self.picture, embedder, newest=newest),
            }
        )

    def _picture(self, picture: SessionPicture, embedder: Origin, *, newest: bool) -> dict[str, object]:
        if not newest:
            return {"frame": "", "words": self._texts.values["picture.elsewhere"]}
        if picture.inspection is None:
            return {"frame": picture.frame}
        detail = picture.inspection.trouble or self._refusal(picture.inspection, embedder)
        if detail is not None:
            return {"frame": picture.frame, "words": self._missing(), "detail": detail}
        origins = [str(origin) for origin in self.origins]
        return {"frame": picture.frame, "address": picture.address.reveal(), "origins": origins}

    def _missing(self) -> str:
        """Return the note for the public about a picture that cannot be shown."""
        keys = ["picture.missing"]
        if self._options.sound == "daemon":
            keys.append("picture.conversation-goes-on")
        return " ".join(self._texts.values[key] for key in keys)

    def _refusal(self, inspection: Inspection, embedder: Origin) -> str | None:
        """Return why a page opened as ``embedder`` cannot embed the inspected page, or None."""
        page = inspection.origins[-1]
        in_browser = self._options.sound == "browser"
        for origin in inspection.origins:
            # Browsers trust loopback addresses without TLS.
            if embedder.scheme == "https" and origin.scheme == "http" and not origin.is_loopback:
                return advice.mixed_content(origin.host, sound_in_browser=in_browser)
        header = inspection.framing.refuses(page, embedder)
        if header is None:
            return None
        return advice.embedding_refused(page.host, header, str(embedder), sound_in_browser=in_browser)
