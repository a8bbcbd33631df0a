// The bar on top: who one is here, whether the relay is there, and how the page looks.
import { html } from "../html.js";
import { who } from "../who.js";
import { act } from "../deeds.js";
import { prefs } from "../prefs.js";
import { link, live, me } from "../state.js";
import { ago, date } from "../times.js";
import { language, languages, t, word } from "../words.js";
import { Choice } from "./basics.js";
import { Icon } from "./icons.js";
import { open } from "./shown.js";

export function Top() {
  const m = me.value;
  return html`
    <header class="top">
      <h1><span class="mark" aria-hidden="true"></span>
        <span class="who"><b>${m ? who(m.short) : "Crossband"}</b>
          <small>${m ? t("top.who", { role: word("role", m.role), agency: m.agency }) : t("top.connecting")}</small></span></h1>
      <${Standing} />
      <span class="grow"></span>
      <${Language} class="small" aria-label=${t("top.language")} />
      <${Theme} class="small" aria-label=${t("top.theme")} />
      <button type="button" class="quiet" aria-label=${t("top.settings")} onClick=${() => open("settings")}><${Icon} name="gear" /><span>${t("top.settings")}</span></button>
    </header>`;
}

export const Language = (rest) => html`
  <${Choice} ...${rest} value=${language.value} options=${languages.map((l) => [l, t(`language.${l}`)])}
    onChange=${(l) => { language.value = l; act({ do: "language", language: l }); }} />`;

export const Theme = (rest) => html`
  <${Choice} ...${rest} value=${prefs.theme.value} options=${["system", "light", "dark", "contrast"].map((v) => [v, t(`theme.${v}`)])} onChange=${(v) => { prefs.theme.value = v; }} />`;

/** Standing is the state of the page's stream and of the relay behind it. */
function Standing() {
  const l = link.value;
  if (!live.value.on) {
    return html`<p class="standing bad" role="status"><${Icon} name="linkOff" /><span>${live.value.ever ? t("link.not-live") : t("top.connecting")}</span></p>`;
  }
  if (!l?.up) {
    return html`<p class="standing bad" role="status"><${Icon} name="linkOff" /><span><b>${t("link.down")}</b> <small>${ago(l?.since)}${l?.why && html` · ${l.why}`}</small></span></p>`;
  }
  return html`<p class="standing good" role="status" title=${date(l.since)}><${Icon} name="link" /><span><b>${t("link.up")}</b> <small>${who(l.relay)}</small>
    ${Math.abs(l.skew_s) > 5 && html` <small class="warn">${t("link.skew", { n: Math.abs(l.skew_s) })}</small>`}</span></p>`;
}
