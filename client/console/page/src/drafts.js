// What is being typed, for each channel by itself: it must not go to another.
import { signal } from "@preact/signals";

const drafts = signal({}); // by channel; empty ones are left out

export const draft = (id) => drafts.value[id] ?? "";

export function write(id, text) {
  const { [id]: _, ...rest } = drafts.peek();
  drafts.value = text ? { ...rest, [id]: text } : rest;
}
