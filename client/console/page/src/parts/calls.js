// Calls: those that ring, to be answered in one press, and all others.
import { useState } from "preact/hooks";
import { html } from "../html.js";
import { who } from "../who.js";
import { silence, silenced } from "../aloud.js";
import { act } from "../deeds.js";
import { calls, channels, live, me, ringing } from "../state.js";
import { left, until } from "../times.js";
import { sounding } from "../sound.js";
import { t, word } from "../words.js";
import { Chip, Choice, Empty, Exercise, Moment } from "./basics.js";
import { Icon } from "./icons.js";
import { focusIncident, open, show } from "./shown.js";

const declines = ["declined-no-units", "declined-busy", "declined-outside-area", "declined-other-agency", "declined-not-authorized",
  "declined-no-agreement", "declined-too-dangerous", "declined-weather", "declined-no-access", "declined-no-equipment",
  "declined-already-handled", "declined-not-confirmed", "declined"];

export const grave = (urgency) => /emergency|peril/.test(urgency);

/** Ringing is the banner of what rings: the first few, and how many more. */
export function Ringing() {
  const list = ringing.value;
  if (!live.value.on || !list.length) return null;
  const shown = [...list].sort((a, b) => grave(b.urgency) - grave(a.urgency)).slice(0, 2);
  return html`
    <section class="ringing" aria-label=${t("ring.label", { n: list.length })}>
      ${shown.map((c) => html`<${Ring} key=${c.id} call=${c} />`)}
      ${list.length > shown.length && html`<p><button type="button" onClick=${() => show("calls")}>${t("ring.more", { n: list.length - shown.length })}</button></p>`}
    </section>`;
}

function Ring({ call: c }) {
  const quiet = silenced(c);
  return html`
    <article class=${`ring ${grave(c.urgency) ? "grave" : ""} ${c.exercise ? "is-exercise" : ""}`} data-call=${c.id}>
      <div class="what" role="alert">
        <p class="head"><${Icon} name="bell" size=${22} /><${Chip} kind="loud">${word("priority", c.urgency)}<//>
          ${c.exercise && html`<${Exercise} />`}
          <span>${c.for && c.for !== me.value?.name ? t("ring.from-for", { from: who(c.from_short), desk: who(c.for) }) : t("ring.from", { from: who(c.from_short) })}</span></p>
        <p class="says">${c.says}</p>
        ${c.place?.says && !c.says.includes(c.place.says) && html`<p class="place"><${Icon} name="pin" size=${16} />${c.place.says}</p>`}
        ${c.note && html`<p class="note">${t("call.note", { note: c.note })}</p>`}
      </div>
      <div class="do">
        <p class="count">${t("ring.left")} <b>${left(until(c.expires))}</b></p>
        <${Answers} call=${c} />
        <button type="button" class="quiet" aria-pressed=${quiet ? "true" : "false"} onClick=${() => silence(c, !quiet)}>
          <${Icon} name=${quiet ? "bellOff" : "bell"} size=${16} />${t(quiet ? "ring.silenced" : "ring.silence")}</button>
        ${!sounding.value && html`<small class="warn">${t("ring.no-sound")}</small>`}
      </div>
    </article>`;
}

const reply = (call, state, more, done) => act({ do: "reply", call: call.id, state, ...more }, t(done, { from: who(call.from_short) }));

/** Answers are the buttons for what may be said of a call here, one press each. */
export function Answers({ call: c }) {
  const [why, setWhy] = useState(declines[0]);
  const [minutes, setMinutes] = useState("");
  const said = (state) => live.value.on && c.may?.includes(state);
  const may = (state) => said(state) || (state === "committed" && said("accepted")); // the endpoint accepts first
  if (!c.may?.length) return null;
  const commit = () => reply(c, "committed", minutes ? { phrase: "committed-eta", slots: { eta: minutes } } : { phrase: "committed" }, "done.committed");
  return html`
    <div class="answers">
      ${may("accepted") && html`<button type="button" class="accept" data-answer="accepted" onClick=${() => reply(c, "accepted", {}, "done.accepted")}><${Icon} name="check" />${t("answer.accept")}</button>`}
      ${may("committed") && html`<span class="pair"><button type="button" class="commit" data-answer="committed" onClick=${commit}>${t("answer.commit")}</button>
        <label><span class="hidden">${t("answer.minutes")}</span><input type="number" min="0" max="1440" inputmode="numeric" placeholder=${t("answer.minutes")} value=${minutes} onInput=${(e) => setMinutes(e.currentTarget.value)} /></label></span>`}
      ${may("declined") && html`<span class="pair"><button type="button" class="decline" data-answer="declined" onClick=${() => reply(c, "declined", { phrase: why }, "done.declined")}><${Icon} name="cross" />${t("answer.decline")}</button>
        <${Choice} class="small" aria-label=${t("answer.reason")} value=${why} options=${declines.map((d) => [d, t(`decline.${d}`)])} onChange=${setWhy} /></span>`}
      ${may("cancelled") && html`<button type="button" data-answer="cancelled" onClick=${() => reply(c, "cancelled", {}, "done.cancelled")}>${t("answer.cancel")}</button>`}
      ${may("released") && html`<button type="button" data-answer="released" onClick=${() => reply(c, "released", {}, "done.released")}>${t("answer.release")}</button>`}
    </div>`;
}

export function Calls() {
  const can = channels.value.some((c) => c.joined && c.may_hail);
  return html`
    <div class="panel-head"><h2>${t("panel.calls")}</h2>
      <button type="button" class="primary" disabled=${!can || !live.value.on} onClick=${() => open("hail")}>${t("hail.new")}</button></div>
    ${!calls.value.length && html`<${Empty}>${t("calls.none")}<//>`}
    <ul class="list">${calls.value.map((c) => html`<${Row} key=${c.id} call=${c} />`)}</ul>`;
}

function Row({ call: c }) {
  return html`
    <li class=${`row call ${c.rings ? "rings" : ""} ${grave(c.urgency) && !over(c) ? "grave" : ""}`}>
      <p class="head"><${Moment} at=${c.at} /><${Chip} kind=${c.urgency === "routine" ? "" : "loud"}>${word("priority", c.urgency)}<//>${c.exercise && html`<${Exercise} />`}
        <span>${t(c.mine ? "call.mine" : "call.route", { from: who(c.from_short), to: who(c.to_short) })}</span><b class="state">${c.state_says || c.state}</b></p>
      <p class="says">${c.says}</p>
      ${c.note && html`<p class="note">${t("call.note", { note: c.note })}</p>`}
      <p class="foot">${c.holder && html`<span>${t("call.holder", { who: who(c.holder) })}</span>`}
        ${!over(c) && html`<span>${t("call.left", { left: left(until(c.expires)) })}</span>`}
        ${c.ladder?.length > 0 && html`<span>${t("ladder.at", { step: c.step, round: c.round })}</span>`}
        ${c.incident && html`<button type="button" class="quiet link" onClick=${() => { focusIncident.value = c.incident; show("incidents"); }}>${t("call.incident", { id: c.incident.slice(0, 8) })}</button>`}</p>
      ${!c.rings && html`<${Answers} call=${c} />`}
    </li>`;
}

const over = (c) => /declined|cancelled|released|expired|closed/i.test(c.state);
