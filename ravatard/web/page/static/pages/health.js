// Health: doctor's checks with their remedies, the versions, and everything for a bug report.

import { html } from "../vendor/htm-preact.js";
import { download, get, post } from "../api.js";
import { useLive } from "../live.js";
import { Awaited, Button, Card, News, Told, Trouble, useAction, useReply } from "../parts.js";
import { ago, moment, number, t } from "../texts.js";
import { Facts } from "./now.js";

// The worst first.
const ORDER = ["broken", "warning", "unknown", "fine", "skipped", "not needed"];
const TONES = { broken: "bad", warning: "warn", unknown: "warn", fine: "good", skipped: "calm", "not needed": "calm" };
const word = (verdict) => t(`verdict.${verdict.replace(" ", "-")}`);

export function Findings({ checks }) {
  return html`
    <ul class="findings">
      ${checks.map((one) => html`
        <li key=${one.id}>
          <p><strong class="outcome" data-kind=${TONES[one.verdict] ?? "calm"}>${word(one.verdict)}</strong> <code>${one.id}</code></p>
          <p><${Told} text=${one.text} /></p>
          ${one.remedy ? html`<p class="remedy"><span class="quiet">${t("health.remedy")}</span> <${Told} text=${one.remedy} /></p>` : null}
        </li>`)}
    </ul>`;
}

function Checks() {
  const last = useReply(() => get("/doctor"));
  const run = useAction(async () => {
    const found = await post("/doctor");
    last.set(found);
    return found;
  });
  const checks = [...(last.reply?.checks ?? [])].sort((one, other) => ORDER.indexOf(one.verdict) - ORDER.indexOf(other.verdict));
  const wrong = checks.filter((one) => ["broken", "warning", "unknown"].includes(one.verdict));
  const right = checks.filter((one) => !wrong.includes(one));
  return html`
    <${Card} title=${t("health.checks")} wide=${true}>
      <p class="quiet">${t("health.checks.help")}</p>
      <${Button} action=${run} kind="main">${t("health.run")}<//>
      <${News}>${run.busy ? t("health.running") : run.done ? t(wrong.length ? "health.found" : "health.fine", { count: wrong.length }) : ""}<//>
      <${Trouble} error=${run.error} />
      <${Awaited} of=${last}>
        ${last.reply?.ended_at ? html`<p class="quiet">${t("health.last", { when: moment(last.reply.ended_at) })}</p>` : html`<p>${t("health.never")}</p>`}
        <${Findings} checks=${wrong} />
        ${right.length ? html`<details><summary>${t("health.rest", { count: right.length })}</summary><${Findings} checks=${right} /></details>` : null}
      <//>
    <//>`;
}

function Machine({ who }) {
  const { status } = useLive("state");
  const health = status?.health ?? {};
  const slowed = [...(health.throttled ?? []), ...(health.throttled_since_boot ?? [])];
  return html`
    <${Card} title=${t("health.versions")}>
      <${Facts} of=${[
        ["ravatard", status?.version ?? who.version],
        [t("health.board"), [status?.board, status?.model].filter((one) => typeof one === "string").join(", ")],
        [t("health.id"), status?.id],
        [t("health.temperature"), health.temperature_c == null ? "" : `${number(health.temperature_c)} °C`],
        [t("health.slowed"), slowed.length ? html`<${Told} text=${slowed.join(", ")} />` : ""],
        [t("now.started"), status ? ago(status.uptime_s) : ""],
      ]} />
    <//>`;
}

function Bundle() {
  const make = useAction(() => download("/bundle", "ravatard-support.tar.gz"));
  return html`
    <${Card} title=${t("health.bundle")}>
      <p class="quiet">${t("health.bundle.help")}</p>
      <${Button} action=${make}>${t("health.bundle.do")}<//>
      <${News}>${make.busy ? t("health.bundle.now") : make.done ? t("health.bundle.done") : ""}<//>
      <${Trouble} error=${make.error} />
    <//>`;
}

function Restart() {
  const reload = useAction(() => post("/reload"));
  const restart = useAction(() => post("/restart"));
  return html`
    <${Card} title=${t("health.restart")}>
      <p class="quiet">${t("health.restart.help")}</p>
      <div class="buttons">
        <${Button} action=${reload}>${t("settings.reload")}<//>
        <${Button} action=${restart}>${t("settings.restart")}<//>
      </div>
      <${News}>${restart.done ? t("settings.restarting") : reload.done ? t("settings.reloaded") : ""}<//>
      <${Trouble} error=${restart.error ?? reload.error} />
    <//>`;
}

export function Page({ who }) {
  return html`<div class="cards"><${Checks} /><${Machine} who=${who} /><${Bundle} /><${Restart} /></div>`;
}
