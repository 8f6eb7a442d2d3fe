// First run: step by step from a new appliance to its first answer. Each step can be skipped, and done later.

import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { call, get, post } from "../api.js";
import { useLive } from "../live.js";
import { Awaited, Button, Card, News, Told, Trouble, useAction, useReply } from "../parts.js";
import { t } from "../texts.js";
import { named } from "./now.js";
import { Hold } from "./hold.js";

const STEPS = ["project", "avatar", "microphone", "speaker", "restart", "turn"];
const KEYS = { project: "service.project_id", avatar: "service.avatar", microphone: "microphone.device", speaker: "speaker.device" };
const KEPT = "ravatard-start";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function keep(marks) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(marks));
  } catch {
    // Then the steps that leave no setting are shown again the next time.
  }
}

// What the appliance takes only where it stands.
function OnDevice({ why }) {
  return html`<p>${t(why)} <code>sudo ravatard setup</code></p>`;
}

function Why({ error }) {
  if (!error?.problems?.length) return html`<${Trouble} error=${error} />`;
  return html`<div class="trouble" role="alert">${error.problems.map((one) => html`<p key=${one.key + one.text}><${Told} text=${one.text} /></p>`)}</div>`;
}

function Choice({ name, of, value, choose }) {
  return html`
    <fieldset><legend>${t(`start.${name}.choose`)}</legend>
      ${of.map(([id, label]) => html`
        <label class="tick" key=${id}><input type="radio" name=${name} value=${id} checked=${id === value} onChange=${() => choose(id)} /> <span dir="auto">${label}</span></label>`)}
    </fieldset>`;
}

function Project({ who, setting, save }) {
  const [id, type] = useState("");
  const action = useAction(() => save(id.trim()));
  if (!setting.settable) return html`<${OnDevice} why="start.device" />`;
  if (!who.private) return html`<${OnDevice} why="start.project.private" />`;
  return html`
    <form onSubmit=${(event) => { event.preventDefault(); if (id.trim()) action.run(); }}>
      <div class="field"><label for="project">${t("start.project.id")}</label>
        <input id="project" type="text" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="64" required value=${id} onInput=${(event) => type(event.target.value)} /></div>
      <${Why} error=${action.error} />
      <button class="main" aria-disabled=${action.busy || undefined}>${t("start.save")}</button>
    </form>`;
}

function Avatar({ setting, save }) {
  const found = useReply(() => get("/avatars"));
  const [chosen, choose] = useState(setting.value ?? "");
  const action = useAction(() => save(chosen || null));
  if (!setting.settable) return html`<${OnDevice} why="start.device" />`;
  const names = (found.reply?.avatars ?? []).map((one) => [one.id, one.name || one.id]);
  return html`
    <${Awaited} of=${found}>
      <${Choice} name="avatar" of=${[["", t("start.avatar.first")], ...names]} value=${chosen} choose=${choose} />
      <${Why} error=${action.error} />
      <${Button} action=${action} kind="main">${t("start.save")}<//>
    <//>`;
}

function Microphone({ setting, save }) {
  const [chosen, choose] = useState(null);
  const find = useAction(async () => {
    const found = await post("/sound/find-mic");
    choose(found.best);
    return found;
  });
  const action = useAction(() => save(chosen));
  if (!setting.settable) return html`<${OnDevice} why="start.device" />`;
  const names = (find.done?.microphones ?? []).map((one) => [one.name, one.name]);
  return html`
    <p>${t("sound.find.help")}</p>
    <${Button} action=${find} kind=${find.done?.best ? "" : "main"}>${t("sound.find")}<//>
    <${News}>${find.busy ? t("sound.find.now") : find.done ? t(find.done.best ? "sound.find.best" : "sound.find.none", { name: find.done.best }) : ""}<//>
    <${Trouble} error=${find.error} />
    ${names.length ? html`<${Choice} name="microphone" of=${names} value=${chosen} choose=${choose} />` : null}
    <${Why} error=${action.error} />
    ${chosen ? html`<${Button} action=${action} kind="main">${t("start.save")}<//>` : null}`;
}

function Others({ save }) {
  const found = useReply(() => get("/devices"));
  const [chosen, choose] = useState(null);
  const action = useAction(() => save(chosen));
  return html`
    <${Awaited} of=${found}>
      <${Choice} name="speaker" of=${(found.reply?.speakers ?? []).map((one) => [one.name, one.text || one.name])} value=${chosen} choose=${choose} />
      <p class="quiet">${t("start.speaker.later")}</p>
      <${Why} error=${action.error} />
      ${chosen ? html`<${Button} action=${action} kind="main">${t("start.save")}<//>` : null}
    <//>`;
}

function Speaker({ setting, save, done }) {
  const [silent, choose] = useState(false);
  const tone = useAction(() => post("/sound/tone"));
  return html`
    <${Button} action=${tone} kind=${tone.done ? "" : "main"}>${t("sound.tone")}<//>
    <${Trouble} error=${tone.error} />
    ${tone.done ? html`
      <p role="status">${t("start.speaker.heard")}</p>
      <div class="buttons">
        <button type="button" class="main" onClick=${done}>${t("start.yes")}</button>
        <button type="button" onClick=${() => choose(true)}>${t("start.no")}</button>
      </div>` : null}
    ${silent && !setting.settable ? html`<${OnDevice} why="start.device" />` : null}
    ${silent && setting.settable ? html`<${Others} save=${save} />` : null}`;
}

function Restart({ waiting }) {
  const action = useAction(() => post("/restart"));
  return html`
    <p>${waiting.map((key) => html`<code key=${key}>${key}</code> `)}</p>
    <${Button} action=${action} kind="main">${t("settings.restart")}<//>
    <${News}>${action.done ? t("settings.restarting") : ""}<//>
    <${Trouble} error=${action.error} />`;
}

function Turn({ status }) {
  return html`<p role="status"><strong>${named("talk", status.talk)}</strong> ${t(`look.${status.state}.text`)}</p><${Hold} />`;
}

const BODIES = { project: Project, avatar: Avatar, microphone: Microphone, speaker: Speaker, restart: Restart, turn: Turn };

// Each step as "done", "skipped" or undefined, from what is true and what was marked.
function states(marks, settings, waiting, status) {
  const isSet = (key) => (settings.get(key)?.type === "secret" ? settings.get(key).value.set : settings.get(key)?.value != null);
  const true_ = {
    project: isSet(KEYS.project) || settings.get("service.kind")?.value === "avatar",
    avatar: isSet(KEYS.avatar),
    microphone: isSet(KEYS.microphone),
    restart: !waiting.length,
    turn: (status.counters?.answers ?? 0) > 0,
  };
  return Object.fromEntries(STEPS.map((one) => [one, true_[one] ? "done" : marks[one]]));
}

export function Page({ who }) {
  const known = useLive("state");
  const report = useReply(() => get("/settings"));
  const [marks, mark] = useState(kept());
  const [opened, open] = useState(null);
  const { status } = known;
  // After a restart other settings are in effect.
  useEffect(() => { if (known.connected && report.reply) report.reload(); }, [known.connected]);
  if (!status || !report.reply) return html`<${Awaited} of=${report}><p class="quiet" role="status">${t("loading")}</p><//>`;
  const settings = new Map(report.reply.settings.map((one) => [one.key, one]));
  const waiting = report.reply.restart;
  const found = states(marks, settings, waiting, status);
  const current = opened ?? STEPS.find((one) => !found[one]);
  const note = (name, how) => {
    const next = { ...marks, [name]: how };
    mark(next);
    keep(next);
    open(null);
  };
  const save = (name) => async (value) => {
    const headers = { "If-Match": `"${report.reply.revision}"` };
    await call("PUT", "/settings", { changes: { [KEYS[name]]: value } }, { headers });
    await report.reload();
    note(name, "done");
    return true;
  };
  return html`
    <div class="cards">
      <${Card} title=${t("start.title")} wide=${true}>
        <ol class="steps">
          ${STEPS.map((name) => html`
            <li key=${name} data-done=${found[name] === "done" || undefined} aria-current=${name === current ? "step" : undefined}>
              <h3>${t(`start.${name}`)}${found[name] && name !== current ? html` <span class="quiet">${t(`start.is.${found[name]}`)}</span>` : null}</h3>
              ${name === current ? html`
                <${BODIES[name]} who=${who} setting=${settings.get(KEYS[name])} waiting=${waiting} status=${status} save=${save(name)} done=${() => note(name, "done")} />
                <button type="button" onClick=${() => note(name, "skipped")}>${t("start.skip")}</button>`
              : name === "restart" || name === "turn" ? null : html`<button type="button" onClick=${() => open(name)}>${t("start.open")}<span class="unseen"> ${t(`start.${name}`)}</span></button>`}
            </li>`)}
        </ol>
        <${News}>${current ? "" : t(found.turn === "done" ? "start.answered" : "start.over")}<//>
        <a href="#/now">${t("start.leave")}</a>
      <//>
    </div>`;
}
