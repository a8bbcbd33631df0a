// The incident board: where each stands, its timeline, its ladder, and what can be done.
import { html } from "../html.js";
import { who } from "../who.js";
import { calls, incidents, live, title } from "../state.js";
import { left, now } from "../times.js";
import { t, word } from "../words.js";
import { Chip, Empty, Exercise, Moment } from "./basics.js";
import { Icon } from "./icons.js";
import { Answers } from "./calls.js";
import { focusIncident, open } from "./shown.js";

const done = (i) => i.state === "closed" || i.state === "merged";

export function Incidents() {
  const list = incidents.value;
  const at = list.find((i) => i.id === focusIncident.value) ?? list[0];
  return html`
    <div class="panel-head"><h2>${t("panel.incidents")}</h2></div>
    ${!list.length && html`<${Empty}>${t("incidents.none")}<//>`}
    ${list.length > 0 && html`<div class="board">
      <ul class="list index" aria-label=${t("incidents.list")}>${list.map((i) => html`
        <li key=${i.id}><button type="button" class=${`row pick ${i === at ? "on" : ""}`} aria-current=${i === at ? "true" : null} onClick=${() => { focusIncident.value = i.id; }}>
          <b class="headline">${headline(i)}</b>${i.exercise && html`<${Exercise} />`}
          <span class=${`state state-${i.state}`}>${stateSays(i)}</span><small>${i.id.slice(0, 8)} · <${Moment} at=${i.changed} /></small></button></li>`)}</ul>
      <${Incident} incident=${at} /></div>`}`;
}

const stateSays = (i) => (i.state === "closed" && i.disposition ? t("incident.closed-as", { as: word("disposition", i.disposition) }) : word("incident", i.state));

const callsOf = (i) => calls.value.filter((c) => c.incident === i.id || i.calls?.includes(c.id));
const headline = (i) => callsOf(i).at(-1)?.says || t("incident.label", { id: i.id.slice(0, 8) });

function Incident({ incident: i }) {
  const its = callsOf(i);
  return html`
    <article class=${`incident ${i.exercise ? "is-exercise" : ""}`} data-incident=${i.id} aria-label=${t("incident.label", { id: i.id.slice(0, 8) })}>
      <header><h3>${t("incident.label", { id: i.id.slice(0, 8) })}</h3>${i.exercise && html`<${Exercise} />`}<${Chip} kind=${i.state === "open" ? "loud" : ""}>${stateSays(i)}<//></header>
      <dl class="facts">
        <dt>${t("incident.holder")}</dt><dd>${i.holder ? who(i.holder) : t("incident.nobody")}</dd>
        <dt>${t("incident.opened")}</dt><dd><${Moment} at=${i.opened} /></dd>
        <dt>${t("incident.channel")}</dt><dd>${i.channel ? title(i.channel) : t("incident.no-channel")}</dd>
        ${i.into && html`<dt>${t("incident.into")}</dt><dd>${i.into.slice(0, 8)}</dd>`}
      </dl>
      <p class="actions">
        ${!done(i) && ["hand-over", "merge", "rearm", "close"].map((what) => html`
          <button type="button" key=${what} disabled=${!live.value.on} data-do=${what} onClick=${() => open("incident", { what, incident: i })}>${t(`incident.${what}`)}</button>`)}
        <a class="button" href=${`api/record/${encodeURIComponent(i.id)}`} download>${t("incident.export")}</a></p>
      ${its.map((c) => html`<section key=${c.id} class="of-call"><p class="says"><b>${c.state_says || c.state}</b> · ${c.says}</p>
        <${Ladder} call=${c} /><${Answers} call=${c} /></section>`)}
      <h4>${t("incident.timeline")}</h4>
      <ol class="timeline">${(i.timeline ?? []).toReversed().map((m, n) => html`<li key=${n}><${Moment} at=${m.at} /><span>${m.says}</span>${m.by && html`<small>${who(m.by)}</small>`}</li>`)}</ol>
    </article>`;
}

/** Ladder shows its rungs: reached, next with the time to it, and still to come. */
function Ladder({ call: c }) {
  if (!c.ladder?.length) return null;
  const next = c.ladder.find((r) => !r.reached);
  return html`
    <ol class="ladder" aria-label=${t("ladder.label")}>${c.ladder.map((r) => {
      const due = Math.ceil((Date.parse(c.at) + r.after_s * 1000 - now.value) / 1000);
      const kind = r.reached ? "reached" : r === next && !/accepted|committed|closed/i.test(c.state) ? "next" : "later";
      return html`<li key=${r.step} class=${kind}><${Icon} name=${r.reached ? "check" : "clock"} size=${16} />
        <b>${t("ladder.step", { step: r.step })}</b><span>${r.to?.map(who).join(", ")}</span>
        <small>${kind === "reached" ? t("ladder.reached") : kind === "next" && due > 0 ? t("ladder.in", { left: left(due) }) : t("ladder.after", { left: left(r.after_s) })}</small></li>`;
    })}</ol>`;
}
