// What a phone can do: stay awake, shake, say where it is, and open without the endpoint.
import { effect } from "@preact/signals";
import { calls, live } from "../../../console/page/src/state.js";
import { pressed } from "../../../console/page/src/press.js";
import { channel, place } from "./state.js";

/** shake needs a person to have touched the page: browsers complain otherwise. */
export function shake(pattern) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(pattern);
}

let lock;

/** awake keeps the screen on while the page is live and in sight. */
async function awake() {
  if (!navigator.wakeLock || document.hidden || !live.peek().on || (lock && !lock.released)) return;
  try { lock = await navigator.wakeLock.request("screen"); } catch { /* low battery: the screen goes dark */ }
}

/** locate asks the device where it is, once; it gives whether it said so. */
export function locate() {
  return new Promise((done) => {
    if (!navigator.geolocation) return done(false);
    navigator.geolocation.getCurrentPosition(({ coords, timestamp }) => {
      place.value = { lat: coords.latitude, lon: coords.longitude, accuracy: Math.round(coords.accuracy), at: timestamp };
      done(true);
    }, () => done(false), { enableHighAccuracy: true, timeout: 15_000, maximumAge: 30_000 });
  });
}

/** begin starts what goes on by itself. */
export function begin() {
  document.addEventListener("visibilitychange", awake);
  addEventListener("pointerdown", awake);
  effect(() => { if (live.value.on) awake(); });
  let was = "idle";
  effect(() => {
    const mine = channel.value?.floor.mine ?? "idle";
    if (mine !== was && mine === "granted") shake(60);
    if (mine !== was && mine === "denied" && pressed.peek()) shake([80, 60, 80]);
    was = mine;
  });
  let rang = 0;
  effect(() => {
    const n = calls.value.filter((c) => c.rings).length;
    if (n > rang) shake([300, 150, 300, 150, 300]);
    rang = n;
  });
  navigator.serviceWorker?.register("worker.js").catch(() => { /* then it opens with the endpoint only */ });
}
