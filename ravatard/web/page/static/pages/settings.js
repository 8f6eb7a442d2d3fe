// Settings: all of them from the appliance's own description; checked, compared, saved, and undone.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/htm-preact.js";
import { call, get, post } from "../api.js";
import { useLive } from "../live.js";
import { Awaited, Button, Card, News, Told, Trouble, useAction, useReply } from "../parts.js";
import { t } from "../texts.js";
import { SettingField, shown, typed, untyped } from "./setting_field.js";

const NONE = [];

// The edits as the API takes them: null takes a saved value away.
function changesOf(settings, edits) {
  const known = new Map(settings.map((one) => [one.key, one]));
  return Object.fromEntries(Object.entries(edits).map(([key, edit]) => [key, edit === null ? null : untyped(known.get(key), edit)]));
}

function matches(setting, words) {
  const text = `${setting.key} ${setting.text}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function Changes({ of }) {
  return html`
    <ul class="diff">
      ${of.map((one) => html`
        <li key=${one.key}><code>${one.key}</code>
          <span><del><span class="unseen">${t("settings.old")} </span><${Told} english=${false} text=${shown(one.old)} /></del> → <ins><span class="unseen">${t("settings.new")} </span><${Told} english=${false} text=${shown(one.new)} /></ins></span>
          <span class="quiet">${t(`needs.${one.needs}`)}</span></li>`)}
    </ul>`;
}

// What will change, before it is saved.
function Review({ changes, save, close }) {
  const box = useRef(null);
  useEffect(() => { box.current.showModal(); }, []);
  return html`
    <dialog ref=${box} aria-labelledby="review" onClose=${close}>
      <h2 id="review">${t("settings.review")}</h2>
      ${changes.length ? html`<${Changes} of=${changes} />` : html`<p>${t("settings.same")}</p>`}
      <${Trouble} error=${save.error} />
      <div class="buttons">
        <${Button} action=${save} kind="main">${t("settings.save")}<//>
        <button type="button" onClick=${() => box.current.close()}>${t("settings.back")}</button>
      </div>
    </dialog>`;
}

// What was saved is in effect only after a reload or a restart.
function Saved({ saved, waiting, restarts }) {
  const reload = useAction(() => post("/reload"));
  const restart = useAction(async () => {
    await post("/restart");
    restarts();
  });
  const needs = new Set(saved?.changes.map((one) => one.needs) ?? []);
  const mustRestart = needs.has("restart") || waiting.length > 0;
  if (!saved && !waiting.length) return null;
  return html`
    <${Card} title=${t(saved ? "settings.saved" : "settings.waiting")} wide=${true}>
      ${saved ? html`<${Changes} of=${saved.changes} />` : html`<p>${waiting.map((key) => html`<code key=${key}>${key}</code> `)}</p>`}
      <div class="buttons">
        ${needs.has("reload") ? html`<${Button} action=${reload} kind="main">${t("settings.reload")}<//>` : null}
        ${mustRestart ? html`<${Button} action=${restart} kind=${needs.has("reload") ? "" : "main"}>${t("settings.restart")}<//>` : null}
      </div>
      <${News}>${restart.done ? t("settings.restarting") : reload.done ? t("settings.reloaded") : ""}<//>
      <${Trouble} error=${restart.error ?? reload.error} />
    <//>`;
}

function Section({ section, settings, edits, problems, change, open }) {
  const touched = settings.filter((one) => one.key in edits).length;
  const wrong = settings.some((one) => problems[one.key]);
  const [opened, toggle] = useState(false);
  const isOpen = opened || open || wrong;
  return html`
    <details class="section" open=${isOpen} onToggle=${(event) => toggle(event.target.open)}>
      <summary><h2>${section.name}</h2>${touched ? html`<span class="count">${t("settings.changed", { count: touched })}</span>` : null}
        <p class="quiet"><${Told} text=${section.text} /></p></summary>
      ${isOpen ? settings.map((one) => html`
        <${SettingField} key=${one.key} setting=${one} edit=${edits[one.key]} problems=${problems[one.key] ?? NONE}
          change=${(value) => change(one, value)} />`) : null}
    </details>`;
}

// All problems at once, each with a way to its field.
function Problems({ problems }) {
  const box = useRef(null);
  useEffect(() => { box.current?.focus(); }, [problems]);
  const rows = Object.entries(problems).flatMap(([key, texts]) => texts.map((text) => [key, text]));
  if (!rows.length) return null;
  const go = (event, key) => {
    event.preventDefault();
    document.getElementById(`set-${key}`)?.focus();
  };
  return html`
    <section class="card wide trouble-box" role="alert" tabindex="-1" ref=${box}>
      <h2>${t("settings.problems", { count: rows.length })}</h2>
      <ul>${rows.map(([key, text]) => html`<li key=${key + text}>
        ${key ? html`<a href="#/settings" onClick=${(event) => go(event, key)}>${key}</a>: ` : null}<${Told} text=${text} /></li>`)}</ul>
    </section>`;
}

function grouped(problems) {
  const found = {};
  for (const { key, text } of problems) (found[key] ??= []).push(text);
  return found;
}

export function Page() {
  const report = useReply(() => get("/settings"));
  const [edits, edit] = useState({});
  const [problems, find] = useState({});
  const [review, ask] = useState(null);
  const [saved, note] = useState(null);
  // The address may name what is looked for: #/settings/service
  const [search, type] = useState(decodeURIComponent(location.hash.split("/")[2] ?? ""));
  const settings = report.reply?.settings ?? NONE;
  const count = Object.keys(edits).length;
  const { connected } = useLive("state");
  const restarting = useRef(false);
  useEffect(() => {
    if (!connected || !report.reply) return;
    // After a restart other settings are in effect, and what was saved needs nothing more.
    if (restarting.current) note(null);
    restarting.current = false;
    report.reload();
  }, [connected]);

  const change = (setting, value) => {
    const { [setting.key]: _, ...rest } = edits;
    const { [setting.key]: __, ...others } = problems;
    find(others);
    edit(value === undefined || (value !== null && value === typed(setting)) ? rest : { ...rest, [setting.key]: value });
  };
  const check = useAction(async () => {
    note(null);
    const found = await post("/settings/check", { changes: changesOf(settings, edits) });
    find(grouped(found.problems));
    ask(found.problems.length ? null : found.changes);
  });
  const save = useAction(async () => {
    try {
      const done = await call("PUT", "/settings", { changes: changesOf(settings, edits) }, { headers: { "If-Match": `"${report.reply.revision}"` } });
      note(done);
      edit({});
    } catch (error) {
      if (error.code === "settings-refused") {
        find(grouped(error.problems));
        ask(null);
      }
      // Another page was faster: its settings are read, and what was typed here stays for another look.
      if (error.code !== "conflict") throw error;
      ask(null);
      await report.reload();
      throw error;
    }
    ask(null);
    await report.reload();
  });
  const undo = useAction(async () => {
    try {
      note(await post("/settings/undo", {}, { headers: { "If-Match": `"${report.reply.revision}"` } }));
    } finally {
      // What another page saved meanwhile is shown before it can be undone.
      await report.reload();
    }
  });

  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = useMemo(() => settings.filter((one) => matches(one, words)), [settings, search]);
  const sections = (report.reply?.sections ?? NONE).map((section) => [section, found.filter((one) => one.section === section.name)])
    .filter(([, members]) => members.length);

  return html`
    <div class="cards settings">
      <${Saved} saved=${saved} waiting=${report.reply?.restart ?? NONE}
        restarts=${() => { restarting.current = true; }} />
      <${Problems} problems=${problems} />
      <${Card} title=${t("settings.find.title")} wide=${true}>
        <div class="field"><label for="find">${t("settings.find")}</label>
          <input id="find" type="search" autocomplete="off" value=${search} onInput=${(event) => type(event.target.value)} /></div>
        <p class="quiet" role="status">${words.length ? t("settings.found", { count: found.length }) : t("settings.help")}</p>
        ${report.reply?.undo ? html`<${Button} action=${undo}>${t("settings.undo")}<//>` : null}
        <${Trouble} error=${undo.error} />
        <${Trouble} error=${review ? null : save.error} />
      <//>
      <${Awaited} of=${report}>
        <div class="card wide sections">${sections.map(([section, members]) => html`
          <${Section} key=${section.name} section=${section} settings=${members} edits=${edits} problems=${problems} change=${change} open=${words.length > 0} />`)}
        </div>
      <//>
      ${count ? html`
        <div class="bar-below" role="region" aria-label=${t("settings.changes")}>
          <span role="status">${t("settings.changed", { count })}</span>
          <${Button} action=${check} kind="main">${t("settings.check")}<//>
          <button type="button" onClick=${() => { edit({}); find({}); }}>${t("settings.discard")}</button>
          <${Trouble} error=${check.error} />
        </div>` : null}
      ${review ? html`<${Review} changes=${review} save=${save} close=${() => ask(null)} />` : null}
    </div>`;
}
