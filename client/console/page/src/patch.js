// A patch: what others say on one of its channels, this desk says on the others. The
// endpoint's own device speaks there, so its members see this desk as the speaker, and
// the first speaker's signature does not go along; the page says so before it begins.
import { effect, signal } from "@preact/signals";
import { begin, end, pressed } from "./press.js";
import { channelByID, live } from "./state.js";
import { unready } from "./voice.js";

/** patched are the channels of the patch; none: there is no patch. */
export const patched = signal([]);

const hang = 400; // ms after a speaker has ended, for what is on its way

/** speaker is the first channel of the patch on which somebody else speaks. */
function speaker() {
  return patched.value.find((id) => {
    const f = channelByID.value.get(id)?.floor;
    return f?.holder && (f.mine === "idle" || f.mine === "denied");
  });
}

/** patch has the patch work from now on. */
export function patch() {
  let from, timer;
  effect(() => {
    if (!live.value.on || unready()) return end("patch");
    const at = speaker(), busy = pressed.value;
    if (at && !busy) {
      clearTimeout(timer);
      if (begin(patched.value.filter((id) => id !== at), "patch", at)) from = at;
    } else if (busy?.source === "patch" && at !== from) {
      clearTimeout(timer);
      timer = setTimeout(() => end("patch"), hang);
    } else if (at === from) clearTimeout(timer);
  });
  // A channel that has been left is not patched any more.
  effect(() => {
    const open = patched.value.filter((id) => channelByID.value.get(id)?.joined);
    if (open.length !== patched.value.length) patched.value = open.length > 1 ? open : [];
  });
  effect(() => { if (!patched.value.length) end("patch"); });
}
