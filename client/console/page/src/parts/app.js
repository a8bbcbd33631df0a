// The page as a whole.
import { html } from "../html.js";
import { said } from "../aloud.js";
import { notes, putAway } from "../deeds.js";
import { prefs } from "../prefs.js";
import { channels, exercises, live, me, ringing } from "../state.js";
import { login } from "../stream.js";
import { span, since } from "../times.js";
import { t } from "../words.js";
import { Ringing } from "./calls.js";
import { Hail } from "./hail.js";
import { Icon } from "./icons.js";
import { IncidentAct } from "./incidentact.js";
import { Patch } from "./patching.js";
import { Panels } from "./panels.js";
import { Settings } from "./settings.js";
import { dialog, side } from "./shown.js";
import { SpeakBar } from "./speakbar.js";
import { Strip } from "./strip.js";
import { Top } from "./top.js";

const dialogs = { hail: Hail, patch: Patch, incident: IncidentAct, settings: Settings };

export function App() {
  const d = dialog.value, Box = d && dialogs[d.name];
  return html`
    <a class="skip" href="#channels">${t("skip")}</a>
    <div class=${`page side-${side.value} ${live.value.on ? "" : "not-live"}`}>
      <${Top} />
      <${Banners} />
      <${Ringing} />
      <main>
        <${Channels} />
        <${Panels} />
      </main>
      <nav class="sides" aria-label=${t("sides.label")}>${["channels", "panel"].map((s) => html`
        <button type="button" key=${s} aria-current=${side.value === s ? "true" : null} onClick=${() => { side.value = s; }}>${t(`sides.${s}`)}${s === "panel" && ringing.value.length > 0 && html` <span class="count loud">${ringing.value.length}</span>`}</button>`)}</nav>
      <${SpeakBar} />
    </div>
    <${Notes} />
    ${Box && html`<${Box} ...${d} />`}
    <p class="hidden" aria-live="polite" role="status">${said.value}</p>`;
}

const places = new Map(); // by channel joined: when it came; bounded by those there are

/** inPlace is the joined channels in the order in which they came, so that no button moves under a finger, and then the others. */
function inPlace(list) {
  const joined = new Set(list.filter((c) => c.joined).map((c) => c.id));
  for (const id of places.keys()) if (!joined.has(id)) places.delete(id);
  let last = Math.max(0, ...places.values());
  for (const id of joined) if (!places.has(id)) places.set(id, ++last);
  const at = (c) => places.get(c.id) ?? Infinity;
  return [...list].sort((a, b) => (at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : 0));
}

function Channels() {
  const list = channels.value;
  return html`
    <section class="channels" id="channels" tabindex="-1" aria-label=${t("channels.label")}>
      <h2 class="hidden">${t("channels.label")}</h2>
      ${!list.length && html`<p class="empty">${t(live.value.on ? "channels.none" : "top.connecting")}</p>`}
      <div class="strips">${inPlace(list).map((c) => html`<${Strip} key=${c.id} channel=${c} />`)}</div>
    </section>`;
}

/** Banners are what changes how all else is to be read. */
function Banners() {
  return html`
    ${login.value && html`<p class="banner bad" role="alert"><${Icon} name="warn" />${t("banner.login")}</p>`}
    ${!live.value.on && live.value.ever && html`<p class="banner bad" role="alert"><${Icon} name="linkOff" /><b>${t("banner.not-live")}</b> ${t("banner.not-live-says", { span: span(since(new Date(live.value.since).toISOString())) })}</p>`}
    ${me.value?.expelled && html`<p class="banner bad" role="alert"><${Icon} name="warn" /><b>${t("banner.expelled")}</b> ${me.value.expelled}</p>`}
    ${exercises.value && html`<p class="banner exercise"><span>${t("exercise")}</span><b>${t("banner.exercise")}</b><span aria-hidden="true">${t("exercise")}</span></p>`}
    ${prefs.latch.value && html`<p class="hidden" role="note">${t("settings.latch")}</p>`}`;
}

/** Notes are what became of deeds. */
const Notes = () => html`
  <div class="notes" role="status" aria-live="polite">${notes.value.map((n) => html`
    <p key=${n.id} class=${`note-${n.kind}`}><${Icon} name=${n.kind === "good" ? "check" : n.kind === "wait" ? "clock" : "warn"} /><span>${n.text}</span>
      <button type="button" class="quiet" onClick=${() => putAway(n.id)} aria-label=${t("close")}><${Icon} name="cross" size=${14} /></button></p>`)}</div>`;
