// What the endpoint tells, section by section, and what this page is looking at.
import { computed, signal } from "@preact/signals";

export const sections = {
  me: signal(null), link: signal(null), channels: signal([]), calls: signal([]), incidents: signal([]),
  messages: signal([]), bursts: signal([]), positions: signal([]), desks: signal([]), notices: signal([]),
  pacts: signal([]), alarms: signal([]),
  patches: signal(null), // null: this endpoint makes none
};
export const { me, link, channels, calls, incidents, messages, bursts, positions, desks, notices, pacts, alarms, patches } = sections;

/** live: the stream from the endpoint is there. Without it nothing here is to be relied on. */
export const live = signal({ on: false, since: Date.now(), ever: false });

/** linked: the stream is there, and the endpoint has its relay. */
export const linked = computed(() => live.value.on && link.value?.up === true);

export const channelByID = computed(() => new Map(channels.value.map((c) => [c.id, c])));
export const ringing = computed(() => calls.value.filter((c) => c.rings));
export const exercises = computed(() => channels.value.some((c) => c.joined && c.exercise) || calls.value.some((c) => c.exercise && c.rings));

export const title = (id) => channelByID.value.get(id)?.title ?? id.slice(0, 8);

/**
 * safety is what the page shows of a channel's security: what the endpoint says, or
 * less when the page itself knows that it cannot be so.
 */
export function safety(channel) {
  if (!live.value.on) return { state: "unknown", key: "secure.not-live" };
  const s = channel.secure;
  const sure = channel.joined && linked.value && !channel.hub_away && !s.differ?.length && !s.silent?.length;
  if (s.state === "secure" && !sure) return { state: "unconfirmed", key: "secure.unconfirmed" };
  if (!channel.joined) return { state: "none", key: "secure.outside", says: s.says };
  if (s.state === "secure" && (channel.members ?? []).some((m) => m.gateway)) return { state: "gateway", key: "secure.gateway", says: s.says };
  const known = ["secure", "unconfirmed", "differ", "none"].includes(s.state) ? s.state : "unconfirmed";
  return { state: known, key: `secure.${known}`, says: s.says };
}
