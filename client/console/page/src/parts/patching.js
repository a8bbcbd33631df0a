// The dialog that begins a patch, and what the bar says of it.
import { html } from "../html.js";
import { patched } from "../patch.js";
import { prefs } from "../prefs.js";
import { blocked } from "../press.js";
import { channelByID, safety } from "../state.js";
import { names, t } from "../words.js";
import { Dialog, Safety } from "./basics.js";
import { known } from "./ptt.js";
import { open, shut } from "./shown.js";

/** PatchButton begins or ends a patch of the chosen channels. */
export function PatchButton() {
  if (patched.value.length) {
    return html`<button type="button" class="on patch" data-patch="on" title=${names(known(patched.value).map((c) => c.title))} onClick=${() => { patched.value = []; }}>${t("patch.end", { n: patched.value.length })}</button>`;
  }
  const able = known(prefs.picked.value).filter((c) => !blocked(c));
  return html`<button type="button" data-patch="off" disabled=${able.length < 2} title=${t("patch.needs")} onClick=${() => open("patch", { ids: able.map((c) => c.id) })}>${t("patch.begin")}</button>`;
}

export function Patch({ ids }) {
  const list = known(ids);
  const uneven = list.some((c) => safety(c).state !== "secure");
  return html`
    <${Dialog} title=${t("patch.title", { n: list.length })} close=${shut}>
      <p>${t("patch.says")}</p>
      <ul class="list">${list.map((c) => html`<li key=${c.id} class="row"><b>${c.title}</b><${Safety} channel=${channelByID.value.get(c.id) ?? c} /></li>`)}</ul>
      ${uneven && html`<p class="warn" role="alert">${t("patch.uneven")}</p>`}
      <p class="actions end"><button type="button" onClick=${shut}>${t("cancel")}</button>
        <button type="button" class="primary" data-patch="begin" onClick=${() => { patched.value = ids; shut(); }}>${t("patch.begin-now")}</button></p>
    <//>`;
}
