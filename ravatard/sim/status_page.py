"""Status page at ``/sim/``: the simulator's state in a browser, refreshed every second."""

from __future__ import annotations

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>RAVATAR simulator</title>
<style>
  body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
  h1 { font-size: 1.3rem } h2 { font-size: 1rem; margin: 1.4rem 0 .3rem }
  table { border-collapse: collapse; width: 100% }
  td, th { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; font-weight: normal }
  th { color: #777 } .bad { color: #b00020 } .open { color: #1ba74b }
</style>
<h1>RAVATAR simulator <small id="at"></small></h1>
<p id="summary"></p>
<h2>Sessions</h2><table id="sessions"></table>
<h2>Conversation</h2><table id="messages"></table>
<h2>Refused</h2><table id="violations"></table>
<script>
  const element = (id) => document.getElementById(id);
  const seconds = (s) => s === null ? "" : s.toFixed(1) + " s";
  function row(cells, cls) {
    const tr = document.createElement("tr");
    for (const cell of cells) {
      const td = document.createElement("td");
      td.textContent = cell ?? "";
      if (cls) td.className = cls;
      tr.append(td);
    }
    return tr;
  }
  const fill = (id, rows) => element(id).replaceChildren(...rows);
  const said = (m) => m.fields.answer ?? m.fields.message ?? m.fields.request
    ?? m.fields.file_base64_data ?? "";
  function show(s) {
    const ago = (at) => at === null ? "" : seconds(s.now_s - at) + " ago";
    element("at").textContent = s.sockets + " socket(s) open";
    element("summary").textContent = s.licences.open.length + " of " + s.licences.total
      + " licences in use; " + seconds(s.audio_s) + " of sound and " + (s.counts.messages_in ?? 0)
      + " messages received, " + (s.counts.answers ?? 0) + " answers given.";
    fill("sessions", s.sessions.slice().reverse().map((x) => row([
      "#" + x.number, x.user_id, "started " + ago(x.started_at),
      x.ended_at === null ? "open" : "ended by " + x.ended_by + " " + ago(x.ended_at),
      x.turns.length + " turn(s)", seconds(x.audio_s) + " of sound",
    ], x.ended_at === null ? "open" : "")));
    fill("messages", s.messages.slice().reverse().map((m) => row([
      ago(m.at), m.direction === "in" ? m.user_id : "avatar", m.kind, said(m),
    ])));
    fill("violations", s.violations.slice().reverse().map((v) => row([
      ago(v.at), v.user_id, v.kind, v.detail], "bad")));
  }
  async function tick() {
    try { show(await (await fetch("/sim/state")).json()); }
    catch { element("at").textContent = "not running"; }
    setTimeout(tick, 1000);
  }
  tick();
</script>
"""
