// The dialogs in which an incident is handed over, merged, re-armed or closed.
import { useState } from "preact/hooks";
import { html } from "../html.js";
import { who } from "../who.js";
import { act } from "../deeds.js";
import { channelByID, desks, incidents, me } from "../state.js";
import { t, word } from "../words.js";
import { Choice, Dialog, Field } from "./basics.js";
import { shut } from "./shown.js";

const dispositions = ["resolved", "false-alarm", "duplicate", "handed-over", "no-action", "unfounded"];

export function IncidentAct({ what, incident: i }) {
  const [chosen, choose] = useState("");
  const [text, setText] = useState("");
  const options = optionsFor(what, i);
  const value = chosen || options[0]?.[0] || "";
  const field = { "hand-over": "name", merge: "into", close: "as" }[what];
  const go = async (e) => {
    e.preventDefault();
    const outcome = await act({ do: what, incident: i.id, text, ...(field ? { [field]: value } : {}) }, t(`done.${what}`));
    if (outcome.done || outcome.waits) shut();
  };
  return html`
    <${Dialog} title=${t(`incident.${what}-title`, { id: i.id.slice(0, 8) })} close=${shut}>
      <form onSubmit=${go}>
        <p>${t(`incident.${what}-says`)}</p>
        ${field && html`<${Field} label=${t(`incident.${what}-field`)}>
          ${options.length ? html`<${Choice} value=${value} options=${options} onChange=${choose} />`
            : html`<input required value=${chosen} onInput=${(e) => choose(e.currentTarget.value)} />`}<//>`}
        <${Field} label=${t("field.note")}><input maxlength="500" value=${text} onInput=${(e) => setText(e.currentTarget.value)} /><//>
        <p class="actions end"><button type="button" onClick=${shut}>${t("cancel")}</button>
          <button type="submit" class=${what === "close" ? "danger" : "primary"} disabled=${!!field && !value}>${t(`incident.${what}`)}</button></p>
      </form>
    <//>`;
}

function optionsFor(what, i) {
  if (what === "close") return (i.exercise ? ["exercise-over", ...dispositions] : dispositions).map((d) => [d, word("disposition", d)]);
  if (what === "merge") return incidents.value.filter((o) => o.id !== i.id && !["closed", "merged"].includes(o.state)).map((o) => [o.id, `${o.id.slice(0, 8)} ${word("incident", o.state)}`]);
  if (what === "hand-over") {
    const members = [i.calling, i.channel].flatMap((ch) => channelByID.value.get(ch)?.members ?? []);
    const list = [...members.filter((m) => !m.me && (m.role === "desk" || m.role === "unit") && !m.observer).map((m) => [m.name, `${who(m.short)} · ${m.agency}`]),
      ...desks.value.filter((d) => d.channel === i.calling).map((d) => [d.role, who(d.short)]),
      ...(i.participants ?? []).filter((n) => n !== me.value?.name).map((n) => [n, who(n)])];
    return [...new Map(list).entries()];
  }
  return [];
}
