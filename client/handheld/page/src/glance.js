// What is seen at one glance: link, channel, who talks, secure or not, the queue.
import { html } from "../../../console/page/src/html.js";
import { act, notes, putAway } from "../../../console/page/src/deeds.js";
import { Answers } from "../../../console/page/src/parts/calls.js";
import { alarms, channels, link, live, me, ringing, safety } from "../../../console/page/src/state.js";
import { login } from "../../../console/page/src/stream.js";
import { left, now, since, span, until } from "../../../console/page/src/times.js";
import { who } from "../../../console/page/src/who.js";
import { t, word } from "../../../console/page/src/words.js";
import { say } from "./say.js";
import { channel } from "./state.js";

function Link() {
  if (login.value) return html`<p class="link bad" role="status"><b>✖ ${say("login")}</b></p>`;
  if (!live.value.on) return html`<p class="link bad" role="status"><b>✖ ${say("link.not-live", { age: span(Math.max(0, Math.floor((now.value - live.value.since) / 1000))) })}</b></p>`;
  if (!link.value?.up) return html`<p class="link bad" role="status"><b>▼ ${say("link.down", { age: span(since(link.value?.since)) })}</b> ${link.value?.why}</p>`;
  return html`<p class="link"><b>▲ ${say("link.up")}</b> <span>${who(me.value?.short)}</span></p>`;
}

const shapes = { secure: "◆", unconfirmed: "◇", differ: "✖", none: "○", gateway: "⚠", unknown: "?" };

/** Secure is a shape and a word, and never more than is known. */
function Secure({ of }) {
  const s = safety(of);
  return html`<p class=${`secure ${s.state}`} data-secure=${s.state}><span aria-hidden="true">${shapes[s.state] ?? "?"}</span> <b>${t(s.key)}</b>${s.says && html` <small>${s.says}</small>`}</p>`;
}

function Floor({ of: c }) {
  const f = c.floor;
  if (!live.value.on) return html`<p class="speaker"><b>—</b></p>`;
  return html`
    <p class="speaker" aria-live="polite"><b>${f.holder ? say("glance.talks", { who: who(f.short) }) : say("glance.nobody")}</b>
      ${f.holder && html`<span>${f.agency} · ${word("priority", f.priority)}</span>`}
      ${f.holder && html`<meter min="0" max="100" value=${f.level} aria-hidden="true"></meter>`}</p>
    ${f.bits > 0 && ["granted", "warned"].includes(f.mine) && html`<p class="queue" data-strain>${t("floor.strain")}</p>`}
    ${f.queue > 0 && html`<p class="queue"><b>${say("glance.queued", { n: f.queue })}</b></p>`}
    ${c.hub_away && html`<p class="queue">▲ ${say("glance.local")}</p>`}
    ${f.forged && html`<p class="queue bad"><b>✖ ${say("missed.forged")}</b></p>`}`;
}

export function Glance() {
  const c = channel.value, list = channels.value;
  return html`
    <section class="glance" aria-label=${say("glance.label")}>
      ${c && html`
        <h1>${c.title}</h1>
        <p class="place">${word("kind", c.kind)} · ${say("channel.of", { n: list.findIndex((x) => x.id === c.id) + 1, all: list.length })}${c.exercise && html` <mark>${say("exercise")}</mark>`}</p>
        <${Secure} of=${c} /><${Floor} of=${c} />
        ${!c.joined && html`<button type="button" class="wide" onClick=${() => act({ do: "join", channel: c.id })}>${say("channel.join")}</button>`}`}
    </section>`;
}

/** Rings are the calls that want an answer: the gravest first. */
function Rings() {
  if (!live.value.on) return null;
  const grave = (c) => /emergency|peril/.test(c.urgency);
  const [c, ...more] = [...ringing.value].sort((a, b) => grave(b) - grave(a));
  if (!c) return null;
  return html`
    <section class=${`ring ${grave(c) ? "grave" : ""}`} data-call=${c.id}>
      <div role="alert"><p><b>${c.exercise && html`<mark>${say("exercise")}</mark> `}${word("priority", c.urgency)}: ${who(c.from_short)}</b> ${left(until(c.expires))}${more.length > 0 && html` (+${more.length})`}</p>
        <p class="says">${c.says}</p>${c.note && html`<p>“${c.note}”</p>`}</div>
      <${Answers} call=${c} />
    </section>`;
}

function Alarm() {
  const [a] = alarms.value;
  if (!a) return null;
  return html`<p class="alarm" role="status"><b>! ${a.says}</b><button type="button" onClick=${() => act({ do: "alarm-seen", alarm: a.id })}>${say("alarm.seen")}</button></p>`;
}

export function Top() {
  const exercise = channel.value?.exercise;
  return html`
    <header class=${exercise ? "exercise" : ""}><${Link} />
      ${exercise && html`<p class="stripe"><b>${say("exercise")}</b></p>`}
      ${me.value?.expelled && html`<p class="link bad" role="alert"><b>✖ ${say("expelled", { why: me.value.expelled })}</b></p>`}
      <${Rings} /><${Alarm} />
      <div role="status">${notes.value.slice(0, 2).map((n) => html`<p key=${n.id} class=${`note ${n.kind}`}>${n.text}<button type="button" aria-label=${say("put-away")} onClick=${() => putAway(n.id)}>✕</button></p>`)}</div>
    </header>`;
}
