// Patches: the desk says again on some channels what it hears on others. The endpoint
// makes them, and tells those on the channels first.
import { useState } from "preact/hooks";
import { html } from "../html.js";
import { act } from "../deeds.js";
import { prefs } from "../prefs.js";
import { blocked } from "../press.js";
import { live, patches, safety, title } from "../state.js";
import { left, until } from "../times.js";
import { names, t } from "../words.js";
import { Chip, Choice, Dialog, Empty, Field, Safety } from "./basics.js";
import { known } from "./ptt.js";
import { open, shut } from "./shown.js";

const minutes = [15, 60, 240];

/** PatchButton opens what there is, and begins one of the chosen channels. */
export function PatchButton() {
  if (patches.value === null) return null;
  const n = patches.value.length;
  return html`<button type="button" data-patch=${n ? "on" : "off"} disabled=${!live.value.on} onClick=${() => open("patch")}>${n ? t("patch.on", { n }) : t("patch.begin")}</button>`;
}

export function Patch() {
  const list = patches.value ?? [];
  return html`
    <${Dialog} title=${t("patch.title")} close=${shut}>
      ${list.map((p) => html`<section key=${p.id} class="box"><p><b>${names(p.channels.map(title))}</b> <${Chip}>${t("patch.until", { left: left(until(p.until)) })}<//></p>
        ${p.withheld?.map((says, i) => html`<p key=${i} class="warn">${says}</p>`)}
        <p class="actions end"><button type="button" data-patch="end" onClick=${() => act({ do: "unpatch", patch: p.id }, t("done.unpatch"))}>${t("patch.end")}</button></p></section>`)}
      <${Begin} />
    <//>`;
}

function Begin() {
  const [long, setLong] = useState("60");
  const list = known(prefs.picked.value).filter((c) => !blocked(c));
  if (list.length < 2) return html`<${Empty}>${t("patch.needs")}<//>`;
  const go = async (e) => {
    e.preventDefault();
    const outcome = await act({ do: "patch", channels: list.map((c) => c.id), minutes: Number(long) }, t("done.patch"));
    if (outcome.done) shut();
  };
  return html`
    <form class="box" onSubmit=${go}>
      <p>${t("patch.says")}</p>
      <ul class="list">${list.map((c) => html`<li key=${c.id} class="row"><b>${c.title}</b><${Safety} channel=${c} /></li>`)}</ul>
      ${list.some((c) => safety(c).state !== "secure") && html`<p class="warn" role="alert">${t("patch.uneven")}</p>`}
      <${Field} label=${t("patch.long")}><${Choice} value=${long} options=${minutes.map((n) => [String(n), t("patch.minutes", { n })])} onChange=${setLong} /><//>
      <p class="actions end"><button type="button" onClick=${shut}>${t("cancel")}</button><button type="submit" class="primary" data-patch="begin">${t("patch.begin-now")}</button></p>
    </form>`;
}
