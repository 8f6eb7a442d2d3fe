// The page: who looks at it, its seven pages, and the way between them.

import { html, render, useEffect, useRef, useState } from "./vendor/htm-preact.js";
import { get, onLoggedOut } from "./api.js";
import { start, stop, useLive } from "./live.js";
import { Shape, lookOf, tone } from "./looks.js";
import { useSeconds } from "./parts.js";
import { choose, first as told, load, t } from "./texts.js";

// In the order of the menu, each with its sign. The modules are loaded when they are looked at, and the others
// behind the first look.
const PAGES = {
  now: [() => import("./pages/now.js"), "M3 11.5 12 4l9 7.5V20H3z"],
  turns: [() => import("./pages/turns.js"), "M4 6h9M4 12h16M4 18h12"],
  sound: [() => import("./pages/sound.js"), "M4 9.5v5h4l5 4.5V5L8 9.5zM16.5 9a4 4 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11"],
  settings: [() => import("./pages/settings.js"), "M4 7h9M17 7h3M4 17h3M11 17h9M13 4.5v5M7 14.5v5"],
  health: [() => import("./pages/health.js"), "M3 12h4l3-7 4 14 3-7h4"],
  log: [() => import("./pages/log.js"), "M5 4h14v16H5zM8.5 9h7M8.5 12.5h7M8.5 16h4"],
  access: [() => import("./pages/access.js"), "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
};

// What has no place in the menu.
const OTHERS = { enter: () => import("./enter.js"), start: () => import("./pages/start.js") };
const loaded = {};

// The component of a page, when its module is there.
async function component(name) {
  loaded[name] ??= (await (OTHERS[name] ?? PAGES[name][0])()).Page;
  return loaded[name];
}

// What else may be looked at, so that nothing is waited for then.
async function loadRest() {
  for (const name of [...Object.keys(PAGES), "start"]) await component(name);
}

function here() {
  const [name] = location.hash.replace(/^#\/?/, "").split("/");
  return Object.hasOwn(PAGES, name) || name === "start" ? name : "now";
}

const title = (page) => t(page in PAGES ? `page.${page}` : `${page}.title`);

function Menu({ page }) {
  return html`
    <nav class="menu" aria-label=${t("menu")}>
      ${Object.entries(PAGES).map(([name, [, sign]]) => html`
        <a href=${`#/${name}`} aria-current=${name === page ? "page" : undefined}>
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${sign} /></svg><span>${t(`page.${name}`)}</span>
        </a>`)}
    </nav>`;
}

// The state at the top of every page, and whether there is a connection at all.
function Top() {
  const known = useLive("state");
  const lost = known.everConnected && !known.connected;
  useSeconds(lost ? 1 : 60);
  const look = lookOf(known);
  const waitS = Math.max(1, Math.ceil((known.retryAt - performance.now()) / 1000));
  return html`
    <header class="top">
      <span class="mark" dir="auto">${known.status?.avatar || "ravatard"}</span>
      <a class="pill" href="#/now" data-tone=${tone(look)}><${Shape} look=${look} /><span>${t(`look.${look}`)}</span></a>
    </header>
    <div role="status">${lost ? html`<p class="lost">${t("lost")} <span aria-hidden="true">${t("lost.again", { seconds: waitS })}</span></p>` : null}</div>`;
}

function Shell({ who, left, speak }) {
  const [page, turn] = useState(here());
  const heading = useRef(null);
  const first = useRef(true);
  useEffect(() => {
    // Of two moves in quick succession the second one counts.
    const moved = () => component(here()).then(() => turn(here()), () => location.reload());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  // In another language it is another one.
  useEffect(() => { document.title = `${title(page)} – ravatard`; });
  useEffect(() => {
    // The reader of a screen is told where it is; at the first look the page begins at its top.
    if (!first.current) heading.current.focus();
    first.current = false;
    scrollTo(0, 0);
  }, [page]);
  const Page = loaded[page];
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); heading.current.focus(); }}>${t("skip")}</a>
    <${Top} />
    <${Menu} page=${page} />
    <main id="main" key=${page}>
      <h1 ref=${heading} tabindex="-1">${title(page)}</h1>
      <${Page} who=${who} left=${left} speak=${speak} />
    </main>`;
}

function App({ first }) {
  const [who, meet] = useState(first);
  const [, redraw] = useState(0);
  const arrived = useRef(false);
  const known = async (next) => {
    await component(next.authenticated ? here() : "enter");
    meet(next);
  };
  const left = () => {
    stop();
    get("/session").then(known, () => known({ ...who, authenticated: false }));
  };
  const speak = async (tag) => {
    choose(tag);
    await load(who.language, tag);
    redraw((count) => count + 1);
  };
  useEffect(() => {
    // What had the focus is gone with the page before this one.
    if (arrived.current) document.querySelector("h1").focus();
    arrived.current = true;
    if (!who.authenticated) return undefined;
    onLoggedOut(left);
    start(left);
    return stop;
  }, [who.authenticated]);
  if (!who.authenticated) return html`<${loaded.enter} who=${who} entered=${known} speak=${speak} />`;
  return html`<${Shell} who=${who} left=${left} speak=${speak} />`;
}

// Until the appliance answers, the page says so and goes on asking.
async function begin(pauseMs = 1000) {
  const root = document.getElementById("app");
  try {
    // A browser that comes from another site sends its cookie only with what the page itself asks for.
    const who = told.who?.authenticated ? told.who : await get("/session");
    // The state is asked for while the rest is.
    if (who.authenticated) start(() => {});
    await Promise.all([load(who.language), component(who.authenticated ? here() : "enter")]);
    render(html`<${App} first=${who} />`, root);
    requestAnimationFrame(() => setTimeout(() => loadRest().catch(() => {})));
  } catch (error) {
    console.error(error);
    await load("").catch(() => {});
    render(html`<main class="enter"><h1>ravatard</h1><p role="status">${t("lost")}</p></main>`, root);
    setTimeout(begin, pauseMs, Math.min(pauseMs * 2, 15000));
  }
}

begin();
