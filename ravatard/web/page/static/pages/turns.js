// Turns: the last ones as bars on one time axis, in numbers, without a word of what was said.

import { html } from "../vendor/htm-preact.js";
import { useLive } from "../live.js";
import { Card, useSeconds } from "../parts.js";
import { ago, milliseconds, seconds, t } from "../texts.js";
import { Facts, named } from "./now.js";

const TICKS_MS = [500, 1000, 2000, 5000, 10000, 20000, 60000];
const GOOD = ["answered"];
const CALM = ["nothing-said", "superseded", "self-heard"];

const lastOf = (times) => Math.max(0, ...Object.values(times).filter((one) => one != null));

function median(found) {
  const sorted = [...found].sort((one, other) => one - other);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? null;
}

function Bar({ times, scale }) {
  const at = (ms) => `${(100 * Math.max(0, ms)) / scale}%`;
  const piece = (from, to, kind) => from == null || to == null || to <= from ? null
    : html`<rect class=${kind} x=${at(from)} width=${at(to - from)} y="7" height="14" />`;
  const mark = (ms, kind) => ms == null ? null : html`<line class=${kind} x1=${at(ms)} x2=${at(ms)} y1="2" y2="26" />`;
  const closed = times.gate_closed ?? times.speech_end ?? 0;
  const sound = times.first_sound ?? times.answer;
  return html`
    <svg class="bar" height="28" aria-hidden="true">
      ${piece(0, times.speech_end ?? closed, "speech")}
      ${piece(times.speech_end, closed, "silence")}
      ${piece(closed, sound ?? times.end, "wait")}
      ${piece(sound, times.end, "voice")}
      ${mark(times.last_message, "message")}
      ${mark(times.answer, "answer")}
      ${mark(times.first_sound, "sound")}
    </svg>`;
}

function Axis({ scale }) {
  const step = TICKS_MS.find((one) => scale / one <= 5) ?? scale;
  const ticks = Array.from({ length: Math.floor(scale / step) + 1 }, (_, index) => index * step);
  return html`
    <svg class="axis" height="20" aria-hidden="true">
      ${ticks.map((ms) => html`
        <text x=${`${(100 * ms) / scale}%`} y="13" text-anchor=${ms === 0 ? "start" : ms >= scale * 0.95 ? "end" : "middle"}>${seconds(ms)}</text>`)}
    </svg>`;
}

function Turn({ turn, scale, lateS }) {
  const times = turn.axis_ms;
  const kind = GOOD.includes(turn.outcome) ? "good" : CALM.includes(turn.outcome) ? "calm" : "bad";
  const facts = [
    turn.cause === "text" ? null : [t("turns.spoken"), seconds(turn.spoken_ms)],
    times.last_message == null ? null : [t("turns.message"), seconds(times.last_message)],
    turn.answer_ms == null ? null : [t("turns.answer"), seconds(turn.answer_ms)],
    turn.first_sound_ms == null ? null : [t("turns.sound"), seconds(turn.first_sound_ms)],
    turn.press_to_silence_ms == null ? null : [t("turns.press"), milliseconds(turn.press_to_silence_ms)],
    times.end == null ? null : [t("turns.end"), seconds(times.end)],
  ];
  return html`
    <li class="turn">
      <p><strong class="outcome" data-kind=${kind}>${named("outcome", turn.outcome)}</strong>
        <span class="quiet"> ${named("cause", turn.cause)} · ${ago(turn.ended_s_ago + lateS)}</span></p>
      <${Bar} times=${times} scale=${scale} />
      <${Facts} of=${facts} />
    </li>`;
}

export function Page() {
  const { status, at } = useLive("state");
  useSeconds(10);
  if (!status) return html`<p class="quiet" role="status">${t("loading")}</p>`;
  const turns = status.turns.slice(-20).reverse();
  if (!turns.length) return html`<${Card} title=${t("turns.title")}><p>${t("turns.none")}</p><//>`;
  const longest = Math.max(1000, ...turns.map((one) => lastOf(one.axis_ms)));
  const answers = turns.map((one) => one.answer_ms).filter((one) => one != null);
  const sounds = status.first_sound ?? {};
  const lateS = (performance.now() - at) / 1000;
  const time = (ms, words = seconds) => (ms == null ? t("turns.unknown") : words(ms));
  return html`
    <div class="cards">
      <${Card} title=${t("turns.times")} wide=${true}>
        <dl class="figures">
          <div><dt>${t("turns.sound.median")}</dt><dd>${time(sounds.median_ms ?? status.speaker.first_sound_ms)}</dd></div>
          <div><dt>${t("turns.sound.p95")}</dt><dd>${time(sounds.p95_ms)}</dd></div>
          <div><dt>${t("turns.answer.median")}</dt><dd>${time(median(answers))}</dd></div>
          <div><dt>${t("turns.silence")}</dt><dd>${time(status.press_to_silence?.median_ms, milliseconds)}</dd></div>
          <div><dt>${t("turns.sound.p95")}</dt><dd>${time(status.press_to_silence?.p95_ms, milliseconds)}</dd></div>
        </dl>
      <//>
      <${Card} title=${t("turns.title")} wide=${true}>
        <ul class="legend" aria-hidden="true">
          ${["speech", "silence", "wait", "voice"].map((one) => html`<li key=${one}><i class=${one}></i>${t(`turns.legend.${one}`)}</li>`)}
        </ul>
        <${Axis} scale=${longest} />
        <ol class="turns">${turns.map((one) => html`<${Turn} key=${one.turn} turn=${one} scale=${longest} lateS=${lateS} />`)}</ol>
      <//>
    </div>`;
}
