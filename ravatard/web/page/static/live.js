// The live connection: one WebSocket that is opened again when it breaks, with growing pauses.

import { useEffect, useReducer } from "./vendor/htm-preact.js";
import { get } from "./api.js";
import { first } from "./texts.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;
// A page that is not looked at gives its place up after this: the appliance serves six of a browser.
const REST_MS = 3000;
export const MOST_LINES = 1000;

// What is known. `at`: when the status came, in milliseconds of performance.now(). `retryAt`: of the next attempt.
export const live = {
  status: null, at: 0, meter: null, lines: [], missed: 0, connected: false, everConnected: false, retryAt: 0,
};
if (first.status) Object.assign(live, { status: first.status, connected: true, everConnected: true });

const readers = { state: new Set(), meter: new Set(), log: new Set() };
const wish = { meter: 0, log: 0 };
let socket = null;
let pauseMs = FIRST_PAUSE_MS;
let timer = 0;
let wanted = false;
let resting = false;
let restTimer = 0;
let loggedOut = () => {};

function tell(kind) {
  for (const reader of readers[kind]) reader();
}

function sendWish() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const shown = document.visibilityState === "visible";
  const after = live.lines.at(-1)?.number ?? 0;
  socket.send(JSON.stringify({ meter: shown && wish.meter > 0, log: wish.log > 0, log_after: after }));
}

function take(message) {
  if (message.type === "state") {
    // Another version is running: this page belongs to the one before.
    if (live.status?.version && live.status.version !== message.status.version) location.reload();
    live.status = message.status;
    live.at = performance.now();
    tell("state");
  } else if (message.type === "meter") {
    live.meter = message;
    tell("meter");
  } else if (message.type === "log") {
    // Of an appliance that has started anew, with its clock set back, the numbers may be lower.
    const last = live.lines.at(-1)?.number ?? 0;
    const fresh = message.lines[0]?.number <= last ? message.lines : live.lines.concat(message.lines);
    live.missed += message.missed + Math.max(0, fresh.length - MOST_LINES);
    live.lines = fresh.slice(-MOST_LINES);
    tell("log");
  }
}

function restSoon() {
  clearTimeout(restTimer);
  restTimer = setTimeout(() => {
    if (document.visibilityState === "visible" || !socket) return;
    resting = true;
    socket.close();
  }, REST_MS);
}

async function lost() {
  socket = null;
  if (resting) {
    // What is shown stays until it is looked at again, which may be now.
    if (document.visibilityState === "visible") again();
    return;
  }
  live.connected = false;
  live.meter = null;
  if (!wanted) return;
  const waitMs = pauseMs * (0.75 + Math.random() / 2);
  pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  live.retryAt = performance.now() + waitMs;
  timer = setTimeout(connect, waitMs);
  tell("state");
  tell("meter");
  // The appliance may have ended the session, or started anew with another program.
  const who = await get("/session").catch(() => null);
  if (who && !who.authenticated && wanted) loggedOut();
}

function connect() {
  clearTimeout(timer);
  if (socket || !wanted) return;
  resting = false;
  socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/api/v1/live`);
  socket.addEventListener("open", () => {
    pauseMs = FIRST_PAUSE_MS;
    live.connected = live.everConnected = true;
    sendWish();
    tell("state");
    if (document.visibilityState !== "visible") restSoon();
  });
  socket.addEventListener("message", (event) => take(JSON.parse(event.data)));
  socket.addEventListener("close", lost);
}

export function start(onLoggedOut) {
  loggedOut = onLoggedOut;
  wanted = true;
  pauseMs = FIRST_PAUSE_MS;
  connect();
}

export function stop() {
  wanted = false;
  clearTimeout(timer);
  Object.assign(live, { status: null, meter: null, lines: [], missed: 0, connected: false, everConnected: false });
  socket?.close();
}

function again() {
  if (wanted && !socket) connect();
}

addEventListener("online", again);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") again();
  else restSoon();
  sendWish();
});

// What is known, for a component that is drawn anew at each change of that kind: "state", "meter" or "log".
export function useLive(kind) {
  const [, draw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    readers[kind].add(draw);
    if (kind in wish) {
      wish[kind] += 1;
      sendWish();
    }
    draw();
    return () => {
      readers[kind].delete(draw);
      if (kind in wish) {
        wish[kind] -= 1;
        sendWish();
      }
    };
  }, [kind]);
  return live;
}
