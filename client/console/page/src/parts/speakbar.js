// The bar at the bottom: one button for the chosen channels, the priority, the microphone.
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { keyFor } from "../keys.js";
import { prefs } from "../prefs.js";
import { arm, armed, blocked, disarm, pressed, priority } from "../press.js";
import { sounding, wake } from "../sound.js";
import { channels, live } from "../state.js";
import { now } from "../times.js";
import { clipping, level, mic, turnOn, voice } from "../voice.js";
import { names, t, word } from "../words.js";
import { Choice, Meter } from "./basics.js";
import { Icon } from "./icons.js";
import { PatchButton } from "./patching.js";
import { known, standing, useHold } from "./ptt.js";
import { keyName } from "./strip.js";

export function SpeakBar() {
  const list = known(prefs.picked.value);
  return html`
    <section class=${`speakbar ${armed.value ? "armed" : ""}`} aria-label=${t("bar.label")}>
      <${Microphone} />
      <${Together} list=${list} />
      <${Priority} list=${list} />
    </section>`;
}

function Together({ list }) {
  const hold = useHold(() => prefs.picked.value, "bar");
  const open = list.filter((c) => !blocked(c));
  const on = list.filter((c) => ["granted", "warned"].includes(standing(c)));
  const waiting = list.filter((c) => ["asked", "queued"].includes(standing(c)));
  const state = on.length ? "granted" : waiting.length ? "asked" : "idle";
  const why = open.length ? "" : list.length ? blocked(list[0]) : t("bar.none-says");
  const key = keyFor("picked");
  const says = on.length ? t("bar.on-air", { n: on.length }) : waiting.length ? t("ptt.asked")
    : !list.length ? t("bar.none") : armed.value ? t("ptt.emergency") : open.length ? t("bar.speak", { n: open.length }) : t("ptt.off");
  const on_what = on.length || waiting.length ? names((on.length ? on : waiting).map((c) => c.title)) : names(open.map((c) => c.title));
  return html`
    <button type="button" class=${`ptt big ptt-${why ? "off" : state} ${armed.value ? "armed" : ""}`} data-ptt="picked" data-state=${state}
      aria-disabled=${why ? "true" : "false"} aria-pressed=${on.length ? "true" : "false"} ...${hold}>
      <${Icon} name=${why ? "micOff" : "mic"} size=${26} />
      <span class="says"><b>${says}</b> <small>${why || on_what}</small></span>
      ${key && !prefs.keysOff.value && html`<kbd>${keyName(key)}</kbd>`}
    </button>`;
}

function Priority({ list }) {
  const may = list.length ? (list[0].priorities ?? []).filter((p) => list.every((c) => c.priorities?.includes(p))) : ["routine"];
  const can = may.filter((p) => p !== "emergency"), plain = can.length ? can : ["routine"];
  useEffect(() => { if (!plain.includes(priority.peek())) priority.value = plain[0]; }); // what is not shown is not sent
  const urgent = channels.value.some((c) => c.joined && c.priorities?.includes("emergency"));
  const seconds = Math.max(0, Math.ceil((armed.value - now.value) / 1000));
  return html`
    <div class="priority">
      <${PatchButton} />
      <${Choice} aria-label=${t("bar.priority")} value=${priority.value} options=${plain.map((p) => [p, word("priority", p)])}
        onChange=${(p) => { priority.value = p; }} />
      ${!urgent ? null : armed.value
        ? html`<button type="button" class="danger" onClick=${disarm}>${t("emergency.disarm", { n: seconds })}</button>`
        : html`<button type="button" class="danger outline" disabled=${!live.value.on} onClick=${arm}>${t("emergency.arm")}</button>`}
    </div>`;
}

function Microphone() {
  const m = mic.value;
  if (m.state === "off") return html`<button type="button" class="primary" data-turn-on onClick=${turnOn}><${Icon} name="mic" /><span>${t("mic.turn-on")}</span></button>`;
  if (m.state === "asking") return html`<p class="mic" role="status">${t("mic.asking")}</p>`;
  if (m.state === "failed") {
    return html`<div class="mic bad" role="status"><${Icon} name="micOff" /><span>${t(m.why)}</span>
      <button type="button" onClick=${turnOn}>${t("again")}</button></div>`;
  }
  if (voice.value === "taken") {
    return html`<div class="mic bad" role="status" data-voice="taken"><${Icon} name="micOff" /><span>${t("why.voice-taken")}</span>
      <button type="button" onClick=${turnOn}>${t("voice.take-back")}</button></div>`;
  }
  if (!sounding.value) return html`<button type="button" class="primary" data-turn-on onClick=${wake}><${Icon} name="speaker" /><span>${t("sound.turn-on")}</span></button>`;
  return html`
    <div class="mic" data-voice=${voice.value}><${Icon} name="mic" />
      <span><small>${pressed.value ? t("mic.sending") : t("mic.ready")}</small><${Meter} value=${level.value} hot=${clipping.value} label=${t("mic.level")} />
      ${clipping.value ? html`<small class="warn">${t("mic.loud")}</small>` : voice.value !== "on" && html`<small class="warn">${t(`voice.${voice.value}`)}</small>`}</span></div>`;
}
