// Instant recall: what was said in the last minutes, and what was missed.
import { useRef, useState } from "preact/hooks";
import { html } from "../html.js";
import { who } from "../who.js";
import { bursts, live, title } from "../state.js";
import { ago, now } from "../times.js";
import { t } from "../words.js";
import { Chip, Empty, Moment } from "./basics.js";
import { Icon } from "./icons.js";

export function Recall() {
  const player = useRef();
  const [at, setAt] = useState("");
  const [broken, setBroken] = useState(false);
  const play = (b) => {
    setAt(b.id);
    setBroken(false);
    player.current.src = `api/recall/${encodeURIComponent(b.id)}`;
    player.current.play().catch(() => {});
  };
  now.value;
  return html`
    <div class="panel-head"><h2>${t("panel.recall")}</h2><audio ref=${player} controls preload="none" aria-label=${t("recall.player")} onError=${() => setBroken(!!at)}></audio></div>
    ${broken && html`<p class="bad" role="status">${t("recall.gone")}</p>`}
    ${!bursts.value.length && html`<${Empty}>${t("recall.none")}<//>`}
    <ul class="list">${bursts.value.map((b) => html`
      <li key=${b.id} class=${`row burst ${b.id === at ? "on" : ""}`}>
        <button type="button" class="quiet" data-recall=${b.id} disabled=${!b.over || !live.value.on} onClick=${() => play(b)} aria-label=${t("recall.play", { who: who(b.short), ago: ago(b.at) })}><${Icon} name="play" /></button>
        <span><b>${who(b.short)}</b> <small>${b.agency}</small></span><span>${title(b.channel)}</span>
        <span><${Moment} at=${b.at} /> <small>${t("recall.seconds", { n: Math.max(1, Math.round(b.ms / 1000)) })}</small></span>
        <span>${!b.over && html`<${Chip} kind="loud">${t("recall.now")}<//>`}
          ${!b.heard && b.over && html`<${Chip} kind="warn" icon="clock">${t("recall.missed")}<//>`}
          ${b.over && (b.genuine ? html`<${Chip} icon="check">${t("recall.genuine")}<//>` : html`<${Chip} kind="warn" icon="warn">${t("recall.unsigned")}<//>`)}</span>
      </li>`)}</ul>`;
}
