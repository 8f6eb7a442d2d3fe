"""Pages at ``streamingUrl`` without a stream: a still picture, and a black page for a wrong token."""

from __future__ import annotations

from ravatard.sim.ravatar.avatars import SimAvatar, portrait

_STYLE = (
    "body { font: 15px/1.45 system-ui, sans-serif; text-align: center; margin: 10% 1rem; "
    "color: #ddd; background: #111 } img { width: 40%; max-width: 12rem }"
)


#: Page for a wrong token: black, and the embedding page is notified that the session is over.
FORBIDDEN_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Forbidden</title>
<style>html { background: #000 }</style>
<script>
if (window.parent !== window) window.parent.postMessage("ravatar-session-close", "*");
</script>
"""


def picture_page(avatar: SimAvatar, session: int) -> str:
    """Return a page that any page may embed, with avatar, session number and a still picture."""
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{avatar.name}</title>
<style>{_STYLE}</style>
<img src="{portrait(avatar)}" alt="">
<p><b>{avatar.name}</b>, live session {session}</p>
<p>This simulator streams no picture and no voice: for both it needs ravatard[live-audio]. The answers come
as text.</p>
"""
