// A thin link: voice comes only of the channels that a page needs, and the own goes out
// with fewer bits. The endpoint says of each channel whether its voice comes.
import { effect } from "@preact/signals";
import { send } from "./deeds.js";
import { prefs } from "./prefs.js";
import { channels, linked, patches } from "./state.js";

const asked = new Map(); // by channel: what was asked last, and when
const patience = 5000; // before it is asked again

const patched = (id) => patches.value?.some((p) => p.channels.includes(id)); // the endpoint has to hear it
const grave = (channel) => /emergency|peril/.test(channel.floor.priority);

/**
 * lean has the endpoint keep to it from now on: a channel's voice comes if needs(id), or
 * while somebody speaks there in an emergency. Another page of it may be set otherwise:
 * voice that this page did not stop it leaves stopped, until a person asks for it.
 */
export function lean(needs) {
  const wanted = (c) => !prefs.lean.value || needs(c.id) || patched(c.id) || grave(c);
  effect(() => {
    if (!linked.value) return;
    for (const c of channels.value) {
      if (!c.joined || c.hears === undefined || c.hears === wanted(c)) continue;
      if (wanted(c) && !asked.has(c.id)) continue;
      hear(c.id, wanted(c));
    }
  });
}

let turn = Promise.resolve();

/**
 * hear asks for a channel's voice, or for none of it. One is asked for after the other: a
 * browser has six connections to its endpoint, and a press must find one free.
 */
export function hear(id, on) {
  const last = asked.get(id);
  if (last?.on === on && Date.now() - last.at < patience) return;
  asked.set(id, { on, at: Date.now() });
  turn = turn.then(() => send({ do: "listen", channel: id, state: on ? "on" : "off" }));
}
