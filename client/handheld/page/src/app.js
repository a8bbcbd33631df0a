// The page: what is to be seen above, what is to be pressed below, where a thumb is.
import { html } from "../../../console/page/src/html.js";
import { bursts, channels } from "../../../console/page/src/state.js";
import { voice } from "../../../console/page/src/voice.js";
import { Emergency, Talk } from "./button.js";
import { Glance, Top } from "./glance.js";
import { Hail, open } from "./hail.js";
import { Missed, More, Outbox, Texts } from "./panels.js";
import { say } from "./say.js";
import { channel, screen, step } from "./state.js";

const panels = { hail: Hail, texts: Texts, missed: Missed, more: More };

function Nav() {
  const missed = bursts.value.filter((b) => b.over && !b.heard).length;
  const unread = channel.value?.unread ?? 0;
  const item = (name, count, go = () => { screen.value = screen.peek() === name ? "talk" : name; }) => html`
    <button type="button" data-nav=${name} aria-pressed=${screen.value === name ? "true" : "false"} onClick=${go}>${say(`nav.${name}`)}${count > 0 && html` <b>${count}</b>`}</button>`;
  return html`<nav>${screen.value === "talk" ? item("hail", 0, open) : html`<button type="button" data-nav="back" onClick=${() => { screen.value = "talk"; }}>‹ ${say("nav.back")}</button>`}
    ${item("texts", unread)}${item("missed", missed)}${item("more", 0)}</nav>`;
}

let from = null;
const swipe = {
  onTouchStart: (e) => { from = e.touches.length === 1 ? [e.touches[0].clientX, e.touches[0].clientY] : null; },
  onTouchEnd: (e) => {
    if (!from) return;
    const x = e.changedTouches[0].clientX - from[0], y = e.changedTouches[0].clientY - from[1];
    from = null;
    if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
  },
};

export function App() {
  const Panel = panels[screen.value];
  return html`
    <div class="hand" data-voice=${voice.value}><${Top} />
      <main tabindex="0" class=${Panel ? "panel" : ""} ...${Panel ? {} : swipe}>${Panel ? html`<${Panel} />` : html`<${Glance} /><${Outbox} />`}</main>
      <footer>
        ${!Panel && channels.value.length > 1 && html`<div class="pair steps"><button type="button" data-step="-1" aria-label=${say("channel.before")} onClick=${() => step(-1)}>◀</button><button type="button" data-step="1" aria-label=${say("channel.next")} onClick=${() => step(1)}>▶</button></div>`}
        <${Talk} />
        <${Emergency} />
        <${Nav} />
      </footer></div>`;
}
