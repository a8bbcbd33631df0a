// A hail by three taps: whom, what, send.
import { signal } from "@preact/signals";
import { html } from "../../../console/page/src/html.js";
import { act } from "../../../console/page/src/deeds.js";
import { channels, desks, live, me } from "../../../console/page/src/state.js";
import { who } from "../../../console/page/src/who.js";
import { word } from "../../../console/page/src/words.js";
import { say } from "./say.js";
import { channel, place, screen } from "./state.js";

const to = signal(null), what = signal(null), slots = signal({}), urgency = signal("urgent"), find = signal("");

/** open begins a new hail. */
export function open() {
  to.value = what.value = null;
  slots.value = {};
  urgency.value = "urgent";
  find.value = "";
  screen.value = "hail";
}

/** callees are the desks that can be hailed, those of the chosen channel first. */
function callees() {
  const list = new Map();
  for (const c of channels.value) {
    if (!c.joined || !c.may_hail) continue;
    const add = (name, short, agency) => { if (name !== me.value?.name) list.set(`${c.id} ${name}`, { channel: c.id, name, short, agency }); };
    for (const d of desks.value) if (d.channel === c.id) add(d.role, d.short);
    for (const m of c.members ?? []) if (m.role === "desk" && !m.me) add(m.name, m.short, m.agency);
  }
  return [...list.values()].sort((a, b) => (b.channel === channel.value?.id) - (a.channel === channel.value?.id));
}

function pick(p) {
  what.value = p;
  const known = place.peek() && p.slots?.includes("place");
  slots.value = known ? { place: `${place.peek().lat.toFixed(6)},${place.peek().lon.toFixed(6)}` } : {};
}

/** exercise: a call is one where its channel is. */
const exercise = () => channels.value.find((c) => c.id === to.value.channel)?.exercise ?? false;

async function send() {
  const given = Object.fromEntries(Object.entries(slots.peek()).filter(([, v]) => v.trim()));
  const outcome = await act({ do: "hail", exercise: exercise(), channel: to.peek().channel, name: to.peek().name, phrase: what.peek().slug, slots: given, priority: urgency.peek() }, say("hail.sent"));
  if (outcome.done || outcome.waits) screen.value = "talk";
}

export function Hail() {
  if (!to.value) {
    const list = callees();
    return html`<section><h2>${say("hail.to")}</h2>
      ${!list.length && html`<p>${say("hail.none")}</p>`}
      <ul class="keys">${list.map((d) => html`<li><button type="button" data-desk=${d.name} onClick=${() => { to.value = d; }}><b>${who(d.short)}</b> <small>${d.agency}</small></button></li>`)}</ul></section>`;
  }
  if (!what.value) {
    const wanted = find.value.trim().toLowerCase();
    const list = (me.value?.phrases ?? []).filter((p) => `${p.says} ${p.group}`.toLowerCase().includes(wanted));
    return html`<section><h2>${say("hail.what", { to: who(to.value.short) })}</h2>
      <label class="line"><span>${say("hail.find")}</span><input type="search" value=${find.value} onInput=${(e) => { find.value = e.currentTarget.value; }} /></label>
      <ul class="keys">${list.map((p) => html`<li><button type="button" data-phrase=${p.slug} onClick=${() => pick(p)}>${p.says}</button></li>`)}</ul></section>`;
  }
  const missing = what.value.required ?? [];
  return html`<section><h2>${exercise() && html`<mark>${say("exercise")}</mark> `}${what.value.says}</h2>
    ${slots.value.place && html`<p>${say("hail.place")}</p>`}
    ${missing.map((slot) => html`<label class="line"><span>${say("hail.needs", { slot: word("slot", slot) })}</span><input value=${slots.value[slot] ?? ""} onInput=${(e) => { slots.value = { ...slots.value, [slot]: e.currentTarget.value }; }} /></label>`)}
    <div class="pair" role="group" aria-label=${say("hail.urgency")}>${["routine", "urgent", "emergency"].map((u) => html`<button type="button" aria-pressed=${urgency.value === u ? "true" : "false"} onClick=${() => { urgency.value = u; }}>${word("priority", u)}</button>`)}</div>
    <button type="button" class="send" data-send disabled=${!live.value.on || missing.some((s) => !slots.value[s]?.trim())} onClick=${send}>${say("hail.send", { to: who(to.value.short) })}</button></section>`;
}
