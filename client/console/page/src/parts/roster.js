// Who is in a channel: agencies, observers and gateways marked, and when each was heard.
import { html } from "../html.js";
import { who } from "../who.js";
import { prefs } from "../prefs.js";
import { channels } from "../state.js";
import { ago, date } from "../times.js";
import { names, t, word } from "../words.js";
import { Chip, Choice, Empty, Safety } from "./basics.js";
import { focusChannel } from "./shown.js";

export function Roster() {
  const channel = channels.value.find((c) => c.id === focusChannel.value) ?? channels.value.find((c) => c.joined && prefs.picked.value.includes(c.id)) ?? channels.value.find((c) => c.joined);
  if (!channel) return html`<h2>${t("panel.roster")}</h2><${Empty}>${t("roster.none")}<//>`;
  const s = channel.secure;
  return html`
    <div class="panel-head"><h2>${t("panel.roster")}</h2><${Choice} aria-label=${t("texts.channel")} value=${channel.id} options=${channels.value.map((c) => [c.id, c.title])} onChange=${(id) => { focusChannel.value = id; }} /></div>
    <${Safety} channel=${channel} long />
    ${s.differ?.length > 0 && html`<p class="bad">${t("roster.differ", { names: names(s.differ.map(who)) })}</p>`}
    ${s.silent?.length > 0 && html`<p class="warn">${t("roster.silent", { names: names(s.silent) })}</p>`}
    <dl class="facts"><dt>${t("roster.owner")}</dt><dd>${channel.owner}</dd><dt>${t("roster.suite")}</dt><dd>${s.suite || "–"}</dd><dt>${t("roster.epoch")}</dt><dd>${s.epoch}</dd>
      ${channel.ends && html`<dt>${t("roster.ends")}</dt><dd>${date(channel.ends)} ${channel.ends_why}</dd>`}</dl>
    <table class="roster"><caption class="hidden">${t("roster.caption", { title: channel.title })}</caption>
      <thead><tr><th scope="col">${t("roster.name")}</th><th scope="col">${t("roster.agency")}</th><th scope="col">${t("roster.role")}</th><th scope="col">${t("roster.heard")}</th></tr></thead>
      <tbody>${(channel.members ?? []).map((m) => html`
        <tr key=${m.name} class=${s.differ?.includes(m.name) ? "bad" : ""}><th scope="row">${who(m.short)} ${m.me && html`<${Chip}>${t("roster.me")}<//>`}</th><td>${m.agency}</td>
          <td>${word("role", m.role)} ${m.observer && html`<${Chip} icon="eye">${m.until ? t("roster.observer-until", { until: date(m.until) }) : t("roster.observer")}<//>`}
            ${m.gateway && html`<${Chip} kind="warn" icon="gate">${t("roster.gateway")}<//>`}</td>
          <td>${m.me ? "–" : ago(m.heard)}</td></tr>`)}</tbody></table>`;
}
