// The press: it begins and ends, and never sticks. Whatever takes the page's attention
// away (another window, a hidden page, a cancelled touch, a lost stream) ends it.
import { effect, signal } from "@preact/signals";
import { note, send } from "./deeds.js";
import { prefs } from "./prefs.js";
import { page } from "./self.js";
import { sign } from "./sound.js";
import { channelByID, live } from "./state.js";
import { speak, unready } from "./voice.js";
import { t } from "./words.js";

/** pressed: the channels of the press that is on, by what it was begun, or null. */
export const pressed = signal(null);
/** armed until: the next press is an emergency. 0: it is not. */
export const armed = signal(0);
/** priority of the next press. */
export const priority = signal("routine");

const armedFor = 15_000;
export function arm() {
  armed.value = Date.now() + armedFor;
  setTimeout(() => { if (armed.peek() && armed.peek() <= Date.now()) armed.value = 0; }, armedFor + 100);
}
export const disarm = () => { armed.value = 0; };

/** blocked says in words why one cannot speak on a channel, or nothing. */
export function blocked(channel) {
  if (!live.value.on) return t("why.not-live");
  if (!channel) return t("why.no-channel");
  if (!channel.joined) return t("why.not-joined");
  if (!channel.may_talk) return t(channel.members?.some((m) => m.me && m.observer) ? "why.observer" : "why.may-not");
  const why = unready();
  return why ? t(why) : "";
}

const hindrance = (channel, emergency) => blocked(channel) || (emergency && !channel.priorities?.includes("emergency") ? t("why.no-emergency") : "");

let count = 0;

/** begin presses on the channels; source names what holds it. */
export function begin(ids, source) {
  if (pressed.peek()) return false;
  const emergency = armed.peek() > Date.now();
  const why = (id) => hindrance(channelByID.peek().get(id), emergency);
  const open = ids.filter((id) => !why(id));
  if (!open.length) {
    note("bad", ids.length ? why(ids[0]) : t("why.none-picked"));
    sign.no();
    return false;
  }
  const plain = open.every((id) => channelByID.peek().get(id).priorities?.includes(priority.peek())) ? priority.peek() : "routine";
  const mine = { channels: open, source, priority: emergency ? "emergency" : plain, number: `${page}-${++count}` };
  pressed.value = mine;
  speak(true);
  send({ do: "press", page, press: mine.number, channels: open, priority: mine.priority }).then((outcome) => {
    if (outcome.done || pressed.peek() !== mine) return;
    note("bad", outcome.says || t("deed.failed"));
    sign.no();
    end(source);
  });
  return true;
}

/** end releases what source holds; without a source, whatever is held. */
export function end(source) {
  const was = pressed.peek();
  if (!was || (source && was.source !== source)) return;
  speak(false);
  pressed.value = null;
  disarm();
  release(was.number, 4);
}

/** release is tried again: a press must not outlive its button. */
async function release(number, tries) {
  const outcome = await send({ do: "release", page, press: number }, { keepalive: true });
  if (!outcome.done && tries > 1) setTimeout(() => release(number, tries - 1), 300);
}

/** down and up are a key or button; latched, one press begins and the next ends. */
export function down(ids, source) {
  if (prefs.latch.peek() && pressed.peek()) return end(); // whatever it was begun by
  return begin(ids, source);
}
export function up(source) {
  if (!prefs.latch.peek()) end(source);
}

/** guard ends the press when the page loses sight of whoever holds it. */
export function guard() {
  addEventListener("blur", () => end());
  addEventListener("pagehide", () => end());
  document.addEventListener("visibilitychange", () => { if (document.hidden) end(); });
  effect(() => { if (!live.value.on) end(); });
  effect(() => { if (unready()) end(); });
  watchFloor();
}

/** watchFloor gives a sign when the press is granted, has to wait, or is refused. */
function watchFloor() {
  const before = new Map();
  effect(() => {
    for (const c of channelByID.value.values()) {
      const state = c.floor.mine, was = before.get(c.id) ?? "idle";
      before.set(c.id, state);
      if (state === was) continue;
      if (state === "granted" && was !== "warned") sign.go();
      if (state === "queued") sign.wait();
      if (state === "denied") sign.no();
      if (state === "warned") sign.warn();
    }
    over();
  });
}

/**
 * over ends the press once none of its channels gives or may still give the floor. What the
 * endpoint says of a channel may still be of the press before: its number tells.
 */
function over() {
  const mine = pressed.peek();
  if (!mine) return;
  const gives = (floor) => floor && (floor.press !== mine.number || !["idle", "denied"].includes(floor.mine));
  if (!mine.channels.some((id) => gives(channelByID.peek().get(id)?.floor))) end();
}
