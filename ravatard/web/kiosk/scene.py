"""What every page shows at this moment, and the one message that tells a page so."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ravatard.core.indication import WORDS, Indication, Look
from ravatard.secret import Secret
from ravatard.web.kiosk import advice
from ravatard.web.kiosk.embedding import Inspection
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.kiosk.origin import Origin, frame_address


@dataclass(frozen=True, slots=True)
class Stage:
    """One live session's picture.

    Attributes:
        frame: its name: another one means another iframe, the same one never reloads it.
        url: ``streamingUrl`` as it came.
        address: where an iframe that is opened now leads.
        inspection: what was found there; None while nobody has looked.
    """

    frame: str
    url: Secret
    address: Secret
    inspection: Inspection | None = None

    @property
    def is_fit(self) -> bool:
        """Whether there is a page to embed."""
        return self.inspection is not None and self.inspection.trouble is None

    @property
    def wants_a_look(self) -> bool:
        """Whether looking at the page, or looking again, may tell something new."""
        if self.inspection is None:
            return True
        return self.inspection.trouble is not None and bool(self.inspection.origins)


class Scene:
    """Indication and stage, without any network.

    Attributes:
        stage: the picture, or None.
        indication: what lights show, too.
        origins: what an iframe may show. Kept when a session is over, since the next one usually comes from
            the same place, and a page's policy can only be changed by loading it again.
    """

    def __init__(self, options: KioskOptions, *, run: str) -> None:
        """Starts with nothing to show; ``run`` tells this run of the daemon from the one before."""
        self._options = options
        self._run = run
        self._stages = 0
        self.stage: Stage | None = None
        self.indication = Indication(Look.STARTING, "")
        self.origins: tuple[Origin, ...] = ()

    def show(self, indication: Indication) -> bool:
        """Returns whether it is another one than before."""
        changed, self.indication = indication != self.indication, indication
        return changed

    def put_on(self, url: Secret | None, token: Secret | None) -> bool:
        """A session's picture, or None for its end. Returns whether anything changed.

        The same ``url`` with another token is the same picture: whoever opens it anew needs the new token.
        """
        if url is None or token is None:
            changed, self.stage = self.stage is not None, None
            return changed
        silent = self._options.sound == "daemon"
        address = frame_address(url, token, silent=silent)
        old = self.stage
        if old is not None and old.url == url:
            # What was wrong may be the old token's fault.
            inspection = old.inspection if old.is_fit else None
            self.stage = Stage(old.frame, url, address, inspection)
            return old.address != address
        self._stages += 1
        self.stage = Stage(f"{self._run}-{self._stages}", url, address)
        origin = Origin.of(url.reveal())
        if origin is None:
            trouble = advice.not_an_address(sound_in_browser=not silent)
            self.inspected(self.stage, Inspection((), trouble=trouble))
        elif not self._options.check_page:
            self.inspected(self.stage, Inspection((origin,)))
        return True

    def inspected(self, stage: Stage, inspection: Inspection) -> bool:
        """What was found at ``stage``. Returns whether that still matters."""
        if self.stage is None or self.stage.address != stage.address or self.stage.frame != stage.frame:
            return False
        self.stage = Stage(stage.frame, stage.url, stage.address, inspection)
        if self.stage.is_fit:
            self.origins = tuple(dict.fromkeys(inspection.origins))
        return True

    def message(self, embedder: Origin, *, newest: bool) -> str:
        """What a page has to show, as JSON. Holds the token: for the socket of a page of ours, nothing else.

        Args:
            embedder: the origin the page was opened as.
            newest: no page was opened after it. Two iframes would be two players of one session.
        """
        look = self.indication.look
        return json.dumps(
            {
                "look": look.value,
                "word": WORDS[look],
                "advice": advice.ADVICE[look],
                "status": self.indication.status,
                "sound": self._options.sound == "browser",
                "start_s": self._options.start_s,
                "picture": None if self.stage is None else self._picture(self.stage, embedder, newest=newest),
            }
        )

    def _picture(self, stage: Stage, embedder: Origin, *, newest: bool) -> dict[str, object]:
        if not newest:
            return {"frame": "", "words": advice.elsewhere()}
        if stage.inspection is None:
            return {"frame": stage.frame}
        words = stage.inspection.trouble or self._refusal(stage.inspection, embedder)
        if words is not None:
            return {"frame": stage.frame, "words": words}
        origins = [str(origin) for origin in self.origins]
        return {"frame": stage.frame, "address": stage.address.reveal(), "origins": origins}

    def _refusal(self, inspection: Inspection, embedder: Origin) -> str | None:
        """Why a page opened as ``embedder`` cannot embed what was found, or None."""
        page = inspection.origins[-1]
        in_browser = self._options.sound == "browser"
        for origin in inspection.origins:
            # Browsers trust this machine's own addresses without TLS.
            if embedder.scheme == "https" and origin.scheme == "http" and not origin.is_loopback:
                return advice.mixed_content(origin.host, sound_in_browser=in_browser)
        header = inspection.framing.refuses(page, embedder)
        if header is None:
            return None
        return advice.embedding_refused(page.host, header, str(embedder), sound_in_browser=in_browser)
