// Before a log-in: the claim of an appliance without a password, or the log-in itself.

import { html, useEffect, useState } from "./vendor/htm-preact.js";
import { call, get, post } from "./api.js";
import { News, PasswordField, Trouble, useAction } from "./parts.js";
import { t } from "./texts.js";
import { Languages } from "./pages/access.js";

const ASK_MS = 1000;

function Unencrypted({ who }) {
  const here = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  return who.encrypted || here ? null : html`<p class="quiet">${t("unencrypted")}</p>`;
}

function LogIn({ who, entered }) {
  const [password, type] = useState("");
  const action = useAction(async () => entered(await post("/session", { password })));
  return html`
    <form onSubmit=${(event) => { event.preventDefault(); action.run(); }}>
      <h1 tabindex="-1">${t("login.title")}</h1>
      <input class="unseen" type="text" autocomplete="username" value="ravatard" readonly tabindex="-1" aria-hidden="true" />
      <${PasswordField} label=${t("password")} name="password" complete="current-password" value=${password} onInput=${type} />
      <${Trouble} error=${action.error} />
      <button class="main" aria-disabled=${action.busy || undefined}>${t("login.do")}</button>
      <p class="quiet">${t("login.forgotten")} <code>sudo ravatard page password</code></p>
      <${Unencrypted} who=${who} />
    </form>`;
}

// Asks the appliance to await a press of its button, and follows what comes of it.
function Press({ offer, follow }) {
  const ask = useAction(async () => follow(await post("/claim/wait")));
  const awaited = offer.waiting || offer.spoken;
  useEffect(() => {
    if (!awaited) return undefined;
    const timer = setInterval(() => get("/claim").then(follow, () => {}), ASK_MS);
    return () => clearInterval(timer);
  }, [awaited]);
  const state = offer.spoken ? t("claim.spoken") : offer.waiting ? t("claim.press") : "";
  return html`
    <button type="button" class=${awaited ? "" : "main"} aria-disabled=${ask.busy || undefined} onClick=${() => ask.run()}>
      ${t(awaited ? "claim.again" : "claim.ask")}
    </button>
    <${News}>${state ? html`<strong>${state}</strong>` : null}<//>
    <${Trouble} error=${ask.error} />`;
}

function Claim({ who, entered }) {
  const [offer, follow] = useState(who.claim);
  const [code, type] = useState("");
  const [password, choose] = useState("");
  const action = useAction(async () => {
    try {
      const who = await post("/claim", { code, password });
      location.hash = "#/start";
      entered(who);
    } catch (error) {
      if (error.code === "claimed") entered(await call("GET", "/session"));
      follow(await get("/claim").catch(() => offer));
      throw error;
    }
  });
  return html`
    <form onSubmit=${(event) => { event.preventDefault(); action.run(); }}>
      <h1 tabindex="-1">${t("claim.title")}</h1>
      <p>${t("claim.why")}</p>
      <ol class="steps">
        <li>
          <h2>${t(offer.button ? "claim.digits" : "claim.get")}</h2>
          ${offer.button ? html`<${Press} offer=${offer} follow=${follow} />` : null}
          <p class="quiet">${t(offer.button ? "claim.or" : "claim.terminal")} <code>${offer.command}</code></p>
        </li>
        <li>
          <div class="field">
            <label for="code">${t("claim.code")}</label>
            <input id="code" class="digits" inputmode="numeric" autocomplete="one-time-code" required
              pattern="[0-9]{6}" maxlength="11" value=${code} onInput=${(event) => type(event.target.value.replace(/\D/g, ""))} />
          </div>
        </li>
        <li>
          <${PasswordField} label=${t("password.new")} name="password" help=${t("password.rule")} complete="new-password"
            value=${password} onInput=${choose} />
        </li>
      </ol>
      <${Trouble} error=${action.error} />
      <button class="main" aria-disabled=${action.busy || undefined}>${t("claim.do")}</button>
      <${Unencrypted} who=${who} />
    </form>`;
}

export function Page({ who, entered, speak }) {
  useEffect(() => { document.title = `${t(who.claimed ? "login.title" : "claim.title")} – ravatard`; });
  return html`
    <main class="enter card">
      ${who.claimed ? html`<${LogIn} who=${who} entered=${entered} />` : html`<${Claim} who=${who} entered=${entered} />`}
      <${Languages} speak=${speak} />
    </main>`;
}
