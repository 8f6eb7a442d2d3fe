// Shows the daemon's state, embeds the avatar's picture, and reports the picture's state to the daemon.
const root = document.documentElement;
const element = (id) => document.getElementById(id);
// Origins that this page's policy lets an iframe show; another origin needs another policy, so a reload.
const allowed = new Set(root.dataset.origins.split(" ").filter(Boolean));
const texts = JSON.parse(root.dataset.texts);

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5000;
// A restarting daemon is back by then; after that, the session is over and its picture is removed.
const GIVE_UP_PICTURE_MS = 15000;
const ENDED_AGAIN_MS = 15000;
const AUDIBLE_MS = 1000;
// A long touch shows the details, which are for the owner, for this long.
const LONG_TOUCH_MS = 2000;
const DETAILS_MS = 60000;
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
let report = { picture: "empty", frame: "", sounding: false };
let sound = false;
let startMs = 20000;

function send(state, frame, sounding = false) {
  report = { picture: state, frame, sounding };
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(report));
}

function note(words, detail = "") {
  element("note-words").textContent = words;
  element("detail").textContent = detail;
  element("note").hidden = !words;
  root.toggleAttribute("data-noted", Boolean(words));
}

function missing() {
  return texts["picture.missing"] + (sound ? "" : " " + texts["picture.conversation-goes-on"]);
}

function face(look, word, advice, help, status) {
  root.dataset.look = look;
  element("word").textContent = word;
  element("advice").textContent = advice;
  element("help").textContent = help;
  element("status").textContent = status;
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
  // Only a frame that plays sounds; loading one anew is silent until it says otherwise.
  send(state, picture.frame, report.sounding && report.frame === picture.frame && state !== "loading" && state !== "refused");
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
    note(missing(), "The avatar's page is open, but has not reported that it plays. If it stays black, the stream does not "
      + "reach this browser: check that the network lets WebRTC (UDP) through.");
  }, startMs);
  element("stage").append(frame);
}

function refuse(words, detail = "") {
  clearTimeout(picture.timer);
  picture.element?.remove();
  picture.element = null;
  root.removeAttribute("data-picture");
  note(words, detail);
  become("refused");
}

function ended() {
  refuse(texts["picture.ended"], "The streaming page ended the picture: the stream broke off, its session is over, or the token was refused. "
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
    const shown = element("note-words").textContent === wanted.words
      && element("detail").textContent === (wanted.detail ?? "");
    if (picture.state !== "refused" || !shown) refuse(wanted.words, wanted.detail);
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
  } else if (event.data === "ravatar-sound-start" || event.data === "ravatar-sound-end") {
    // From a player that says when it is heard: the daemon's microphone is held meanwhile. Another page cannot
    // listen to it: its sound is that of another origin.
    send(picture.state, picture.frame, sound && event.data === "ravatar-sound-start");
  }
});

document.addEventListener("securitypolicyviolation", (event) => {
  if (event.effectiveDirective !== "frame-src" || !picture?.element) return;
  refuse(missing(), "The streaming page redirected to another address, which is not shown: " + event.blockedURI.split("?")[0]
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

// ---------------------------------------------------------------- details for the owner

let touched = 0;
let hideDetails = 0;

addEventListener("pointerdown", () => {
  touched = setTimeout(() => {
    clearTimeout(hideDetails);
    if (root.toggleAttribute("data-details")) {
      hideDetails = setTimeout(() => root.removeAttribute("data-details"), DETAILS_MS);
    }
  }, LONG_TOUCH_MS);
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => clearTimeout(touched));
// A long touch would otherwise open the browser's menu.
addEventListener("contextmenu", (event) => event.preventDefault());

// ---------------------------------------------------------------- the daemon

function apply(state) {
  clearTimeout(giveUp);
  sound = state.sound;
  startMs = state.start_s * 1000;
  face(state.look, state.word, state.advice, state.help, state.status);
  stage(state.picture);
}

function connect() {
  socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/state");
  socket.addEventListener("open", () => { retryMs = FIRST_RETRY_MS; });
  socket.addEventListener("message", (event) => {
    apply(JSON.parse(event.data));
    // The daemon of a new socket does not know the frame that kept running.
    if (report.frame) send(report.picture, report.frame, report.sounding);
  });
  socket.addEventListener("close", () => {
    if (root.dataset.look !== "gone") giveUp = setTimeout(() => { remove(); note(""); }, GIVE_UP_PICTURE_MS);
    face("gone", texts["words.gone"], texts["advice.gone"], texts["help.gone"],
      "The appliance's program does not answer. It restarts automatically. On this machine, “systemctl status "
      + "ravatard” shows more.");
    setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  });
}

connect();
