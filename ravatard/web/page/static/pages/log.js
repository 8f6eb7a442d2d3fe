// Log: lines as they come, what the flight recorder kept, and the journal, by level.

import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { get } from "../api.js";
import { MOST_LINES, useLive } from "../live.js";
import { Button, Card, Told, Trouble, useAction } from "../parts.js";
import { clock, moment, t } from "../texts.js";

const LEVELS = ["debug", "info", "warning", "error", "critical"];
const SOURCES = ["live", "recorder", "journal"];

function Choice({ id, label, of, value, named, choose }) {
  return html`
    <span class="field"><label for=${id}>${label}</label>
      <select id=${id} value=${value} onChange=${(event) => choose(event.target.value)}>
        ${of.map((one) => html`<option key=${one} value=${one} selected=${one === value}>${named(one)}</option>`)}
      </select></span>`;
}

// What was kept, and behind the journal what has come since.
function linesOf(source, kept, live) {
  if (source === "live") return live;
  if (source === "recorder" || !kept.length) return kept;
  return kept.concat(live.filter((one) => one.at > kept.at(-1).at)).slice(-MOST_LINES);
}

export function Page() {
  const { lines, missed } = useLive("log");
  const [source, choose] = useState("live");
  const [kept, keep] = useState([]);
  const [least, filter] = useState("info");
  const [following, follow] = useState(true);
  const box = useRef(null);
  const asked = useRef("live");
  const read = useAction(async (of = source) => {
    const found = (await get(`/log/${of}`)).lines.slice(-MOST_LINES);
    // Another one may have been chosen meanwhile.
    if (asked.current === of) keep(found);
  });
  const change = (to) => {
    asked.current = to;
    choose(to);
    keep([]);
    if (to !== "live") read.run(to);
  };
  const shown = linesOf(source, kept, lines).filter((one) => LEVELS.indexOf(one.level) >= LEVELS.indexOf(least));
  const newest = shown.at(-1);
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [following, newest?.at, newest?.number, least]);
  return html`
    <${Card} title=${t("log.title")} wide=${true}>
      <div class="buttons">
        <${Choice} id="source" label=${t("log.source")} of=${SOURCES} value=${source} choose=${change} named=${(one) => t(`log.${one}`)} />
        <${Choice} id="least" label=${t("log.level")} of=${LEVELS} value=${least} choose=${filter} named=${(one) => t(`level.${one}`)} />
        <label class="tick"><input type="checkbox" checked=${following} onChange=${(event) => follow(event.target.checked)} /> ${t("log.follow")}</label>
        ${source === "live" ? null : html`<${Button} action=${{ ...read, run: () => read.run() }}>${t("log.again")}<//>`}
      </div>
      ${source === "live" ? null : html`<${Trouble} error=${read.error} />`}
      ${missed && source === "live" ? html`<p class="quiet">${t("log.missed", { count: missed })}</p>` : null}
      <div class="log" ref=${box} tabindex="0" role="region" aria-label=${t("page.log")}>
        ${shown.length ? null : html`<p class="quiet">${t(read.busy ? "loading" : "log.none")}</p>`}
        <ol>${shown.map((one, index) => html`
          <li key=${`${one.logger} ${one.number} ${index}`} data-level=${one.level}>
            <time datetime=${new Date(one.at * 1000).toISOString()} title=${moment(one.at)}>${clock(one.at)}</time>
            <span class="level">${t(`level.${one.level}`)}</span>
            <${Told} text=${one.text} />
          </li>`)}
        </ol>
      </div>
      <p class="quiet">${t("log.help")} <code>journalctl -u ravatard</code></p>
    <//>`;
}
