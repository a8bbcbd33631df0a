// What this handheld looks at, beside what the endpoint tells.
import { computed, signal } from "@preact/signals";
import { channels } from "../../../console/page/src/state.js";

const key = "crossband-handheld";

/** chosen: the channel on which the button speaks, by its identifier. */
export const chosen = signal(localStorage.getItem(key) ?? "");

/** channel is that channel, or the first on which one may talk. */
export const channel = computed(() => {
  const list = channels.value;
  return list.find((c) => c.id === chosen.value) ?? list.find((c) => c.joined && c.may_talk) ?? list[0];
});

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
