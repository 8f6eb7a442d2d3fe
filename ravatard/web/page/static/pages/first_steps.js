// First steps: what is left until the avatar has answered for the first time.

import { html, useState } from "../vendor/htm-preact.js";
import { Card } from "../parts.js";
import { t } from "../texts.js";

const KEPT = "ravatard-first-steps";

function done() {
  try {
    return localStorage.getItem(KEPT) === "done";
  } catch {
    return false;
  }
}

export function FirstSteps({ status }) {
  const [hidden, hide] = useState(done());
  const answered = (status.counters?.answers ?? 0) > 0;
  if (hidden || answered) return null;
  const steps = [
    ["service", status.link.state === "online", "#/settings/service"],
    ["microphone", ["open", "held"].includes(status.microphone.state), "#/sound"],
    ["speaker", ["open", "asleep"].includes(status.speaker.state), "#/sound"],
    ["speak", false, null],
  ];
  const leave = () => {
    try {
      localStorage.setItem(KEPT, "done");
    } catch {
      // Then they are shown again the next time.
    }
    hide(true);
  };
  return html`
    <${Card} title=${t("first.title")} wide=${true}>
      <ol class="check">
        ${steps.map(([name, fine, where]) => html`
          <li key=${name} data-done=${fine || undefined}>
            <span>${t(`first.${name}`)}</span>
            <span class="quiet">${fine ? t("first.done") : where ? html`<a href=${where}>${t("first.look")}</a>` : ""}</span>
          </li>`)}
      </ol>
      <button type="button" onClick=${leave}>${t("first.hide")}</button>
    <//>`;
}
