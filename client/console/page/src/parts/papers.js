// Duty, notices, agreements and alarms.
import { useState } from "preact/hooks";
import { html } from "../html.js";
import { who } from "../who.js";
import { act } from "../deeds.js";
import { alarms, channels, desks, live, me, notices, pacts, title } from "../state.js";
import { date } from "../times.js";
import { names, t } from "../words.js";
import { Chip, Choice, Empty, Field, Moment } from "./basics.js";
import { Icon } from "./icons.js";

export function Duty() {
  const calling = channels.value.filter((c) => c.kind === "calling" && c.joined);
  return html`
    <div class="panel-head"><h2>${t("panel.duty")}</h2></div>
    ${!desks.value.length && html`<${Empty}>${t("duty.none")}<//>`}
    <ul class="list">${desks.value.map((d) => html`
      <li key=${d.channel + d.role} class="row desk"><b>${who(d.short)}</b><span>${title(d.channel)}</span><span><${DeskState} desk=${d} /></span></li>`)}</ul>
    ${calling.length > 0 && html`<${DutyForm} calling=${calling} />`}`;
}

function DeskState({ desk: d }) {
  if (d.unmanned) return html`<${Chip} kind="warn" icon="warn">${t("duty.unmanned")}<//>`;
  if (d.off) return html`<${Chip} icon="cross">${t("duty.off")}<//>`;
  if (d.stands_in) return html`<${Chip} icon="clock">${t("duty.stands-in", { who: who(d.stands_in) })}<//>`;
  return html`<${Chip} icon="check">${t("duty.on")}<//>`;
}

function DutyForm({ calling }) {
  const [channel, setChannel] = useState(calling[0].id);
  const [into, setInto] = useState("");
  const [text, setText] = useState("");
  const others = desks.value.filter((d) => d.channel === channel && d.role !== me.value?.name);
  const say = (what, more = {}) => act({ do: what, channel, name: me.value?.name, text, ...more }, t(`done.${what}`));
  const to = into || others[0]?.role;
  return html`
    <form class="box" onSubmit=${(e) => e.preventDefault()}><h3>${t("duty.mine")}</h3>
      ${calling.length > 1 && html`<${Field} label=${t("texts.channel")}><${Choice} value=${channel} options=${calling.map((c) => [c.id, c.title])} onChange=${setChannel} /><//>`}
      <${Field} label=${t("field.note")}><input maxlength="200" value=${text} onInput=${(e) => setText(e.currentTarget.value)} /><//>
      <p class="actions"><button type="button" disabled=${!live.value.on} onClick=${() => say("on-duty")}>${t("duty.go-on")}</button>
        <button type="button" disabled=${!live.value.on} onClick=${() => say("off-duty")}>${t("duty.go-off")}</button></p>
      ${others.length > 0 && html`<p class="actions"><${Choice} aria-label=${t("duty.to")} value=${to} options=${others.map((d) => [d.role, who(d.short)])} onChange=${setInto} />
        <button type="button" disabled=${!live.value.on} onClick=${() => say("duty-to", { into: to })}>${t("duty.hand-over")}</button></p>`}
    </form>`;
}

export const Notices = () => html`
  <div class="panel-head"><h2>${t("panel.notices")}</h2></div>
  ${!notices.value.length && html`<${Empty}>${t("notices.none")}<//>`}
  <ul class="list">${notices.value.map((n) => html`
    <li key=${n.id} class="row notice"><p class="head"><b>${n.title}</b><${Chip} kind=${n.stage === "under way" || n.stage === "within the hour" ? "loud" : ""}>${n.says || n.stage}<//></p>
      <p><small>${t("notices.when", { agency: n.agency, begins: date(n.begins), ends: date(n.ends) })}</small></p><p dir="auto">${n.text}</p></li>`)}</ul>`;

export const Pacts = () => html`
  <div class="panel-head"><h2>${t("panel.pacts")}</h2></div>
  ${!pacts.value.length && html`<${Empty}>${t("pacts.none")}<//>`}
  ${pacts.value.map((p) => html`
    <details key=${p.id} class="row pact"><summary><b>${p.title}</b> <small>${names(p.parties ?? [])}</small></summary>
      <p><small>${t("pacts.when", { begins: date(p.begins), ends: date(p.ends) })}${p.observes?.length ? html` ${t("pacts.observes", { names: names(p.observes) })}` : null}</small></p>
      <ul>${(p.lines ?? []).map((line, n) => html`<li key=${n}>${line}</li>`)}</ul></details>`)}`;

export const Alarms = () => html`
  <div class="panel-head"><h2>${t("panel.alarms")}</h2></div>
  ${!alarms.value.length && html`<${Empty}>${t("alarms.none")}<//>`}
  <ul class="list">${alarms.value.map((a) => html`
    <li key=${a.id} class="row alarm"><${Icon} name="warn" /><span class="grow"><b>${a.says}</b> <small>${a.channel && title(a.channel)} · <${Moment} at=${a.at} />${a.code > 0 && html` · ${t("alarms.code", { n: a.code })}`}</small></span>
      <button type="button" disabled=${!live.value.on} onClick=${() => act({ do: "alarm-seen", alarm: a.id })}>${t("alarms.seen")}</button></li>`)}</ul>`;
