// A channel: what it is, whether it is secure, who speaks, and the button.
import { html } from "../html.js";
import { who } from "../who.js";
import { act } from "../deeds.js";
import { keyFor } from "../keys.js";
import { hear } from "../lean.js";
import { prefs, setIn, toggleIn } from "../prefs.js";
import { live, patches, safety } from "../state.js";
import { ago, left, until } from "../times.js";
import { names, t, word } from "../words.js";
import { Chip, Exercise, Meter, Safety } from "./basics.js";
import { Icon } from "./icons.js";
import { Ptt } from "./ptt.js";
import { focusChannel, show } from "./shown.js";

export function Strip({ channel: c }) {
  const picked = prefs.picked.value.includes(c.id);
  const busy = c.floor.holder && live.value.on;
  return html`
    <article class=${`strip ${picked ? "picked" : ""} ${busy ? "busy" : ""} ${c.exercise ? "is-exercise" : ""} ${live.value.on ? "" : "stale"}`}
      data-channel=${c.id} aria-labelledby=${`title-${c.id}`}>
      <header>
        <h3 id=${`title-${c.id}`} title=${c.title}>${c.title}</h3>
        ${c.exercise && html`<${Exercise} />`}
        <${Chip}>${word("kind", c.kind)}<//>
      </header>
      <${Safety} channel=${c} />
      ${c.joined ? html`<${Joined} channel=${c} picked=${picked} />` : html`<${Outside} channel=${c} />`}
    </article>`;
}

function Outside({ channel: c }) {
  return html`
    <p class="agencies">${names(c.agencies ?? [])}</p>
    <button type="button" class="wide" disabled=${!live.value.on} onClick=${() => act({ do: "join", channel: c.id })}>${t("channel.join")}</button>`;
}

function Joined({ channel: c, picked }) {
  const key = keyFor(c.id);
  return html`
    <${Floor} channel=${c} />
    <${Ptt} channel=${c} hint=${key && !prefs.keysOff.value ? t("ptt.key", { key: keyName(key) }) : ""} />
    <${Marks} channel=${c} />
    <div class="tools">
      <label class="check"><input type="checkbox" checked=${picked} disabled=${!c.may_talk && !picked} onChange=${() => toggleIn(prefs.picked, c.id)} />
        <span>${t("channel.pick")}</span><span class="hidden">${c.title}</span></label>
      <${Volume} channel=${c} />
      <button type="button" class="quiet" onClick=${() => { focusChannel.value = c.id; show("roster"); }}
        title=${t("channel.members", { n: c.members?.length ?? 0 })} aria-label=${t("channel.members-of", { n: c.members?.length ?? 0, title: c.title })}><${Icon} name="people" size=${16} />${c.members?.length ?? 0}</button>
    </div>`;
}

/** Floor says who speaks, from which agency, at what priority, and how loud. */
function Floor({ channel: c }) {
  const f = c.floor;
  if (!live.value.on) return html`<div class="floor"><p class="nobody">${t("floor.unknown")}</p></div>`;
  if (!f.holder) return html`<div class="floor"><p class="nobody">${t("floor.nobody")}</p><p class="agencies">${names(c.agencies ?? [])}</p></div>`;
  const high = f.priority && f.priority !== "routine";
  return html`
    <div class=${`floor talking ${/emergency|peril/.test(f.priority) ? "urgent" : ""}`}>
      <p class="speaker"><${Icon} name="speaker" /><b>${who(f.short)}</b> <small>${f.agency}</small>
        ${high && html`<${Chip} kind="loud">${word("priority", f.priority)}<//>`}</p>
      <${Meter} value=${f.level} label=${t("floor.level")} />
      ${f.waiting?.length > 0 && html`<p class="agencies" data-waiting>${t("floor.waiting", { names: names(f.waiting.map((w) => (w.me ? t("floor.you") : who(w.short)))) })}</p>`}
      ${f.bits > 0 && ["granted", "warned"].includes(f.mine) && html`<p class="agencies" data-strain>${t("floor.strain")}</p>`}
      ${f.local && html`<p class="warn">${t("floor.local")}</p>`}
      ${f.forged && html`<p class="bad">${t("floor.forged")}</p>`}
    </div>`;
}

/** Marks are what one must know of the channel beyond its security. */
function Marks({ channel: c }) {
  const marks = [];
  const observers = c.members?.filter((m) => m.observer && !m.me) ?? [], gateways = c.members?.filter((m) => m.gateway) ?? [];
  if (patches.value?.some((p) => p.channels.includes(c.id))) marks.push(html`<${Chip} kind="loud">${t("patch.mark")}<//>`);
  if (c.hears === false) marks.push(html`<button type="button" class="chip warn" onClick=${() => { setIn(prefs.muted, c.id, false); hear(c.id, true); }}>${t("channel.no-voice")}</button>`);
  if (c.hub_away) marks.push(html`<${Chip} kind="warn" icon="linkOff">${t("channel.hub-away")}<//>`);
  if (observers.length) marks.push(html`<${Chip} icon="eye">${t("channel.observers", { n: observers.length })}<//>`);
  if (gateways.length && safety(c).state !== "gateway") marks.push(html`<${Chip} kind="warn" icon="gate">${t("channel.gateways", { n: gateways.length })}<//>`);
  if (c.outbox?.length) marks.push(html`<${Chip} kind="warn" icon="clock">${t("channel.outbox", { n: c.outbox.length, ago: ago(c.outbox[0].at) })}<//>`);
  if (c.unread) marks.push(html`<button type="button" class="chip" onClick=${() => { focusChannel.value = c.id; show("texts"); }}>${t("channel.unread", { n: c.unread })}</button>`);
  if (c.ends && until(c.ends) < 3600) marks.push(html`<${Chip} kind="warn" icon="clock">${t("channel.ends", { left: left(until(c.ends)) })}<//>`);
  if (!marks.length) return null;
  return html`<p class="marks">${marks}</p>`;
}

function Volume({ channel: c }) {
  const off = !!prefs.muted.value[c.id];
  return html`
    <span class="volume">
      <button type="button" class=${`quiet ${off ? "on" : ""}`} aria-pressed=${off ? "true" : "false"} aria-label=${t("channel.mute-of", { title: c.title })} title=${t("channel.mute")}
        onClick=${() => setIn(prefs.muted, c.id, !off)}><${Icon} name=${off ? "mute" : "speaker"} />${off && html`<small>${t("channel.muted")}</small>`}</button>
      ${!off && html`<input type="range" min="0" max="1.5" step="0.05" value=${prefs.volumes.value[c.id] ?? 1} aria-label=${t("channel.volume-of", { title: c.title })}
        onInput=${(e) => setIn(prefs.volumes, c.id, Number(e.currentTarget.value))} />`}
    </span>`;
}

/** keyName is a key as people call it. */
export const keyName = (code) => (code === "Space" ? t("key.space") : code.replace(/^Key|^Digit/, "").replace(/^Numpad/, "Num "));
