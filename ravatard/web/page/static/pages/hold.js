// A button that can be tapped or held, like the one of the appliance.

import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { post } from "../api.js";
import { Trouble } from "../parts.js";
import { t } from "../texts.js";

// A shorter press is a tap.
const TAP_MS = 250;
// A request must have arrived before it is taken back, or the appliance never sees the press.
const LEAST_MS = 300;
const MOST_MS = 120000;
const KEYS = [" ", "Enter"];

export function Hold() {
  const [held, show] = useState(false);
  const [error, fail] = useState(null);
  // { timer, abort, sentAt } of the press that goes on.
  const press = useRef(null);

  const ask = async (ms, signal) => {
    try {
      await post("/press", { ms }, { signal });
    } catch (found) {
      if (found.name !== "AbortError") fail(found);
    }
  };
  const down = () => {
    if (press.current) return;
    fail(null);
    show(true);
    const begun = { abort: new AbortController(), sentAt: 0 };
    begun.timer = setTimeout(() => {
      begun.sentAt = performance.now();
      ask(MOST_MS, begun.abort.signal);
    }, TAP_MS);
    press.current = begun;
  };
  const up = () => {
    const begun = press.current;
    if (!begun) return;
    press.current = null;
    show(false);
    clearTimeout(begun.timer);
    if (!begun.sentAt) ask(0);
    // The appliance releases its button when the request is taken back.
    else setTimeout(() => begun.abort.abort(), Math.max(0, begun.sentAt + LEAST_MS - performance.now()));
  };
  useEffect(() => {
    const hidden = () => { if (document.visibilityState === "hidden") up(); };
    document.addEventListener("visibilitychange", hidden);
    return () => {
      document.removeEventListener("visibilitychange", hidden);
      up();
    };
  }, []);

  return html`
    <button type="button" class="hold" aria-describedby="hold-help" data-held=${held || undefined}
      onPointerDown=${(event) => { if (event.button === 0) { event.target.setPointerCapture?.(event.pointerId); down(); } }}
      onPointerUp=${up} onPointerCancel=${up} onBlur=${up} onContextMenu=${(event) => event.preventDefault()}
      onKeyDown=${(event) => { if (KEYS.includes(event.key)) { event.preventDefault(); if (!event.repeat) down(); } }}
      onKeyUp=${(event) => { if (KEYS.includes(event.key)) { event.preventDefault(); up(); } }}
      onClick=${(event) => { if (event.detail === 0 && !press.current) ask(0); }}>
      ${t("now.press")}
    </button>
    <p class="quiet" id="hold-help">${t("now.press.help")}</p>
    <${Trouble} error=${error} />`;
}
