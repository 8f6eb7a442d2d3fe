"""Player page at ``streamingUrl``: picture and voice of one session in a browser."""

from __future__ import annotations

from ravatard.sim.exchange import Reply
from ravatard.sim.ravatar.record import SessionRecord

#: Cookie that identifies a socket of a page.
COOKIE = "ravatard-sim-stream"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Live session</title>
<style>
  html, body { height: 100%; margin: 0; background: #111; color: #ddd; font: 15px/1.45 system-ui, sans-serif }
  video { width: 100%; height: 100%; object-fit: contain }
  p { position: fixed; left: 1rem; bottom: 0; cursor: pointer }
</style>
<video autoplay playsinline></video>
<p>connecting</p>
<script>
"use strict";
const video = document.querySelector("video"), note = document.querySelector("p");
const wanted = new URLSearchParams(location.search);
const socket = new WebSocket(wanted.get("ss") ?? location.origin.replace(/^http/, "ws") + "/");
const notify = word => { if (parent !== window) parent.postMessage(word, "*") };
let peer = null, early = [];
const send = message => { if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)) };

async function offered(sdp) {
  peer?.close();
  peer = new RTCPeerConnection(settings);
  peer.ontrack = event => { video.srcObject = event.streams[0] ?? new MediaStream([event.track]) };
  peer.onicecandidate = event => {
    if (event.candidate) send({ type: "iceCandidate", candidate: event.candidate.toJSON() });
  };
  await peer.setRemoteDescription({ type: "offer", sdp });
  for (const candidate of early.splice(0)) await peer.addIceCandidate(candidate);
  await peer.setLocalDescription(await peer.createAnswer());
  send({ type: "answer", sdp: peer.localDescription.sdp, minBitrateBps: 0, maxBitrateBps: 0 });
}

let settings = {};
socket.onopen = () => send({ type: "listStreamers" });
socket.onmessage = async event => {
  const message = JSON.parse(event.data);
  switch (message.type) {
    case "config": settings = message.peerConnectionOptions; break;
    case "streamerList": {
      const id = wanted.get("StreamerId") ?? (message.ids.length === 1 ? message.ids[0] : null);
      if (id) send({ type: "subscribe", streamerId: id });
      else setTimeout(send, 1000, { type: "listStreamers" });
      break;
    }
    case "offer": await offered(message.sdp); break;
    case "iceCandidate":
      if (peer?.remoteDescription) await peer.addIceCandidate(message.candidate);
      else early.push(message.candidate);
      break;
    case "subscribeFailed": note.textContent = message.message; break;
    case "ping": send({ type: "pong", time: message.time }); break;
  }
};
socket.onclose = () => { note.textContent = "the session is over"; notify("ravatar-session-close") };
setInterval(() => send({ type: "ping", time: Date.now() }), 30000);
// The sound plays through the picture's element, which starts when the picture's size is known.
video.onloadedmetadata = async () => {
  try { await video.play(); note.textContent = ""; notify("ravatar-session-start") }
  catch { note.textContent = "click to hear" }
};
document.onclick = () => video.play().then(() => { note.textContent = "" });
</script>
"""


def player_page(session: SessionRecord, ticket: str, *, cross_site: bool = False) -> Reply:
    """Return the page of one session.

    In a frame of another site, as in the vendor's client, a browser keeps and sends only a cookie with
    ``SameSite=None``, which it takes only together with ``Secure``; where cookies of third parties are
    blocked, only one with ``Partitioned``, which is kept for that pair of sites alone. Browsers accept
    ``Secure`` over plain http from a loopback address. Other clients there do not, so they get ``Lax``.

    Args:
        session: session that it plays.
        ticket: cookie value by which the page's socket is accepted.
        cross_site: True if a page of another site embeds it.
    """
    reach = "SameSite=None; Secure; Partitioned" if cross_site else "SameSite=Lax"
    cookie = f"{COOKIE}={session.number}.{ticket}; Path=/; HttpOnly; {reach}"
    headers = {"content-type": "text/html; charset=utf-8", "set-cookie": cookie}
    return Reply(200, headers, _PAGE.encode())
