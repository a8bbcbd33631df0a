// What this handheld looks at, beside what the endpoint tells.
import { computed, effect, signal } from "@preact/signals";
import { channels } from "../../../console/page/src/state.js";

const key = "crossband-handheld";

/** chosen: the channel on which the button speaks, by its identifier. */
export const chosen = signal((() => {
  try { return localStorage.getItem(key) ?? ""; } catch { return ""; } // a browser that keeps nothing
})());

/** channel is that channel, or the first on which one may talk. */
export const channel = computed(() => {
  const list = channels.value;
  return list.find((c) => c.id === chosen.value) ?? list.find((c) => c.joined && c.may_talk) ?? list[0];
});

/**
 * stay keeps to a channel once it is shown: one that comes must not take its place under
 * the thumb. gone is called with the new one when the channel that was shown is not there
 * any more.
 */
export function stay(gone) {
  let shown = "";
  effect(() => {
    const c = channel.value;
    if (!c || c.id === shown) return;
    const lost = shown && !channels.value.some((x) => x.id === shown);
    shown = c.id;
    if (chosen.peek() !== c.id) choose(c.id);
    if (lost) gone(c);
  });
}

export function choose(id) {
  chosen.value = id;
  try { localStorage.setItem(key, id); } catch { /* a private window keeps nothing */ }
}

/** step chooses the channel before or after. */
export function step(by) {
  const list = channels.peek();
  if (!list.length) return;
  const at = list.findIndex((c) => c.id === channel.peek()?.id);
  choose(list[(at + by + list.length) % list.length].id);
}

/** screen: talk, hail, texts, missed or more. */
export const screen = signal("talk");

/** place: where this device is, as far as is known: lat, lon, accuracy in metres, at. */
export const place = signal(null);
