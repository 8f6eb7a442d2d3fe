// Texts, numbers and times in the language of the reader. One file a language, in languages/.

export const languages = {};
export let language = "en";

// What came with the document: who looks at it, the texts of a language, and the state.
export const first = JSON.parse(document.getElementById("first")?.textContent ?? "{}");
const named = first.names ?? file("names").catch(() => ({}));
const KEPT = "ravatard-language";
let texts = {};

async function file(name) {
  const reply = await fetch(new URL(`languages/${name}.json`, import.meta.url));
  return reply.ok ? reply.json() : {};
}

// The language that a tag such as "de-AT" asks for, or undefined: the tag itself, else the language without region.
function offered(tag) {
  const wanted = (tag ?? "").toLowerCase();
  const known = Object.keys(languages);
  return known.find((one) => one.toLowerCase() === wanted) ?? known.find((one) => one.toLowerCase() === wanted.split("-")[0]);
}

function chosen() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // A browser may refuse to keep anything.
  }
}

export function choose(tag) {
  try {
    localStorage.setItem(KEPT, tag);
  } catch {
    // Then the choice holds for this page only.
  }
}

// Loads what fits best: the reader's choice, the service's language, the browser's, English.
export async function load(serviceLanguage, wanted = chosen()) {
  Object.assign(languages, await named);
  const tags = [wanted, serviceLanguage, ...navigator.languages];
  language = tags.map(offered).find(Boolean) ?? "en";
  texts = language === first.language ? first.texts : await file(language);
  document.documentElement.lang = language;
  document.documentElement.dir = new Intl.Locale(language).getTextInfo?.().direction ?? "ltr";
}

// The text of a key, with values in the places of their names in braces.
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{([a-z]+)\}/g, (mark, name) => (name in values ? String(values[name]) : mark));
}

export function has(key) {
  return key in texts;
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

// With a blank before the unit, as everywhere else: some languages have none in the narrow form ("1.3s").
function quantity(value, unit, digits = 0, unitDisplay = "narrow") {
  const parts = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay, maximumFractionDigits: digits })
    .formatToParts(value);
  return parts
    .map(({ type, value: text }, at) => (type === "unit" && at && parts[at - 1].type !== "literal" ? `\u00a0${text}` : text))
    .join("");
}

export const seconds = (ms) => quantity(ms / 1000, "second", ms < 10000 ? 1 : 0);
export const milliseconds = (ms) => quantity(ms, "millisecond");
export const minutes = (value) => quantity(value, "minute", value < 10 ? 1 : 0, "short");
export const percent = (value) => new Intl.NumberFormat(language, { style: "percent" }).format(value / 100);

// How long ago, in the largest unit that fits.
export function ago(elapsedS) {
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, least]) => elapsedS >= least) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-Math.round(elapsedS / size), unit);
}

export const moment = (atS) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(atS * 1000);
export const clock = (atS) => new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(atS * 1000);
