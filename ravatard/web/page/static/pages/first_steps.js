// Way to the first run, until the avatar has answered for the first time.

import { html, useState } from "../vendor/htm-preact.js";
import { Card } from "../parts.js";
import { t } from "../texts.js";

const KEPT = "ravatard-first-steps";

function hiddenBefore() {
  try {
    return localStorage.getItem(KEPT) === "done";
  } catch {
    return false;
  }
}

export function FirstSteps({ status }) {
  const [hidden, hide] = useState(hiddenBefore());
  if (hidden || (status.counters?.answers ?? 0) > 0) return null;
  const leave = () => {
    try {
      localStorage.setItem(KEPT, "done");
    } catch {
      // Then they are shown again the next time.
    }
    hide(true);
  };
  return html`
    <${Card} title=${t("start.title")} wide=${true}>
      <p><a href="#/start">${t("start.go")}</a></p>
      <button type="button" onClick=${leave}>${t("start.hide")}</button>
    <//>`;
}
