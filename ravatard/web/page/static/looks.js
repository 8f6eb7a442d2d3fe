// The state as lights show it: a colour and a shape for each look, so that neither is needed alone.

import { html } from "./vendor/htm-preact.js";

const TONES = {
  green: ["listening", "waiting", "ready", "starting"],
  blue: ["thinking", "speaking"],
  red: ["muted", "no-microphone", "service-deaf", "fault"],
  orange: ["offline", "connecting", "busy"],
  violet: ["no-money"],
};
const MICROPHONE = "M9 3.5a3 3 0 0 1 6 0v8a3 3 0 0 1-6 0zM5.5 11v.5a6.5 6.5 0 0 0 13 0V11M12 18v3M8.5 21h7";
const CROSSED = `${MICROPHONE}M3.5 3.5l17 17`;
const DOTS = "M5.5 12h.01M12 12h.01M18.5 12h.01";
const SHAPES = {
  listening: MICROPHONE,
  waiting: MICROPHONE,
  ready: MICROPHONE,
  muted: CROSSED,
  "no-microphone": CROSSED,
  "service-deaf": CROSSED,
  speaking: "M3 10v4M7.5 7v10M12 3.5v17M16.5 7v10M21 10v4",
  thinking: DOTS,
  starting: DOTS,
  connecting: DOTS,
  busy: DOTS,
  offline: "M2.5 9a13.5 13.5 0 0 1 19 0M6 13a8.5 8.5 0 0 1 12 0M9.5 16.5a3.5 3.5 0 0 1 5 0M12 20h.01M3.5 3.5l17 17",
  fault: "M12 3 22 20.5H2zM12 9.5v5M12 17.5h.01",
  "no-money": "M2.5 5.5h19v13h-19zM2.5 10h19M6 15h4",
  off: "M12 3v8.5M7 6a8 8 0 1 0 10 0",
};
SHAPES.gone = SHAPES.offline;

export function tone(look) {
  return Object.keys(TONES).find((one) => TONES[one].includes(look)) ?? "grey";
}

// The look that an appliance shows, or "gone" while it does not answer.
export function lookOf({ status, connected }) {
  return connected && status ? status.state : "gone";
}

export function Shape({ look }) {
  return html`<svg class="shape" viewBox="0 0 24 24" aria-hidden="true"><path d=${SHAPES[look] ?? SHAPES.fault} /></svg>`;
}
