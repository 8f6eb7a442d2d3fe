// Parts that several pages are made of.

import { html, useEffect, useReducer, useRef, useState } from "./vendor/htm-preact.js";
import { Refused } from "./api.js";
import { t } from "./texts.js";

// A sentence that the appliance wrote: English, with `code` in it, or text of a stranger. Shown as text whatever it is.
export function Told({ text, english = true }) {
  const pieces = String(text).split("`");
  const marked = pieces.length % 2 ? pieces.map((one, index) => (index % 2 ? html`<code>${one}</code>` : one)) : text;
  return html`<span class="told" lang=${english ? "en" : undefined} dir="auto">${marked}</span>`;
}

export function Trouble({ error }) {
  if (!error) return null;
  const words = error instanceof Refused ? error.words : { text: t("error.failed"), english: false };
  return html`<p class="trouble" role="alert"><${Told} ...${words} /></p>`;
}

// Good news, read aloud when it changes.
export function News({ children }) {
  return html`<p class="news" role="status">${children}</p>`;
}

let cards = 0;

export function Card({ title, children, wide = false }) {
  const id = useRef(null);
  id.current ??= `card-${++cards}`;
  return html`
    <section class=${wide ? "card wide" : "card"} aria-labelledby=${id.current}>
      <h2 id=${id.current}>${title}</h2>
      ${children}
    </section>`;
}

// Something to do that may fail: `run` does it once at a time.
export function useAction(action) {
  const [state, set] = useState({ busy: false, error: null, done: null });
  const alive = useRef(true);
  useEffect(() => () => { alive.current = false; }, []);
  const run = async (...given) => {
    if (state.busy) return undefined;
    set({ busy: true, error: null, done: null });
    let next;
    try {
      next = { busy: false, error: null, done: (await action(...given)) ?? true };
    } catch (error) {
      if (!(error instanceof Refused)) console.error(error);
      next = { busy: false, error, done: null };
    }
    if (alive.current) set(next);
    return next.done;
  };
  return { ...state, run };
}

export function Button({ action, children, kind = "", ...more }) {
  return html`
    <button type="button" class=${kind} aria-disabled=${action.busy || undefined} onClick=${() => action.run()} ...${more}>
      ${children}${action.busy ? html`<span class="busy" aria-hidden="true"></span>` : null}
    </button>`;
}

// A reply of the appliance, read when the page opens, and again by `reload`.
export function useReply(read) {
  const action = useAction(read);
  const [reply, set] = useState(null);
  const reload = async () => {
    const found = await action.run();
    if (found) set(found);
  };
  useEffect(() => { reload(); }, []);
  return { reply, set, reload, busy: action.busy, error: action.error };
}

// What is read, or why it is not there.
export function Awaited({ of, children }) {
  if (of.reply) return children;
  if (of.error) return html`<${Trouble} error=${of.error} />`;
  return html`<p class="quiet" role="status">${t("loading")}</p>`;
}

// Draws the component anew every so many seconds, for times that pass.
export function useSeconds(every) {
  const [, draw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(draw, every * 1000);
    return () => clearInterval(timer);
  }, [every]);
}

// A password to be typed, which can be looked at.
export function PasswordField({ label, name, help, complete, value, onInput }) {
  const [shown, show] = useState(false);
  return html`
    <div class="field">
      <label for=${name}>${label}</label>
      ${help ? html`<p class="quiet" id=${`${name}-help`}>${help}</p>` : null}
      <div class="joined">
        <input id=${name} type=${shown ? "text" : "password"} autocomplete=${complete} required minlength="8" maxlength="200"
          aria-describedby=${help ? `${name}-help` : undefined} value=${value} onInput=${(event) => onInput(event.target.value)} />
        <button type="button" aria-pressed=${shown} onClick=${() => show(!shown)}>${t("password.show")}</button>
      </div>
    </div>`;
}
