// What a person does goes to the endpoint as a deed; what became of it is shown.
import { signal } from "@preact/signals";
import { t } from "./words.js";

/** notes are what became of deeds, newest first. Failures stay until put away. */
export const notes = signal([]);
let last = 0;

export function note(kind, text) {
  const id = ++last;
  notes.value = [{ id, kind, text }, ...notes.value].slice(0, 5);
  if (kind !== "bad") setTimeout(() => putAway(id), 6000);
}
export const putAway = (id) => { notes.value = notes.value.filter((n) => n.id !== id); };

/** send does a deed and gives its outcome; it never throws. */
export async function send(deed, more = {}) {
  try {
    const answer = await fetch("api/do", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(deed), ...more,
    });
    const outcome = await answer.json().catch(() => null);
    if (outcome && typeof outcome.done === "boolean") return outcome;
    return { done: false, waits: false, says: t("deed.status", { status: answer.status }) };
  } catch {
    return { done: false, waits: false, says: t("deed.unreachable") };
  }
}

/** act does a deed and says what became of it. */
export async function act(deed, done) {
  const outcome = await send(deed);
  if (outcome.waits) note("wait", t("deed.waits"));
  else if (!outcome.done) note("bad", outcome.says || t("deed.failed"));
  else if (done) note("good", done);
  return outcome;
}
