// The stream of sections from the endpoint. It comes back by itself; while it is away
// the page says so, and shows nothing as secure.
import { signal } from "@preact/signals";
import { live, sections } from "./state.js";

const listeners = new Map();

/** on has f called with the data of the events of a name that is no section. */
export const on = (name, f) => listeners.set(name, f);

/** login: the endpoint does not know this page (any more). */
export const login = signal(false);

const silence = 15_000; // an endpoint that beats is gone when it is silent for so long
let name = "", source, timer, beats = false, heard = 0;

function mark(up) {
  if (up === live.value.on) return;
  live.value = { on: up, since: Date.now(), ever: live.value.ever || up };
}

function open() {
  clearTimeout(timer);
  source?.close();
  source = new EventSource(`api/events?page=${name}`);
  const got = new Set();
  for (const section of Object.keys(sections)) {
    source.addEventListener(section, (e) => {
      const data = JSON.parse(e.data);
      heard = Date.now();
      sections[section].value = data ?? (Array.isArray(sections[section].value) ? [] : null);
      got.add(section);
      if (got.has("me") && got.has("link") && got.has("channels")) mark(true);
    });
  }
  for (const [event, f] of listeners) source.addEventListener(event, (e) => f(JSON.parse(e.data)));
  source.addEventListener("beat", () => { beats = true; heard = Date.now(); });
  source.onerror = () => {
    mark(false);
    got.clear(); // what is known is of before
    if (source.readyState !== EventSource.CLOSED) return;
    ask();
    timer = setTimeout(open, 2000);
  };
}

/** ask finds out whether it is the login that lacks. */
async function ask() {
  try {
    const answer = await fetch("api/events", { method: "HEAD" });
    login.value = answer.status === 401 || answer.status === 403;
  } catch {
    login.value = false;
  }
}

/** start opens the stream of a page of this name, and watches it. */
export function start(page) {
  name = page;
  open();
  setInterval(() => {
    if (beats && live.value.on && Date.now() - heard > silence) {
      mark(false);
      open();
    }
  }, 1000);
  addEventListener("online", open);
}
