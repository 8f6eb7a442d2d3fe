from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from ravatard.core.indication import Indication, Look
from ravatard.secret import Secret
from ravatard.web.kiosk.embedding import EmbeddingPolicy, Inspection
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.kiosk.origin import Origin
from ravatard.web.kiosk.page_content import PageContent
from ravatard.web.kiosk.texts import read_texts

URL = Secret("https://stream.example/s")
TOKEN = Secret("planted")
TEXTS = read_texts("de", contact="Bitte am Empfang melden.")
STREAM = Origin("https", "stream.example", 443)
HERE = Origin("http", "127.0.0.1", 8470)
GOOD = Inspection((STREAM,))


def content(*, sound: Literal["browser", "daemon"] = "browser", check_page: bool = True) -> PageContent:
    return PageContent(KioskOptions(sound=sound, check_page=check_page), TEXTS, run="r")


def staged(inspection: Inspection | None = GOOD, *, url: Secret = URL) -> PageContent:
    made = content()
    made.set_picture(url, TOKEN)
    if inspection is not None:
        assert made.picture is not None
        made.inspected(made.picture, inspection)
    return made


def told(made: PageContent, *, embedder: Origin = HERE, newest: bool = True) -> Any:
    return json.loads(made.message(embedder, newest=newest))


@pytest.mark.parametrize("look", list(Look))
def test_every_look_is_told_with_its_words(look: Look) -> None:
    made = content()

    changed = made.show(Indication(look, "a status"))

    assert changed
    message = told(made)
    assert (message["look"], message["word"], message["status"]) == (look.value, TEXTS.word(look), "a status")
    assert message["advice"] == TEXTS.advice(look)
    assert message["picture"] is None


def test_the_public_reads_plain_words_whom_to_ask_and_a_code() -> None:
    made = content()

    made.show(Indication(Look.FAULT, "needs a person: the service does not know this project"))

    message = told(made)
    assert message["advice"] == "Dieser Avatar ist zurzeit leider nicht verfügbar."
    assert message["help"] == "Bitte am Empfang melden. · Code: fault"
    made.show(Indication(Look.READY, "ready"))
    assert told(made)["help"] == ""


def test_the_same_indication_again_is_no_change() -> None:
    made = content()
    made.show(Indication(Look.READY, "ready"))

    assert not made.show(Indication(Look.READY, "ready"))


def test_a_page_that_was_looked_at_is_told_where_its_frame_leads() -> None:
    picture = told(staged())["picture"]

    assert picture == {
        "frame": "r-1",
        "address": "https://stream.example/s?token=planted",
        "origins": ["https://stream.example"],
    }


def test_before_that_it_is_told_only_that_there_will_be_a_picture() -> None:
    assert told(staged(None))["picture"] == {"frame": "r-1"}


def test_without_looking_it_is_told_at_once() -> None:
    made = content(check_page=False)

    made.set_picture(URL, TOKEN)

    assert "address" in told(made)["picture"]


def test_a_renewed_token_is_for_the_next_frame_and_leaves_this_one() -> None:
    made = staged()

    changed = made.set_picture(URL, Secret("renewed"))

    assert changed
    picture = told(made)["picture"]
    assert picture["frame"] == "r-1"
    assert picture["address"].endswith("token=renewed")


def test_the_same_url_and_token_again_is_no_change() -> None:
    assert not staged().set_picture(URL, TOKEN)


def test_another_session_is_another_frame() -> None:
    made = staged()

    made.set_picture(None, None)
    assert told(made)["picture"] is None
    made.set_picture(URL, TOKEN)

    assert told(made)["picture"]["frame"] == "r-2"


def test_the_frames_places_outlive_the_session() -> None:
    made = staged()

    assert made.set_picture(None, None)

    assert made.origins == (STREAM,)
    assert not made.set_picture(None, None)


def test_a_renewed_token_has_a_refused_page_looked_at_again() -> None:
    made = staged(Inspection((STREAM,), trouble="refused"))

    made.set_picture(URL, Secret("renewed"))

    assert made.picture is not None
    assert made.picture.needs_inspection


def test_what_was_found_too_late_is_forgotten() -> None:
    made = staged(None)
    old = made.picture
    assert old is not None
    made.set_picture(Secret("https://other.example/"), TOKEN)

    assert not made.inspected(old, Inspection((STREAM,), trouble="late"))
    assert told(made)["picture"] == {"frame": "r-2"}


def test_a_redirect_is_allowed_as_far_as_it_was_seen() -> None:
    farther = Origin("https", "eu.stream.example", 443)
    made = staged(Inspection((STREAM, farther, STREAM)))

    assert made.origins == (STREAM, farther)


def test_a_refused_embedding_is_told_in_words_and_without_an_address() -> None:
    made = staged(Inspection((STREAM,), EmbeddingPolicy(("DENY",))))

    picture = told(made)["picture"]

    assert "X-Frame-Options: DENY" in picture["detail"]
    assert "http://127.0.0.1:8470" in picture["detail"]
    assert picture["words"] == "Das Bild kann zurzeit nicht gezeigt werden."
    assert "address" not in picture


def test_trouble_is_told_in_words() -> None:
    assert told(staged(Inspection((STREAM,), trouble="no answer")))["picture"]["detail"] == "no answer"


def test_http_inside_https_is_told_in_words() -> None:
    made = staged(Inspection((Origin("http", "stream.example", 80),)), url=Secret("http://stream.example/"))
    proxied = Origin("https", "localhost", 8443)

    assert "https" in told(made, embedder=proxied)["picture"]["detail"]
    assert "address" in told(made)["picture"]


def test_http_of_this_machine_may_stand_inside_https() -> None:
    made = staged(Inspection((Origin("http", "127.0.0.1", 80),)), url=Secret("http://127.0.0.1/"))

    assert "address" in told(made, embedder=Origin("https", "localhost", 8443))["picture"]


def test_only_the_newest_page_gets_the_picture() -> None:
    message = staged().message(HERE, newest=False)

    assert "planted" not in message
    assert json.loads(message)["picture"]["words"]


@pytest.mark.parametrize("url", ["", "stream.example/s", "javascript:alert(1)", "https://a;b/"])
def test_an_announced_address_that_is_none_is_told_and_not_looked_at(url: str) -> None:
    made = staged(None, url=Secret(url))

    assert "streamingUrl" in told(made)["picture"]["detail"]
    assert made.picture is not None
    assert not made.picture.needs_inspection


def test_with_the_daemons_sound_the_frame_is_asked_to_be_silent() -> None:
    made = content(sound="daemon", check_page=False)

    made.set_picture(URL, TOKEN)

    message = told(made)
    assert "StartVideoMuted=true" in message["picture"]["address"]
    assert message["sound"] is False


def test_with_the_daemons_sound_the_conversation_goes_on_without_the_picture() -> None:
    made = content(sound="daemon")

    made.set_picture(Secret("javascript:alert(1)"), TOKEN)

    words = told(made)["picture"]["words"]
    assert words == "Das Bild kann zurzeit nicht gezeigt werden. Das Gespräch geht weiter."


def test_nothing_of_the_scene_shows_the_token() -> None:
    made = staged()

    assert "planted" not in repr(made.picture)
