// Now: the state in words and colour, and what an owner does every day.

import { html, useRef, useState } from "../vendor/htm-preact.js";
import { post } from "../api.js";
import { useLive } from "../live.js";
import { Shape, lookOf, tone } from "../looks.js";
import { Button, Card, News, Told, Trouble, useAction, useSeconds } from "../parts.js";
import { ago, has, minutes, percent, t } from "../texts.js";
import { FirstSteps } from "./first_steps.js";
import { Hold } from "./hold.js";

// The text of a value that the appliance names by a word, or that word.
export function named(group, word) {
  const key = `${group}.${word}`;
  return has(key) ? t(key) : word;
}

function Face({ known }) {
  const look = lookOf(known);
  const { status } = known;
  const troubles = known.connected ? status?.degraded ?? [] : [];
  return html`
    <section class="face card wide" data-tone=${tone(look)} aria-labelledby="look">
      <div class="orb" data-look=${look}><${Shape} look=${look} /></div>
      <div>
        <p class="look" id="look" role="status">${t(`look.${look}`)}</p>
        <p>${t(`look.${look}.text`)}</p>
        ${troubles.length ? html`<h2>${t("now.troubles")}</h2>` : null}
        <ul class="troubles">${troubles.map((one) => html`<li key=${one}><${Told} text=${one} /></li>`)}</ul>
      </div>
    </section>`;
}

function Microphone({ status }) {
  const closed = status.microphone.state === "muted";
  const action = useAction(() => post(status.muted ? "/unmute" : "/mute"));
  // Only a closed device counts as muted; until it is, the wish is told as a wish.
  const truth = status.muted && !closed ? "closing" : !status.muted && closed ? "opening" : status.microphone.state;
  return html`
    <${Card} title=${t("microphone")}>
      <p role="status"><strong>${named("microphone", truth)}</strong></p>
      <${Button} action=${action} kind=${status.muted ? "main" : ""}>${t(status.muted ? "now.unmute" : "now.mute")}<//>
      <${Trouble} error=${action.error} />
    <//>`;
}

function Volume({ status }) {
  // While it is dragged, what is dragged; afterwards what is true.
  const [dragged, drag] = useState(null);
  const wanted = useRef(null);
  const action = useAction(async () => {
    try {
      // Keys change it faster than the appliance answers: the newest value follows.
      for (let sent = null; sent !== wanted.current;) {
        sent = wanted.current;
        await post("/volume", { percent: sent });
      }
    } finally {
      drag((now) => (now === wanted.current ? null : now));
    }
  });
  const set = (value) => {
    wanted.current = value;
    action.run();
  };
  const value = dragged ?? status.volume;
  return html`
    <${Card} title=${t("speaker")}>
      <label for="volume">${t("now.volume")}</label>
      <div class="joined">
        <input id="volume" type="range" min="0" max="100" step="5" value=${value} aria-valuetext=${percent(value)}
          onInput=${(event) => drag(Number(event.target.value))} onChange=${(event) => set(Number(event.target.value))} />
        <output for="volume">${percent(value)}</output>
      </div>
      ${status.speaker.state === "none" || status.speaker.state === "absent" ? html`<p class="quiet">${named("speaker", status.speaker.state)}</p>` : null}
      <${Trouble} error=${action.error} />
    <//>`;
}

// One line that is sent: words for the avatar, or the address of a sound for the room.
function Line({ name, field, ...more }) {
  const [text, type] = useState("");
  const action = useAction(async () => {
    const done = await post(`/${name}`, { [field]: text.trim() });
    type("");
    return done;
  });
  const send = (event) => {
    event.preventDefault();
    if (text.trim()) action.run();
  };
  return html`
    <${Card} title=${t(`now.${name}.title`)}>
      <form onSubmit=${send}>
        <label for=${name}>${t(`now.${name}`)}</label>
        <div class="joined">
          <input id=${name} autocomplete="off" dir="auto" value=${text} onInput=${(event) => type(event.target.value)} ...${more} />
          <button aria-disabled=${action.busy || undefined}>${t(`now.${name}.do`)}</button>
        </div>
      </form>
      <${News}>${action.done ? t(`now.${name}.done`) : ""}<//>
      <${Trouble} error=${action.error} />
    <//>`;
}

function Session({ status }) {
  const action = useAction(() => post("/restart-session"));
  const { session } = status;
  const facts = [
    session.minutes == null ? null : [t("session.minutes"), minutes(session.minutes)],
    session.minutes_left == null ? null : [t("session.left"), minutes(session.minutes_left)],
    session.day_minutes == null ? null : [t("session.day"), minutes(session.day_minutes)],
  ];
  return html`
    <${Card} title=${t("session")}>
      <p><strong>${named("session", session.state)}</strong></p>
      <${Facts} of=${facts} />
      <${Button} action=${action}>${t("now.end")}<//>
      <p class="quiet">${t("now.end.help")}</p>
      <${Trouble} error=${action.error} />
    <//>`;
}

export function Facts({ of }) {
  const rows = of.filter((one) => one && one[1]);
  return rows.length ? html`<dl>${rows.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd dir="auto">${value}</dd></div>`)}</dl>` : null;
}

export function Page() {
  const known = useLive("state");
  useSeconds(10);
  const { status } = known;
  if (!status) return html`<p class="quiet" role="status">${t("loading")}</p>`;
  const lateS = (performance.now() - known.at) / 1000;
  return html`
    <div class="cards">
      <${Face} known=${known} />
      <${FirstSteps} status=${status} />
      <${Microphone} status=${status} />
      <${Volume} status=${status} />
      <${Card} title=${t("now.button")}><${Hold} /><//>
      <${Line} name="say" field="text" type="text" maxlength="4000" />
      <${Line} name="play" field="url" type="url" maxlength="2048" pattern="https?://.+" placeholder="https://" />
      <${Session} status=${status} />
      <${Card} title=${t("now.facts")}>
        <${Facts} of=${[
          [t("avatar"), status.avatar],
          [t("language"), status.language],
          status.quiet ? [t("now.quiet"), t("settings.on")] : null,
          [t("link"), named("link", status.link.state)],
          [t("microphone"), status.microphone.device],
          [t("speaker"), status.speaker.device],
          [t("now.state.since"), ago(status.since_s + lateS)],
          [t("now.started"), ago(status.uptime_s + lateS)],
        ]} />
      <//>
    </div>`;
}
