// The page's own sounds: the ring of a call, and short signs for the floor. A browser
// lets a page sound only once a person has pressed something there.
import { effect, signal } from "@preact/signals";
import { prefs } from "./prefs.js";

let context;
export const sounding = signal(false);

export function audio() {
  context ??= new AudioContext({ latencyHint: "interactive" });
  context.onstatechange = () => { sounding.value = context.state === "running"; };
  return context;
}

export async function wake() {
  try { await audio().resume(); } catch { /* stays silent, and the page says so */ }
  sounding.value = audio().state === "running";
  return sounding.value;
}

/** tone plays one note; times are in seconds from now. */
function tone(hertz, from, long, loud) {
  const ctx = audio(), start = ctx.currentTime + from;
  const wave = new OscillatorNode(ctx, { type: "triangle", frequency: hertz });
  const gain = new GainNode(ctx, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(loud, start + 0.015);
  gain.gain.setValueAtTime(loud, start + long - 0.03);
  gain.gain.linearRampToValueAtTime(0, start + long);
  wave.connect(gain).connect(ctx.destination);
  wave.start(start);
  wave.stop(start + long);
}

const tunes = {
  routine: [[660, 0, 0.22], [880, 0.26, 0.3]],
  urgent: [[880, 0, 0.16], [1175, 0.2, 0.16], [880, 0.4, 0.16], [1175, 0.6, 0.16]],
  emergency: [[1320, 0, 0.12], [990, 0.14, 0.12], [1320, 0.28, 0.12], [990, 0.42, 0.12], [1320, 0.56, 0.12], [990, 0.7, 0.12]],
};
const tuneOf = (urgency) => /emergency|peril/.test(urgency) ? "emergency" : urgency === "urgent" || urgency === "supervisor" ? "urgent" : "routine";
const pauses = { routine: 3500, urgent: 2200, emergency: 1300 };

function play(notes, loud) {
  if (context?.state !== "running") return;
  for (const [hertz, from, long] of notes) tone(hertz, from, long, loud);
}

/** rings are the urgencies of what rings and has not been silenced, by call. */
export const rings = signal({});
let ringer;

effect(() => {
  clearInterval(ringer);
  const all = Object.values(rings.value).map(tuneOf);
  if (!all.length || !sounding.value) return;
  const worst = ["emergency", "urgent", "routine"].find((u) => all.includes(u));
  const once = () => {
    play(tunes[worst], 0.5 * prefs.ringVolume.peek());
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([200, 100, 200]);
  };
  once();
  ringer = setInterval(once, pauses[worst]);
});

export const sign = {
  go: () => play([[1046, 0, 0.07], [1318, 0.07, 0.09]], 0.18),
  wait: () => play([[523, 0, 0.1]], 0.18),
  no: () => play([[311, 0, 0.14], [233, 0.15, 0.2]], 0.25),
  warn: () => play([[784, 0, 0.06], [784, 0.12, 0.06]], 0.18),
  alarm: () => play([[440, 0, 0.25], [330, 0.3, 0.25], [440, 0.6, 0.25]], 0.35),
  test: () => play(tunes.routine, 0.5 * prefs.ringVolume.peek()),
};
