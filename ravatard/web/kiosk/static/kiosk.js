// Shows the daemon's state, embeds the avatar's picture, and reports the picture's state to the daemon.
const root = document.documentElement;
const element = (id) => document.getElementById(id);
// Origins that this page's policy lets an iframe show; another origin needs another policy, so a reload.
const allowed = new Set(root.dataset.origins.split(" ").filter(Boolean));

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5000;
// A restarting daemon is back by then; after that, the session is over and its picture is removed.
const GIVE_UP_PICTURE_MS = 15000;
const ENDED_AGAIN_MS = 15000;
const AUDIBLE_MS = 1000;
// The attributes of the vendor's own client, without which its page does not work.
const IFRAME = {
  title: "RAVATAR Pixel Streaming",
  allow: "camera; microphone; autoplay; fullscreen; clipboard-read; clipboard-write; pointer-lock; encrypted-media",
  allowfullscreen: "",
  referrerpolicy: "no-referrer",
  sandbox: "allow-same-origin allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox"
    + " allow-modals allow-pointer-lock",
};

let socket = null;
let retryMs = FIRST_RETRY_MS;
let giveUp = 0;
let picture = null; // { frame, address, element, state, timer }
let report = { picture: "empty", frame: "" };
let sound = false;
let startMs = 20000;

function send(state, frame) {
  report = { picture: state, frame };
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(report));
}

function note(words) {
  element("note").textContent = words;
  element("note").hidden = !words;
  root.toggleAttribute("data-noted", Boolean(words));
}

function face(look, word, advice, status) {
  root.dataset.look = look;
  element("word").textContent = word;
  element("advice").textContent = advice;
  // The status is the word alone when there is nothing to add.
  element("status").textContent = status === word ? "" : status;
}

// ---------------------------------------------------------------- the picture

function remove() {
  if (!picture) return;
  clearTimeout(picture.timer);
  picture.element?.remove();
  picture = null;
  element("touch").hidden = true;
  root.removeAttribute("data-picture");
}

function become(state) {
  picture.state = state;
  send(state, picture.frame);
}

function embed() {
  clearTimeout(picture.timer);
  picture.element?.remove();
  root.removeAttribute("data-picture");
  const frame = document.createElement("iframe");
  for (const [name, value] of Object.entries(IFRAME)) frame.setAttribute(name, value);
  frame.src = picture.address;
  frame.addEventListener("load", () => { if (picture?.element === frame) root.dataset.picture = ""; });
  picture.element = frame;
  note("");
  become("loading");
  picture.timer = setTimeout(() => {
    become("silent");
    note("The avatar's page is open, but has not reported that it plays. If it stays black, the stream does not "
      + "reach this browser: check that the network lets WebRTC (UDP) through.");
  }, startMs);
  element("stage").append(frame);
}

function refuse(words) {
  clearTimeout(picture.timer);
  picture.element?.remove();
  picture.element = null;
  root.removeAttribute("data-picture");
  note(words);
  become("refused");
}

function ended() {
  refuse("The streaming page ended the picture: the stream broke off, its session is over, or the token was refused. "
    + "Trying again.");
  picture.timer = setTimeout(embed, ENDED_AGAIN_MS);
}

function stage(wanted) {
  if (!wanted) {
    remove();
    note("");
    send("empty", "");
    return;
  }
  if (picture && picture.frame !== wanted.frame) remove();
  picture ??= { frame: wanted.frame, address: null, element: null, state: "loading", timer: 0 };
  if (wanted.words) {
    picture.address = null;
    if (picture.state !== "refused" || element("note").textContent !== wanted.words) refuse(wanted.words);
    return;
  }
  if (!wanted.address) {
    note("");
    become("loading");
    return;
  }
  if (!wanted.origins.every((origin) => allowed.has(origin))) {
    location.reload();
    return;
  }
  const renewed = picture.address !== wanted.address;
  picture.address = wanted.address;
  // A running picture is left alone whatever the token; a closed one may have needed the new one.
  if (!picture.element && renewed) embed();
}

addEventListener("message", (event) => {
  if (!picture?.element || event.source !== picture.element.contentWindow || !allowed.has(event.origin)) return;
  if (event.data === "ravatar-session-start") {
    clearTimeout(picture.timer);
    note("");
    started(picture);
  } else if (event.data === "ravatar-session-close") {
    ended();
  }
});

document.addEventListener("securitypolicyviolation", (event) => {
  if (event.effectiveDirective !== "frame-src" || !picture?.element) return;
  refuse("The streaming page redirected to another address, which is not shown: " + event.blockedURI.split("?")[0]
    + ". Reload this page when the address is right.");
});

// ---------------------------------------------------------------- sound before a touch

// A browser that requires a touch before sound starts an audio context suspended.
async function mayBeHeard() {
  if (!sound || navigator.userActivation?.hasBeenActive) return true;
  const probe = new AudioContext();
  const runs = await new Promise((answer) => {
    const look = () => { if (probe.state === "running") answer(true); };
    probe.addEventListener("statechange", look);
    look();
    setTimeout(answer, AUDIBLE_MS, false);
  });
  probe.close();
  return runs;
}

async function started(one) {
  const heard = await mayBeHeard();
  if (picture !== one || !one.element) return;
  element("touch").hidden = heard;
  become(heard ? "playing" : "silent");
}

element("touch").addEventListener("click", () => {
  element("touch").hidden = true;
  if (picture?.element) embed();
});

// ---------------------------------------------------------------- the daemon

function apply(state) {
  clearTimeout(giveUp);
  sound = state.sound;
  startMs = state.start_s * 1000;
  face(state.look, state.word, state.advice, state.status);
  stage(state.picture);
}

function connect() {
  socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/state");
  socket.addEventListener("open", () => { retryMs = FIRST_RETRY_MS; });
  socket.addEventListener("message", (event) => {
    apply(JSON.parse(event.data));
    // The daemon of a new socket does not know the frame that kept running.
    if (report.frame) send(report.picture, report.frame);
  });
  socket.addEventListener("close", () => {
    if (root.dataset.look !== "gone") giveUp = setTimeout(() => { remove(); note(""); }, GIVE_UP_PICTURE_MS);
    face("gone", "not running", "The appliance's program does not answer. It restarts automatically.",
      "On this machine, “systemctl status ravatard” shows more.");
    setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  });
}

connect();
