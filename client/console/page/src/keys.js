// Keys that speak: the space bar on the chosen channels, and one key a channel as set.
import { signal } from "@preact/signals";
import { prefs } from "./prefs.js";
import { down as pressDown, up as pressUp } from "./press.js";

/** learning: the channel, or "picked", for which the next key is taken. */
export const learning = signal(null);

const held = new Set();

export const keyFor = (target) => Object.entries(prefs.keys.value).find(([, to]) => to === target)?.[0]
  ?? (target === "picked" && !("Space" in prefs.keys.value) ? "Space" : "");

/** targetOf is what a key speaks on. */
function targetOf(code) {
  return prefs.keys.value[code] ?? (code === keyFor("picked") ? "picked" : undefined);
}

const typed = "input:not([type=checkbox], [type=range]), textarea, [contenteditable]";

// What has the focus because a pointer was on it: it does not keep the space bar to itself.
let pointing = false, pointed = null;

/** busy: the key belongs to what has the focus. */
function busy(e) {
  const at = e.target;
  if (at.closest?.("dialog[open]") || at.closest?.(typed)) return true;
  if (at === pointed) return false;
  if (at.closest?.("input, select, audio, .map")) return true;
  return ["Space", "Enter"].includes(e.code) && !!at.closest?.("button, a, summary, [role=tab]");
}

function down(e) {
  if (learning.value) return learn(e);
  if (prefs.keysOff.value || e.ctrlKey || e.altKey || e.metaKey || busy(e)) return;
  const target = targetOf(e.code);
  if (!target) return;
  e.preventDefault();
  if (e.repeat || held.has(e.code)) return;
  held.add(e.code);
  pressDown(target === "picked" ? prefs.picked.value : [target], `key:${e.code}`);
}

function up(e) {
  if (held.delete(e.code)) e.preventDefault(); // nor does its end tick a box
  pressUp(`key:${e.code}`);
}

function learn(e) {
  if (["Tab", "ShiftLeft", "ShiftRight", "ControlLeft", "ControlRight", "AltLeft", "AltRight", "MetaLeft", "MetaRight"].includes(e.code)) return;
  e.preventDefault();
  e.stopPropagation();
  if (e.code !== "Escape") {
    const rest = Object.entries(prefs.keys.value).filter(([code, to]) => code !== e.code && to !== learning.value);
    prefs.keys.value = Object.fromEntries([...rest, [e.code, learning.value]]);
  }
  learning.value = null;
}

export const forget = (target) => {
  prefs.keys.value = Object.fromEntries(Object.entries(prefs.keys.value).filter(([, to]) => to !== target));
};

/** listen has the keys work from now on. */
export function listen() {
  addEventListener("keydown", down, true);
  addEventListener("keyup", up, true);
  addEventListener("blur", () => held.clear());
  addEventListener("pointerdown", (e) => {
    pointing = true;
    pointed = e.target === document.activeElement ? e.target : null;
  }, true);
  addEventListener("keydown", () => { pointing = false; }, true);
  addEventListener("focusin", (e) => { pointed = pointing ? e.target : null; });
  // A button pressed with the mouse keeps nothing, not even the focus.
  addEventListener("click", (e) => {
    if (e.detail > 0 && !e.target.closest("dialog")) e.target.closest("button, [role=tab]")?.blur();
  });
}
