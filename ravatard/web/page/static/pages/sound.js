// Sound: the level of the microphone, trials of microphone and speaker, and the names of all devices.

import { html } from "../vendor/htm-preact.js";
import { get, post } from "../api.js";
import { useLive } from "../live.js";
import { Awaited, Button, Card, News, Told, Trouble, useAction, useReply } from "../parts.js";
import { number, t } from "../texts.js";
import { Findings } from "./health.js";
import { named } from "./now.js";

// The range of the meter: below it is silence.
const LOWEST_DB = -80;

const place = (db) => Math.max(0, Math.min(100, (100 * (db - LOWEST_DB)) / -LOWEST_DB));
const decibel = (db) => (db == null ? "–" : `${number(db)} dBFS`);

function Meter() {
  const { meter, status } = useLive("meter");
  const level = meter?.level_db ?? null;
  const floor = meter?.floor_db ?? null;
  const at = `${place(level ?? LOWEST_DB)}%`;
  return html`
    <${Card} title=${t("sound.meter")} wide=${true}>
      <svg class="meter" height="32" role="meter" aria-label=${t("sound.level")} aria-valuemin=${LOWEST_DB} aria-valuemax="0"
        aria-valuenow=${Math.round(Math.max(LOWEST_DB, Math.min(0, level ?? LOWEST_DB)))} aria-valuetext=${decibel(level)}>
        <rect class="ground" width="100%" height="20" y="6" rx="6" />
        <rect class="level" width=${at} height="20" y="6" rx="6" />
        ${floor == null ? null : html`<line class="floor" x1=${`${place(floor)}%`} x2=${`${place(floor)}%`} y1="0" y2="32" />`}
      </svg>
      <dl class="figures">
        <div><dt>${t("sound.level")}</dt><dd>${decibel(level)}</dd></div>
        <div><dt>${t("sound.floor")}</dt><dd>${decibel(floor)}</dd></div>
        <div><dt>${t("sound.gate")}</dt><dd>${named("talk", meter?.talk ?? status?.talk ?? "idle")}</dd></div>
        <div><dt>${t("microphone")}</dt><dd>${named("microphone", meter?.microphone ?? status?.microphone.state ?? "absent")}</dd></div>
      </dl>
      <p class="quiet">${t("sound.meter.help")}</p>
    <//>`;
}

// How sure the detector was, the newest first: by this an owner chooses the sensitivity.
function WakeWord() {
  const { status } = useLive("state");
  if (!status?.wakeword) return null;
  const scores = [...status.wakeword.last_scores].reverse();
  return html`
    <${Card} title=${t("sound.word", { word: status.wakeword.word })}>
      <p class="quiet">${t(scores.length ? "sound.word.help" : "sound.word.none")}</p>
      <ol class="rows">${scores.map((one, index) => html`
        <li key=${scores.length - index}><strong class="outcome" data-kind=${one.hit ? "good" : "calm"}>${t(one.hit ? "sound.word.hit" : "sound.word.miss")}</strong>
          <span>${number(one.score, 2)}</span></li>`)}
      </ol>
    <//>`;
}

function Trials() {
  const tone = useAction(() => post("/sound/tone"));
  const record = useAction(() => post("/sound/record"));
  const recorded = record.done;
  return html`
    <${Card} title=${t("sound.speaker")}>
      <p class="quiet">${t("sound.tone.help")}</p>
      <${Button} action=${tone}>${t("sound.tone")}<//>
      <${News}>${tone.done ? t("sound.tone.done") : ""}<//>
      <${Trouble} error=${tone.error} />
    <//>
    <${Card} title=${t("sound.record.title")}>
      <p class="quiet">${t("sound.record.help")}</p>
      <${Button} action=${record}>${t("sound.record")}<//>
      <${News}>${record.busy ? t("sound.record.now") : recorded ? t("sound.record.done", { level: decibel(recorded.loudest_db) }) : ""}<//>
      <${Trouble} error=${record.error} />
    <//>`;
}

function Best() {
  const find = useAction(() => post("/sound/find-mic"));
  return html`
    <${Card} title=${t("sound.find.title")}>
      <p class="quiet">${t("sound.find.help")}</p>
      <${Button} action=${find}>${t("sound.find")}<//>
      <${News}>${find.busy ? t("sound.find.now") : find.done ? t(find.done.best ? "sound.find.best" : "sound.find.none", { name: find.done.best }) : ""}<//>
      ${find.done ? html`
        <ul class="rows">${find.done.microphones.map((one) => html`
          <li key=${one.name}><code>${one.name}</code> <span>${one.trouble ? html`<${Told} text=${one.trouble} />` : decibel(one.speech_db ?? one.level_db)}</span></li>`)}
        </ul>` : null}
      <${Trouble} error=${find.error} />
    <//>`;
}

function Echo() {
  const check = useAction(() => post("/doctor", { only: ["echo", "echo.talk-over"], echo: true }));
  return html`
    <${Card} title=${t("sound.echo.title")}>
      <p class="quiet">${t("sound.echo.help")}</p>
      <${Button} action=${check}>${t("sound.echo")}<//>
      <${News}>${check.busy ? t("health.running") : ""}<//>
      ${check.done ? html`<${Findings} checks=${check.done.checks.filter((one) => one.id.startsWith("echo"))} />` : null}
      <${Trouble} error=${check.error} />
    <//>`;
}

function Devices({ title, found }) {
  return html`
    <h3>${title}</h3>
    ${found.length ? html`
      <ul class="rows">${found.map((one) => html`
        <li key=${one.name}><code>${one.name}</code><span><${Told} text=${one.text} />${one.default ? html` <em>${t("sound.default")}</em>` : null}</span></li>`)}
      </ul>` : html`<p>${t("sound.none")}</p>`}`;
}

export function Page() {
  const devices = useReply(() => get("/devices"));
  return html`
    <div class="cards">
      <${Meter} />
      <${Trials} />
      <${Best} />
      <${Echo} />
      <${WakeWord} />
      <${Card} title=${t("sound.devices")} wide=${true}>
        <p class="quiet">${t("sound.devices.help")} <code>microphone.device</code>, <code>speaker.device</code></p>
        <${Awaited} of=${devices}>
          ${devices.reply ? html`
            <${Devices} title=${t("sound.microphones")} found=${devices.reply.microphones} />
            <${Devices} title=${t("sound.speakers")} found=${devices.reply.speakers} />` : null}
        <//>
      <//>
    </div>`;
}
