// What is said to screen readers: short sentences in a polite live region.
import { effect, signal } from "@preact/signals";
import { prefs } from "./prefs.js";
import { alarms, channelByID, channels, live, ringing } from "./state.js";
import { rings, sign } from "./sound.js";
import { who } from "./who.js";
import { t } from "./words.js";

export const said = signal("");
export const say = (text) => { said.value = text; };

const quiet = signal({}); // by call that rings: the round in which somebody here has put off its sound

/** silenced reports whether a call's sound has been put off: in a new round it rings again. */
export const silenced = (call) => quiet.value[call.id] === (call.round ?? 0);

export function silence(call, on) {
  const kept = Object.entries(quiet.peek()).filter(([id]) => id !== call.id && ringing.peek().some((c) => c.id === id));
  quiet.value = Object.fromEntries(on ? [...kept, [call.id, call.round ?? 0]] : kept);
}

export function tell() {
  effect(() => {
    const list = live.value.on ? ringing.value.filter((c) => !silenced(c)) : [];
    const next = Object.fromEntries(list.map((c) => [c.id, c.urgency]));
    if (JSON.stringify(next) !== JSON.stringify(rings.peek())) rings.value = next;
  });
  effect(() => {
    const n = ringing.value.length;
    document.title = !live.value.on ? t("title.not-live") : n ? t("title.ringing", { n }) : t("title");
  });
  const mine = new Map(), holders = new Map();
  effect(() => {
    for (const c of channelByID.value.values()) {
      if ((mine.get(c.id) ?? "idle") !== c.floor.mine && c.floor.mine !== "idle" && c.floor.mine !== "asked")
        say(t(`aloud.${c.floor.mine}`, { title: c.title, n: c.floor.queue, why: c.floor.why }));
      mine.set(c.id, c.floor.mine);
    }
  });
  effect(() => {
    for (const c of channels.value) {
      const before = holders.get(c.id) ?? "";
      holders.set(c.id, c.floor.holder);
      if (prefs.tellSpeakers.value && c.floor.holder && c.floor.holder !== before && c.floor.mine === "idle")
        say(t("aloud.speaks", { who: who(c.floor.short), agency: c.floor.agency, title: c.title }));
    }
  });
  let known = null; // alarms told of; null: none has come yet
  effect(() => {
    if (!live.value.on) return;
    const fresh = known && alarms.value.filter((a) => !known.has(a.id));
    known = new Set(alarms.value.map((a) => a.id));
    if (!fresh?.length) return;
    say(t("aloud.alarm", { says: fresh[0].says }));
    sign.alarm();
  });
}
