// What a person has set on this page, kept in this browser only.
import { effect, signal } from "@preact/signals";

const stored = (() => {
  try { return Object(JSON.parse(localStorage.getItem("crossband") ?? "{}")); } catch { return {}; }
})();

const kind = (v) => (v === null ? "null" : Array.isArray(v) ? "list" : typeof v);
const keep = (name, first) => signal(kind(stored[name]) === kind(first) ? stored[name] : first);

export const prefs = {
  theme: keep("theme", "system"), // system, light, dark, contrast
  volumes: keep("volumes", {}), // by channel, 0 to 1
  muted: keep("muted", {}), // by channel
  picked: keep("picked", []), // channels that the space bar speaks on
  keys: keep("keys", {}), // by KeyboardEvent.code: a channel, or "picked"
  keysOff: keep("keysOff", false),
  latch: keep("latch", false), // a press begins, the next ends
  tellSpeakers: keep("tellSpeakers", false), // to screen readers
  ringVolume: keep("ringVolume", 0.7),
  lean: keep("lean", false), // the link is thin
};

effect(() => {
  const all = Object.fromEntries(Object.entries(prefs).map(([name, s]) => [name, s.value]));
  try { localStorage.setItem("crossband", JSON.stringify(all)); } catch { /* a private window keeps nothing */ }
});

effect(() => { document.documentElement.dataset.theme = prefs.theme.value; });

export const setIn = (pref, key, value) => { pref.value = { ...pref.value, [key]: value }; };
export const dropFrom = (pref, key) => { const { [key]: _, ...rest } = pref.value; pref.value = rest; };
export const toggleIn = (pref, item) => {
  pref.value = pref.value.includes(item) ? pref.value.filter((x) => x !== item) : [...pref.value, item];
};
