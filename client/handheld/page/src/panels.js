// Texts, what was said, and the rest.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../../../console/page/src/html.js";
import { act, note, send } from "../../../console/page/src/deeds.js";
import { draft, write } from "../../../console/page/src/drafts.js";
import { prefs } from "../../../console/page/src/prefs.js";
import { bursts, channels, messages, title } from "../../../console/page/src/state.js";
import { clock, now, since, span } from "../../../console/page/src/times.js";
import { who } from "../../../console/page/src/who.js";
import { language, languages, word } from "../../../console/page/src/words.js";
import { locate } from "./device.js";
import { say } from "./say.js";
import { channel, place } from "./state.js";

const going = signal(false);
const shown = new Set();

async function text(words) {
  const c = channel.peek();
  if (!c || !words.trim() || going.peek()) return;
  going.value = true;
  const outcome = await act({ do: "text", channel: c.id, text: words.trim() });
  going.value = false;
  if ((outcome.done || outcome.waits) && draft(c.id) === words) write(c.id, "");
}

export function Texts() {
  const c = channel.value;
  const list = messages.value.filter((m) => m.channel === c?.id).slice(-30);
  useEffect(() => {
    if (document.hidden) return;
    for (const m of list) if (!m.mine && !shown.has(m.id)) { shown.add(m.id); send({ do: "shown", message: m.id }); }
  }, [list.at(-1)?.id]);
  return html`<section><h2>${c?.title}</h2>
    ${!list.length && html`<p>${say("texts.none")}</p>`}
    <ol class="texts">${list.map((m) => html`<li key=${m.id} class=${m.mine ? "mine" : ""}>${m.late && html`<mark>${say("texts.late")}</mark> `}<b>${who(m.short)}</b> <time>${clock(m.at)}</time> ${m.mine && html`<small>${word("state", m.state)} ${m.why}</small>`}<p>${m.text}</p></li>`)}</ol>
    <div class="quick" role="group" aria-label=${say("texts.quick")}>${say("quick").map((q) => html`<button type="button" data-quick onClick=${() => text(q)}>${q}</button>`)}</div>
    <form class="line" onSubmit=${(e) => { e.preventDefault(); text(draft(c?.id)); }}>
      <input aria-label=${say("texts.write")} placeholder=${say("texts.write")} maxlength="2000" value=${draft(c?.id)} onInput=${(e) => { if (c) write(c.id, e.currentTarget.value); }} />
      <button type="submit">${say("texts.send")}</button></form></section>`;
}

const playing = signal("");

export function Missed() {
  const list = bursts.value.filter((b) => b.over).slice(0, 30);
  return html`<section><h2>${say("nav.missed")}</h2>
    ${!list.length && html`<p>${say("missed.none")}</p>`}
    <ul class="keys">${list.map((b) => html`<li key=${b.id} class=${b.heard ? "" : "missed"}>
      <button type="button" data-burst=${b.id} onClick=${() => { playing.value = b.id; }}>
        <b>${b.heard ? "▶" : `▶ ${say("missed.late")}`} ${clock(b.at)}</b> ${who(b.short)} <small>${title(b.channel)}, ${say("missed.seconds", { n: Math.round(b.ms / 1000) })}</small>${!b.genuine && html` <small class="bad">${say("missed.forged")}</small>`}</button>
      ${playing.value === b.id && html`<audio src=${`api/recall/${b.id}`} autoplay controls onEnded=${() => { playing.value = ""; }}></audio>`}</li>`)}</ul></section>`;
}

/** Outbox says what waits, and since when. */
export function Outbox() {
  const all = channels.value.flatMap((c) => c.outbox ?? []);
  if (!all.length) return null;
  const oldest = Math.max(...all.map((q) => since(q.at)));
  return html`<p class="outbox" data-outbox><b>⏳ ${say("outbox", { n: all.length, age: span(oldest) })}</b></p>`;
}

const hand = signal({ lat: "", lon: "" });

async function tell(p) {
  const patrols = channels.peek().filter((c) => c.joined && c.kind === "patrol");
  if (!patrols.length) return note("good", say("more.no-patrol"));
  for (const c of patrols) await act({ do: "position", channel: c.id, lat: p.lat, lon: p.lon, accuracy_m: p.accuracy }, say("more.told"));
}

async function here() {
  if (!(await locate())) return note("bad", say("more.refused"));
  await tell(place.peek());
}

function byHand(e) {
  e.preventDefault();
  const [lat, lon] = [hand.peek().lat, hand.peek().lon].map((s) => (s.trim() === "" ? NaN : Number(s.replace(",", "."))));
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return note("bad", say("more.bad"));
  place.value = { lat, lon, accuracy: 0, at: Date.now() };
  tell(place.peek());
}

export function More() {
  const p = place.value;
  const field = (name, label) => html`<label class="line"><span>${label}</span><input inputmode="decimal" value=${hand.value[name]} onInput=${(e) => { hand.value = { ...hand.value, [name]: e.currentTarget.value }; }} /></label>`;
  return html`<section><h2>${say("nav.more")}</h2>
    <${Outbox} />
    <div class="pair"><button type="button" data-sun aria-pressed=${prefs.theme.value === "light" ? "true" : "false"} onClick=${() => { prefs.theme.value = prefs.theme.peek() === "light" ? "dark" : "light"; }}>☀ ${say("more.sun")}</button>
      <button type="button" data-lean aria-pressed=${prefs.lean.value ? "true" : "false"} onClick=${() => { prefs.lean.value = !prefs.lean.peek(); }}>${say("more.lean")}<small>${say("more.lean-says")}</small></button></div>
    <div class="pair" role="group" aria-label=${say("more.language")}>${languages.map((l) => html`<button type="button" lang=${l} aria-pressed=${language.value === l ? "true" : "false"} onClick=${() => act({ do: "language", language: l })}>${{ en: "English", es: "Español", fr: "Français" }[l]}</button>`)}</div>
    <h3>${say("more.position")}</h3>
    <p>${p ? say("more.known", { lat: p.lat.toFixed(5), lon: p.lon.toFixed(5), age: span(Math.max(0, Math.floor((now.value - p.at) / 1000))) }) : say("more.unknown")}</p>
    <button type="button" class="wide" data-here onClick=${here}>${say("more.here")}</button>
    <form onSubmit=${byHand}>${field("lat", say("more.latitude"))}${field("lon", say("more.longitude"))}<button type="submit" class="wide">${say("more.tell")}</button></form></section>`;
}
