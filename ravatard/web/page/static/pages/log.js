// Log: the newest lines as they come, by level.

import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { useLive } from "../live.js";
import { Card, Told } from "../parts.js";
import { clock, t } from "../texts.js";

const LEVELS = ["debug", "info", "warning", "error", "critical"];

export function Page() {
  const { lines, missed } = useLive("log");
  const [least, filter] = useState("info");
  const [following, follow] = useState(true);
  const box = useRef(null);
  const shown = lines.filter((one) => LEVELS.indexOf(one.level) >= LEVELS.indexOf(least));
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [following, shown.at(-1)?.number, least]);
  return html`
    <${Card} title=${t("log.title")} wide=${true}>
      <div class="buttons">
        <span class="field"><label for="least">${t("log.level")}</label>
          <select id="least" value=${least} onChange=${(event) => filter(event.target.value)}>
            ${LEVELS.map((one) => html`<option key=${one} value=${one} selected=${one === least}>${t(`level.${one}`)}</option>`)}
          </select></span>
        <label class="tick"><input type="checkbox" checked=${following} onChange=${(event) => follow(event.target.checked)} /> ${t("log.follow")}</label>
      </div>
      ${missed ? html`<p class="quiet">${t("log.missed", { count: missed })}</p>` : null}
      <div class="log" ref=${box} tabindex="0" role="region" aria-label=${t("page.log")}>
        ${shown.length ? null : html`<p class="quiet">${t("log.none")}</p>`}
        <ol>${shown.map((one) => html`
          <li key=${one.number} data-level=${one.level}>
            <time datetime=${new Date(one.at * 1000).toISOString()}>${clock(one.at)}</time>
            <span class="level">${t(`level.${one.level}`)}</span>
            <${Told} text=${one.text} />
          </li>`)}
        </ol>
      </div>
      <p class="quiet">${t("log.help")} <code>journalctl -u ravatard</code></p>
    <//>`;
}
