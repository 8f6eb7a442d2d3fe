from __future__ import annotations

from ravatard.web.kiosk import advice


def test_a_refused_embedding_comes_with_the_remedy() -> None:
    told = advice.embedding_refused(
        "s.example", "X-Frame-Options: DENY", "http://127.0.0.1:8470", sound_in_browser=True
    )

    assert "s.example" in told
    assert "(X-Frame-Options: DENY)" in told
    assert "frame-ancestors http://127.0.0.1:8470" in told
    assert "kiosk.sound: daemon" in told


def test_nobody_is_told_to_change_what_is_so_already() -> None:
    assert "kiosk.sound" not in advice.mixed_content("s.example", sound_in_browser=False)
    assert "kiosk.sound" not in advice.not_an_address(sound_in_browser=False)


def test_a_refused_token_is_told_from_a_broken_page() -> None:
    assert "refuses the token" in advice.answered("s.example", 403)
    assert "answers 502" in advice.answered("s.example", 502)
