// The panels on the right, one at a time, behind tabs.
import { html } from "../html.js";
import { alarms, calls, channels, incidents, notices } from "../state.js";
import { t } from "../words.js";
import { Calls } from "./calls.js";
import { Incidents } from "./incidents.js";
import { Map } from "./map.js";
import { Alarms, Duty, Notices, Pacts } from "./papers.js";
import { Recall } from "./recall.js";
import { Roster } from "./roster.js";
import { panel, show } from "./shown.js";
import { Texts } from "./texts.js";

const parts = { calls: Calls, incidents: Incidents, alarms: Alarms, map: Map, texts: Texts, recall: Recall, roster: Roster, duty: Duty, notices: Notices, pacts: Pacts };

/** count is the number on a tab: what waits for somebody. */
function count(name) {
  switch (name) {
    case "calls": return calls.value.filter((c) => c.rings).length;
    case "incidents": return incidents.value.filter((i) => !["closed", "merged"].includes(i.state)).length;
    case "texts": return channels.value.reduce((n, c) => n + (c.unread ?? 0), 0);
    case "notices": return notices.value.length;
    case "alarms": return alarms.value.length;
  }
  return 0;
}

export function Panels() {
  const names = Object.keys(parts);
  const keys = (e) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    const next = by ? names[(names.indexOf(panel.value) + by + names.length) % names.length] : { Home: names[0], End: names.at(-1) }[e.key];
    if (!next) return;
    e.preventDefault();
    show(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  const Part = parts[panel.value];
  return html`
    <section class="panels" aria-label=${t("panels.label")}>
      <div role="tablist" aria-label=${t("panels.label")} onKeyDown=${keys}>${names.map((name) => {
        const n = count(name), on = panel.value === name;
        return html`<button type="button" role="tab" key=${name} id=${`tab-${name}`} data-tab=${name} aria-selected=${on ? "true" : "false"} aria-controls="panel" tabindex=${on ? "0" : "-1"} onClick=${() => show(name)}>
          ${t(`panel.${name}`)}${n > 0 && html` <span class=${`count ${name === "alarms" || name === "calls" ? "loud" : ""}`}>${n}</span>`}</button>`;
      })}</div>
      <div role="tabpanel" id="panel" aria-labelledby=${`tab-${panel.value}`} tabindex="0" class=${`panel panel-${panel.value}`}><${Part} key=${panel.value} /></div>
    </section>`;
}
