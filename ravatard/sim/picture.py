"""The page at ``streamingUrl``: it stands where the service would stream the avatar's picture."""

from __future__ import annotations

from ravatard.sim.catalog import Avatar, portrait

_STYLE = (
    "body { font: 15px/1.45 system-ui, sans-serif; text-align: center; margin: 10% 1rem; "
    "color: #ddd; background: #111 } img { width: 40%; max-width: 12rem }"
)


def picture_page(avatar: Avatar, session: int) -> str:
    """A page that any other may embed: whom this session (counted from 1) is with, and a still picture."""
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{avatar.name}</title>
<style>{_STYLE}</style>
<img src="{portrait(avatar)}" alt="">
<p><b>{avatar.name}</b>, live session {session}</p>
<p>The simulator streams no picture and no voice: the answers come as text.</p>
"""
