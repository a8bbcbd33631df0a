// The one button, and the guarded one for emergencies.
import { signal } from "@preact/signals";
import { html } from "../../../console/page/src/html.js";
import { arm, begin, blocked, disarm, end, pressed } from "../../../console/page/src/press.js";
import { Icon } from "../../../console/page/src/parts/icons.js";
import { standing, useHold } from "../../../console/page/src/parts/ptt.js";
import { live } from "../../../console/page/src/state.js";
import { left } from "../../../console/page/src/times.js";
import { level, turnOn, unready } from "../../../console/page/src/voice.js";
import { t } from "../../../console/page/src/words.js";
import { shake } from "./device.js";
import { say } from "./say.js";
import { channel } from "./state.js";

function face(c, why) {
  const f = c.floor;
  switch (standing(c)) {
    case "granted": case "warned": return ["on", say("talk.granted"), f.left_s ? say("talk.left", { left: left(f.left_s) }) : ""];
    case "queued": return ["wait", say("talk.queued", { n: f.queue }), ""];
    case "asked": return ["wait", say("talk.asked"), ""];
    case "denied": return ["no", say("talk.denied"), f.why];
  }
  return why ? ["off", say("talk.off"), why] : ["ready", say("talk"), c.title];
}

/** off: before anything can be said a person has to turn the voice on, perhaps again. */
const off = (why) => why === "why.mic-off" || why === "why.voice-taken" || why.startsWith("mic.");

export function Talk() {
  const c = channel.value;
  const hold = useHold(() => (channel.peek() ? [channel.peek().id] : []), "handheld");
  if (!c) return html`<button type="button" class="talk off" aria-disabled="true">${say("channel.none")}</button>`;
  if (off(unready())) {
    return html`<button type="button" class="talk ready" data-voice-on onClick=${() => turnOn()}><${Icon} name="mic" size=${40} /><b>${say("talk.voice")}</b><span>${t(unready())}</span></button>`;
  }
  const why = blocked(c);
  const [kind, says, more] = face(c, why);
  return html`
    <button type="button" class=${`talk ${kind}`} data-state=${kind} aria-disabled=${why ? "true" : "false"} aria-pressed=${kind === "on" ? "true" : "false"} ...${hold}>
      <${Icon} name=${why ? "micOff" : "mic"} size=${40} /><b>${says}</b><span>${more}</span>
      ${pressed.value && html`<meter min="0" max="100" value=${level.value} aria-hidden="true"></meter>`}
    </button>`;
}

/** guardFor is how long the emergency button is held before it counts, in ms. */
const guardFor = 1500;
const filling = signal(false);
let timer;

function fill(e) {
  if (e.type === "keydown" && (e.repeat || !["Space", "Enter"].includes(e.code))) return;
  if (e.type === "keydown") e.preventDefault();
  if (e.type === "pointerdown" && e.button !== 0) return;
  if (pressed.peek()?.source === "emergency") return end("emergency");
  clearTimeout(timer);
  filling.value = true;
  timer = setTimeout(go, guardFor);
}

function lift() {
  clearTimeout(timer);
  filling.value = false;
}

const voiceWithin = 10_000; // ms that an emergency waits for the voice

/** voiceBack turns the voice on where that lacks, and waits for it. */
async function voiceBack() {
  if (off(unready())) await turnOn();
  for (const late = Date.now() + voiceWithin; unready() && !off(unready()) && Date.now() < late;) await new Promise((r) => setTimeout(r, 100));
}

/** go opens the microphone and leaves it open: hands may be needed elsewhere. */
async function go() {
  filling.value = false;
  const c = channel.peek();
  if (!c) return;
  shake([200, 80, 200]);
  end();
  if (unready() && live.peek().on) await voiceBack();
  if (document.hidden) return; // nobody is there any more
  arm();
  if (!begin([c.id], "emergency")) disarm();
}

export function Emergency() {
  const open = pressed.value?.source === "emergency";
  return html`
    <button type="button" class=${`emergency ${filling.value ? "filling" : ""} ${open ? "open" : ""}`} data-emergency aria-pressed=${open ? "true" : "false"}
      onPointerDown=${fill} onPointerUp=${lift} onPointerCancel=${lift} onPointerLeave=${lift} onKeyDown=${fill} onKeyUp=${lift} onBlur=${lift} onContextMenu=${(e) => e.preventDefault()}>
      <svg class="ring" viewBox="0 0 36 36" aria-hidden="true"><circle class="track" cx="18" cy="18" r="15" /><circle class="fill" cx="18" cy="18" r="15" pathLength="1" /></svg>
      <span><b>${say(open ? "emergency.stop" : "emergency")}</b><small>${say(open ? "emergency.open" : "emergency.hold")}</small></span>
    </button>`;
}
