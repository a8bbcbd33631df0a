// Calling another desk: who, what from the phrasebook, where, how urgent.
import { useState } from "preact/hooks";
import { html } from "../html.js";
import { who } from "../who.js";
import { act } from "../deeds.js";
import { channels, desks, me } from "../state.js";
import { t, word } from "../words.js";
import { Choice, Dialog, Field } from "./basics.js";
import { shut } from "./shown.js";

const always = ["place", "count", "text"]; // asked for first
const directions = ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest", "toward-border", "away-from-border"];

/** targets are whom one can hail on a channel. */
function targets(channel) {
  const found = new Map();
  for (const d of desks.value) if (d.channel === channel?.id) found.set(d.role, who(d.short));
  for (const m of channel?.members ?? []) if (!m.me && m.role === "desk") found.set(m.name, `${who(m.short)} (${m.agency})`);
  found.delete(me.value?.name);
  return [...found];
}

export function Hail() {
  const open = channels.value.filter((c) => c.joined && c.may_hail);
  const phrases = me.value?.phrases ?? [];
  const groups = [...new Set(phrases.map((p) => p.group))];
  const [form, setForm] = useState({ channel: open[0]?.id, group: groups[0], urgency: "urgent", slots: {}, note: "", exercise: open[0]?.exercise ?? false });
  const set = (more) => setForm({ ...form, ...more });
  const channel = open.find((c) => c.id === form.channel) ?? open[0];
  const to = targets(channel), name = form.name || to[0]?.[0];
  const list = phrases.filter((p) => p.group === form.group);
  const phrase = list.find((p) => p.slug === form.phrase) ?? list[0];
  const go = async (e) => {
    e.preventDefault();
    const slots = Object.fromEntries(Object.entries(form.slots).filter(([k, v]) => v.trim() && phrase.slots.includes(k)));
    const outcome = await act({ do: "hail", channel: channel.id, name, phrase: phrase.slug, slots, text: form.note, priority: form.urgency, exercise: form.exercise }, t("done.hail"));
    if (outcome.done || outcome.waits) shut();
  };
  return html`
    <${Dialog} title=${t("hail.title")} close=${shut} wide>
      <form class="grid" onSubmit=${go}>
        ${open.length > 1 && html`<${Field} label=${t("texts.channel")}><${Choice} value=${channel.id} options=${open.map((c) => [c.id, c.title])} onChange=${(v) => set({ channel: v, name: "", exercise: open.find((c) => c.id === v)?.exercise ?? false })} /><//>`}
        <${Field} label=${t("hail.to")}>${to.length ? html`<${Choice} value=${name} options=${to} onChange=${(v) => set({ name: v })} />`
          : html`<input required placeholder="desk/…@…" value=${form.name ?? ""} onInput=${(e) => set({ name: e.currentTarget.value })} />`}<//>
        <${Field} label=${t("hail.urgency")}><${Choice} value=${form.urgency} options=${["routine", "urgent", "emergency"].map((p) => [p, word("priority", p)])} onChange=${(v) => set({ urgency: v })} /><//>
        <${Field} label=${t("hail.group")}><${Choice} value=${form.group} options=${groups.map((g) => [g, g])} onChange=${(v) => set({ group: v, phrase: "" })} /><//>
        <${Field} label=${t("hail.phrase")}><${Choice} value=${phrase?.slug} options=${list.map((p) => [p.slug, p.says])} onChange=${(v) => set({ phrase: v })} /><//>
        ${phrase && html`<${Slots} phrase=${phrase} values=${form.slots} set=${(k, v) => set({ slots: { ...form.slots, [k]: v } })} />`}
        <${Field} label=${t("hail.note")}><input maxlength="500" value=${form.note} onInput=${(e) => set({ note: e.currentTarget.value })} /><//>
        <label class="check"><input type="checkbox" checked=${form.exercise} onChange=${(e) => set({ exercise: e.currentTarget.checked })} /><span>${t("hail.exercise")}</span></label>
        ${form.exercise && html`<p class="chip exercise full">${t("hail.exercise-says")}</p>`}
        <p class="actions end full"><button type="button" onClick=${shut}>${t("cancel")}</button><button type="submit" class="primary" disabled=${!name || !phrase}>${t("hail.send")}</button></p>
      </form>
    <//>`;
}

function Slots({ phrase: p, values, set }) {
  const slots = p.slots ?? [], needed = p.required ?? [];
  const first = slots.filter((s) => needed.includes(s) || always.includes(s)), rest = slots.filter((s) => !first.includes(s));
  const one = (s) => html`<${Slot} key=${s} slot=${s} needed=${needed.includes(s)} value=${values[s] ?? ""} set=${(v) => set(s, v)} />`;
  return html`${first.map(one)}${rest.length > 0 && html`<details class="full"><summary>${t("hail.more", { n: rest.length })}</summary><div class="grid">${rest.map(one)}</div></details>`}`;
}

function Slot({ slot, needed, value, set }) {
  const label = needed ? t("slot.needed", { label: word("slot", slot) }) : word("slot", slot);
  if (slot === "direction") return html`<${Field} label=${label}><${Choice} value=${value} options=${[["", "–"], ...directions.map((d) => [d, t(`direction.${d}`)])]} onChange=${set} /><//>`;
  return html`<${Field} label=${label} hint=${word("form", slot)}><input required=${needed} value=${value} onInput=${(e) => set(e.currentTarget.value)} /><//>`;
}
