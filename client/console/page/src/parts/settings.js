// Settings of this page: keys that speak, how they are held, sounds.
import { html } from "../html.js";
import { forget, keyFor, learning } from "../keys.js";
import { prefs } from "../prefs.js";
import { sign, wake } from "../sound.js";
import { channels, me } from "../state.js";
import { t } from "../words.js";
import { Dialog, Field } from "./basics.js";
import { Language, Theme } from "./top.js";
import { keyName } from "./strip.js";
import { shut } from "./shown.js";

const Check = ({ pref, says, more }) => html`
  <label class="check"><input type="checkbox" checked=${pref.value} onChange=${(e) => { pref.value = e.currentTarget.checked; }} /><span>${says}${more && html`<small>${more}</small>`}</span></label>`;

export function Settings() {
  const rows = [["picked", t("key.picked")], ...channels.value.filter((c) => c.joined && c.may_talk).map((c) => [c.id, c.title])];
  const close = () => { learning.value = null; shut(); };
  return html`
    <${Dialog} title=${t("top.settings")} close=${close} wide>
      <div class="grid"><${Field} label=${t("top.language")}><${Language} /><//><${Field} label=${t("top.theme")}><${Theme} /><//></div>
      <h3>${t("settings.keys")}</h3>
      <${Check} pref=${prefs.keysOff} says=${t("settings.keys-off")} />
      <table class="keys"><caption class="hidden">${t("settings.keys")}</caption><tbody>${rows.map(([id, says]) => html`
        <tr key=${id}><th scope="row">${says}</th><td>${keyFor(id) ? html`<kbd>${keyName(keyFor(id))}</kbd>` : "–"}</td>
          <td><button type="button" aria-pressed=${learning.value === id ? "true" : "false"} onClick=${() => { learning.value = id; }}>${t(learning.value === id ? "key.press-now" : "key.set")}<span class="hidden"> ${says}</span></button>
            ${keyFor(id) && id in { ...Object.fromEntries(Object.values(prefs.keys.value).map((v) => [v, 1])) } && html`<button type="button" class="quiet" onClick=${() => forget(id)}>${t("key.forget")}<span class="hidden"> ${says}</span></button>`}</td></tr>`)}</tbody></table>
      <p class="hint" role="status">${learning.value ? t("key.learning") : t("key.hint")}</p>
      <h3>${t("settings.speaking")}</h3>
      <${Check} pref=${prefs.latch} says=${t("settings.latch")} more=${t("settings.latch-says")} />
      <${Check} pref=${prefs.tellSpeakers} says=${t("settings.tell")} />
      <h3>${t("settings.sound")}</h3>
      <p class="actions"><label class="inline"><span>${t("settings.ring-volume")}</span><input type="range" min="0" max="1" step="0.05" value=${prefs.ringVolume.value} onInput=${(e) => { prefs.ringVolume.value = Number(e.currentTarget.value); }} /></label>
        <button type="button" onClick=${async () => { await wake(); sign.test(); }}>${t("settings.test")}</button></p>
      <h3>${t("settings.link")}</h3>
      <${Check} pref=${prefs.lean} says=${t("settings.lean")} more=${t("settings.lean-says")} />
      <p class="hint">${t("settings.about", { software: me.value?.software ?? "" })} <a href="LICENSES.txt">${t("settings.licences")}</a></p>
    <//>`;
}
