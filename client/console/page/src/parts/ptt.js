// The button that speaks, on one channel or on several at once.
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { armed, blocked, down, end, pressed, up } from "../press.js";
import { channelByID } from "../state.js";
import { left } from "../times.js";
import { t } from "../words.js";
import { Icon } from "./icons.js";

/** standing of a press on one channel: what the endpoint says, and what was just pressed. */
export function standing(channel) {
  const mine = channel.floor.mine;
  if (mine !== "idle" && mine !== "denied") return mine;
  if (pressed.value?.channels.includes(channel.id)) return mine === "denied" ? "denied" : "asked";
  return mine === "denied" && channel.floor.why ? "denied" : "idle";
}

/** face is what the button of one channel says. */
function face(channel) {
  const state = standing(channel), f = channel.floor;
  switch (state) {
    case "granted": return [state, t("ptt.granted"), f.left_s ? t("ptt.left", { left: left(f.left_s) }) : ""];
    case "warned": return [state, t("ptt.warned"), t("ptt.left", { left: left(f.left_s) })];
    case "queued": return [state, t("ptt.queued", { n: f.queue }), t("ptt.keep")];
    case "asked": return [state, t("ptt.asked"), ""];
    case "denied": return [state, t("ptt.denied"), f.why];
  }
  return [state, t(armed.value ? "ptt.emergency" : "ptt.idle"), ""];
}

/** useHold makes a button that is held: by pointer, by space or Enter when it has the focus. */
export function useHold(ids, name) {
  const pointer = useRef(null);
  const lift = (e) => {
    if (pointer.current !== e.pointerId) return;
    pointer.current = null;
    up(name);
  };
  return {
    onPointerDown: (e) => {
      if (e.button !== 0 || pointer.current !== null) return;
      pointer.current = e.pointerId;
      try { e.currentTarget.setPointerCapture(e.pointerId); } catch { /* a pointer that is gone already */ }
      down(ids(), name);
    },
    onPointerUp: lift,
    onPointerCancel: (e) => { pointer.current = null; end(name); },
    onLostPointerCapture: lift,
    onContextMenu: (e) => e.preventDefault(),
    onKeyDown: (e) => {
      if (e.code !== "Space" && e.code !== "Enter") return;
      e.preventDefault();
      if (!e.repeat) down(ids(), name);
    },
    onKeyUp: (e) => {
      if (e.code !== "Space" && e.code !== "Enter") return;
      e.preventDefault();
      up(name);
    },
    onBlur: () => up(name),
  };
}

export function Ptt({ channel, hint }) {
  const why = blocked(channel);
  const [state, says, more] = face(channel);
  const hold = useHold(() => [channel.id], `button:${channel.id}`);
  return html`
    <button type="button" class=${`ptt ptt-${why ? "off" : state} ${armed.value ? "armed" : ""}`} data-ptt=${channel.id} data-state=${state}
      aria-disabled=${why ? "true" : "false"} aria-pressed=${state === "granted" || state === "warned" ? "true" : "false"}
      ...${hold}>
      <${Icon} name=${why ? "micOff" : "mic"} size=${22} />
      <span class="says"><b>${why && state === "idle" ? t("ptt.off") : says}</b> <small>${why || more || hint || ""}</small><span class="hidden"> ${channel.title}</span></span>
    </button>`;
}

/** several: the channels of a list that are still there. */
export const known = (ids) => ids.map((id) => channelByID.value.get(id)).filter(Boolean);
