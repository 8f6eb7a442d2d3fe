// One setting: its control by type, its meaning, and where its value comes from.

import { html } from "../vendor/htm-preact.js";
import { Told } from "../parts.js";
import { t } from "../texts.js";

const ON_DEVICE = "/etc/ravatard/ravatard.yaml";

// A value as it is typed: text, or true and false.
export function typed(setting, value = setting.value) {
  if (setting.type === "secret") return "";
  if (setting.type === "boolean") return value === true;
  if (setting.type === "list") return (value ?? []).join("\n");
  return value == null ? "" : String(value);
}

// What was typed as the API takes it. What is no number stays text: the appliance then says what is wrong.
export function untyped(setting, text) {
  if (setting.type === "list") return text.split("\n").map((one) => one.trim()).filter(Boolean);
  if (setting.type === "integer" || setting.type === "number") {
    const plain = text.trim().replace(",", ".");
    return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : text.trim();
  }
  if (setting.type === "choice") return setting.choices.find((one) => String(one) === text) ?? text;
  return text;
}

// A value in words, for people.
export function shown(value) {
  if (value == null || value === "" || (Array.isArray(value) && !value.length)) return t("settings.nothing");
  if (typeof value === "object" && !Array.isArray(value)) return t(value.set ? "settings.secret.set" : "settings.nothing");
  if (typeof value === "boolean") return t(value ? "settings.on" : "settings.off");
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function Control({ setting, id, value, locked, describedBy, invalid, change }) {
  const common = {
    id, disabled: locked, "aria-describedby": describedBy, "aria-invalid": invalid || undefined,
    onInput: (event) => change(event.target.value),
  };
  switch (setting.type) {
    case "boolean":
      return html`<input ...${common} type="checkbox" checked=${value} onInput=${undefined} onChange=${(event) => change(event.target.checked)} />`;
    case "choice":
      return html`
        <select ...${common} value=${value}>
          ${setting.optional ? html`<option value="" selected=${value === ""}>${t("settings.nothing")}</option>` : null}
          ${setting.choices.map((one) => html`<option key=${one} value=${String(one)} selected=${String(one) === value}>${String(one)}</option>`)}
        </select>`;
    case "list":
      return html`<textarea ...${common} rows="3" dir="auto" spellcheck="false" value=${value}></textarea>`;
    case "secret":
      return html`<input ...${common} type="password" autocomplete="new-password" value=${value} placeholder=${setting.value?.set ? t("settings.secret.kept") : ""} />`;
    case "integer":
    case "number":
      return html`<input ...${common} type="text" inputmode=${setting.low < 0 || setting.low == null ? "text" : "decimal"} autocomplete="off" value=${value} />`;
    default:
      return html`<input ...${common} type="text" autocomplete="off" dir="auto" spellcheck="false" value=${value} />`;
  }
}

// The file that a value which cannot be set here is written in.
function fileOf(setting) {
  return setting.origin.includes("/") ? setting.origin : ON_DEVICE;
}

export function SettingField({ setting, edit, problems, change }) {
  const id = `set-${setting.key}`;
  const locked = !setting.settable;
  const unset = edit === null;
  const value = edit === undefined || unset ? typed(setting) : edit;
  const described = [`${id}-text`, `${id}-facts`, problems.length ? `${id}-problem` : ""].filter(Boolean).join(" ");
  const range = setting.low == null && setting.high == null ? "" : `${setting.low ?? "−∞"} – ${setting.high ?? "∞"} ${setting.unit}`;
  const facts = [
    range ? `${t("settings.range")} ${range}` : setting.unit,
    `${t("settings.default")} ${shown(setting.default)}`,
    setting.source === "default" ? "" : `${t(`source.${setting.source}`)}${setting.origin.includes("/") ? ` (${setting.origin})` : ""}`,
    t(`needs.${setting.needs}`),
  ].filter(Boolean);
  return html`
    <div class="setting" data-edited=${edit !== undefined || undefined} data-wrong=${problems.length > 0 || undefined}>
      <label for=${id}><code>${setting.key}</code></label>
      <p id=${`${id}-text`}><${Told} text=${setting.text} /></p>
      <div class="joined">
        <${Control} setting=${setting} id=${id} value=${value} locked=${locked || unset} describedBy=${described} invalid=${problems.length > 0} change=${change} />
        ${setting.unit && setting.type !== "boolean" ? html`<span class="unit" aria-hidden="true">${setting.unit}</span>` : null}
      </div>
      ${problems.length ? html`<p class="trouble" id=${`${id}-problem`}>${problems.map((one) => html`<${Told} key=${one} text=${one} />`)}</p>` : null}
      <p class="quiet facts" id=${`${id}-facts`}>${facts.join(" · ")}</p>
      ${setting.local_only ? html`<p class="lock">${t("settings.local")} <code>${fileOf(setting)}</code></p>` : null}
      ${locked && !setting.local_only ? html`<p class="lock">${t("settings.stronger")} <code>${setting.origin}</code></p>` : null}
      ${setting.source === "page" && !locked && edit === undefined
        ? html`<button type="button" class="small" onClick=${() => change(null)} aria-label=${`${t("settings.unset")}: ${setting.key}`}>${t("settings.unset")}</button>` : null}
      ${edit !== undefined ? html`<button type="button" class="small" onClick=${() => change(undefined)} aria-label=${`${t("settings.revert")}: ${setting.key}`}>${t(unset ? "settings.unsetting" : "settings.revert")}</button>` : null}
    </div>`;
}
