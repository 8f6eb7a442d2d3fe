// Access: the password, tokens of programs, browsers that are logged in, and the language of the page.

import { html, useState } from "../vendor/htm-preact.js";
import { call, get, post } from "../api.js";
import { Awaited, Button, Card, News, PasswordField, Trouble, useAction, useReply } from "../parts.js";
import { language, languages, moment, t } from "../texts.js";

// Ends a session or revokes a token. One that is gone already was ended by another page.
async function end(path) {
  try {
    await call("DELETE", path);
  } catch (error) {
    if (error.status !== 404) throw error;
  }
}

const SCOPES = ["read", "control", "configure"];

export function Languages({ speak }) {
  return html`
    <div class="field">
      <label for="language">${t("access.language")}</label>
      <select id="language" onChange=${(event) => speak(event.target.value)}>
        ${Object.entries(languages).map(([tag, name]) => html`<option key=${tag} value=${tag} lang=${tag} selected=${tag === language}>${name}</option>`)}
      </select>
    </div>`;
}

function Password() {
  const [current, type] = useState("");
  const [next, choose] = useState("");
  const action = useAction(async () => {
    await call("PUT", "/password", { current, password: next });
    type("");
    choose("");
  });
  return html`
    <${Card} title=${t("password")}>
      <form onSubmit=${(event) => { event.preventDefault(); action.run(); }}>
        <${PasswordField} label=${t("password.current")} name="current" complete="current-password" value=${current} onInput=${type} />
        <${PasswordField} label=${t("password.new")} name="next" help=${t("password.rule")} complete="new-password" value=${next} onInput=${choose} />
        <button aria-disabled=${action.busy || undefined}>${t("password.change")}</button>
      </form>
      <${News}>${action.done ? t("password.changed") : ""}<//>
      <${Trouble} error=${action.error} />
    <//>`;
}

function NewToken({ made }) {
  const [name, type] = useState("");
  const [scopes, choose] = useState(["read"]);
  const action = useAction(async () => {
    const found = await post("/tokens", { name: name.trim(), scopes });
    type("");
    made();
    return found;
  });
  const set = (scope, on) => choose(SCOPES.filter((one) => (one === scope ? on : scopes.includes(one))));
  return html`
    <form onSubmit=${(event) => { event.preventDefault(); action.run(); }}>
      <div class="field">
        <label for="token">${t("access.token.name")}</label>
        <input id="token" type="text" required maxlength="60" autocomplete="off" dir="auto" value=${name} onInput=${(event) => type(event.target.value)} />
      </div>
      <fieldset>
        <legend>${t("access.scopes")}</legend>
        ${SCOPES.map((one) => html`
          <label class="tick" key=${one}><input type="checkbox" checked=${scopes.includes(one)} onChange=${(event) => set(one, event.target.checked)} /> ${t(`scope.${one}`)}</label>`)}
      </fieldset>
      <button aria-disabled=${action.busy || undefined} disabled=${!scopes.length}>${t("access.token.make")}</button>
    </form>
    <div role="status">${action.done ? html`
      <p><strong>${t("access.token.once")}</strong></p>
      <p><label for="secret" class="unseen">${t("access.token")}</label>
        <input id="secret" class="secret" readonly value=${action.done.token} onFocus=${(event) => event.target.select()} /></p>` : null}</div>
    <${Trouble} error=${action.error} />`;
}

function Tokens() {
  const found = useReply(() => get("/tokens"));
  const revoke = useAction(async (id) => {
    await end(`/tokens/${id}`);
    await found.reload();
  });
  return html`
    <${Card} title=${t("access.tokens")} wide=${true}>
      <p class="quiet">${t("access.tokens.help")}</p>
      <${Awaited} of=${found}>
        <ul class="rows">${found.reply?.tokens.map((one) => html`
          <li key=${one.id}>
            <span><strong dir="auto">${one.name}</strong> · ${one.scopes.map((scope) => t(`scope.${scope}`)).join(", ")}<br />
              <span class="quiet">${one.used_at ? t("access.used", { when: moment(one.used_at) }) : t("access.unused")}</span></span>
            <button type="button" class="danger" aria-label=${`${t("access.revoke")}: ${one.name}`} onClick=${() => revoke.run(one.id)}>${t("access.revoke")}</button>
          </li>`)}
        </ul>
      <//>
      <${Trouble} error=${revoke.error} />
      <h3>${t("access.token.new")}</h3>
      <${NewToken} made=${found.reload} />
    <//>`;
}

function Sessions({ left }) {
  const found = useReply(() => get("/sessions"));
  const endOne = useAction(async (id) => {
    await end(`/sessions/${id}`);
    await found.reload();
  });
  const endAll = useAction(async () => {
    await call("DELETE", "/sessions");
    left();
  });
  return html`
    <${Card} title=${t("access.sessions")} wide=${true}>
      <${Awaited} of=${found}>
        <ul class="rows">${found.reply?.sessions.map((one) => html`
          <li key=${one.id}>
            <span><strong>${one.address}</strong>${one.current ? html` · <em>${t("access.this")}</em>` : null}<br />
              <span class="quiet">${t("access.used", { when: moment(one.used_at) })}</span></span>
            ${one.current ? null : html`<button type="button" aria-label=${`${t("access.end")}: ${one.address}`} onClick=${() => endOne.run(one.id)}>${t("access.end")}</button>`}
          </li>`)}
        </ul>
      <//>
      <div class="buttons">
        <${Button} action=${useAction(async () => { await call("DELETE", "/session"); left(); })}>${t("access.logout")}<//>
        <${Button} action=${endAll} kind="danger">${t("access.logout.all")}<//>
      </div>
      <${Trouble} error=${endOne.error ?? endAll.error} />
    <//>`;
}

export function Page({ who, left, speak }) {
  return html`
    <div class="cards">
      ${who.owner ? html`<${Password} />` : null}
      <${Card} title=${t("language")}><${Languages} speak=${speak} /><//>
      ${who.owner ? html`<${Tokens} /><${Sessions} left=${left} />` : html`<p>${t("missing")}</p>`}
    </div>`;
}
