// Requests of the appliance's API (/api/v1/openapi.json).

import { has, t } from "./texts.js";

const PREFIX = "/api/v1";

// A request that failed. `status` 0: the appliance cannot be reached. `code`: stable name of the reason.
export class Refused extends Error {
  constructor(status, body) {
    super(body.error ?? "");
    this.status = status;
    this.code = body.code ?? (status === 0 ? "unreachable" : "failed");
    this.retryS = body.retry_after_s ?? null;
    this.problems = body.problems ?? [];
  }

  // This appliance does not have what was asked for.
  get missing() {
    return this.status === 404 || this.status === 501 || this.code === "no-settings";
  }

  // The reason in words: a text of the language, or the appliance's own English sentence.
  get words() {
    if (this.missing) return { text: t("missing"), english: false };
    const key = `error.${this.code}`;
    if (has(key)) return { text: t(key, { seconds: this.retryS ?? 1 }), english: false };
    return this.message ? { text: this.message, english: true } : { text: t("error.failed"), english: false };
  }
}

let loggedOut = () => {};

export function onLoggedOut(told) {
  loggedOut = told;
}

async function reply(method, path, body, { headers = {}, signal } = {}) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  let found;
  try {
    found = await fetch(PREFIX + path, { method, headers: { ...type, ...headers }, signal, ...sent });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, {});
  }
  if (found.ok) return found;
  const told = await found.json().catch(() => ({}));
  const refused = new Refused(found.status, told);
  if (refused.code === "not-logged-in") loggedOut();
  throw refused;
}

// The reply's body; null where there is none.
export async function call(method, path, body, options) {
  const found = await reply(method, path, body, options);
  return found.status === 204 ? null : found.json();
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}, options = undefined) => call("POST", path, body, options);

// Saves a reply as a file of the name that the appliance gives it.
export async function download(path, fallback) {
  const found = await reply("GET", path);
  const name = /filename="([\w.-]+)"/.exec(found.headers.get("Content-Disposition") ?? "")?.[1] ?? fallback;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await found.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
