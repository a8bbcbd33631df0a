// Texts of a channel with their delivery state, what waits in the outbox, and a line to write.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.js";
import { who } from "../who.js";
import { act, send } from "../deeds.js";
import { draft, write } from "../drafts.js";
import { prefs } from "../prefs.js";
import { channels, live, messages, title } from "../state.js";
import { ago, now } from "../times.js";
import { names, t, word } from "../words.js";
import { Chip, Choice, Empty, Moment, Safety } from "./basics.js";
import { Icon } from "./icons.js";
import { focusChannel } from "./shown.js";

const told = new Set(); // messages that a person here has been shown

export function Texts() {
  const joined = channels.value.filter((c) => c.joined);
  const channel = joined.find((c) => c.id === focusChannel.value) ?? joined.find((c) => c.unread) ?? joined.find((c) => prefs.picked.value.includes(c.id)) ?? joined[0];
  useEffect(() => { if (channel) focusChannel.value = channel.id; }, [channel?.id]); // it stays: news elsewhere must not move it
  const list = messages.value.filter((m) => m.channel === channel?.id);
  const end = useRef();
  useEffect(() => { end.current?.scrollIntoView({ block: "nearest" }); shown(list); }, [list.length, channel?.id]);
  return html`
    <div class="panel-head"><h2>${t("panel.texts")}</h2>
      ${channel && html`<${Choice} aria-label=${t("texts.channel")} value=${channel.id} options=${joined.map((c) => [c.id, c.unread ? t("texts.unread", { title: c.title, n: c.unread }) : c.title])}
        onChange=${(id) => { focusChannel.value = id; }} />`}</div>
    ${channel && html`<${Safety} channel=${channel} />`}
    ${!list.length && html`<${Empty}>${t("texts.none")}<//>`}
    <ol class="texts" tabindex="0" aria-live="polite" aria-label=${t("texts.list")}>${list.map((m) => html`<${Text} key=${m.id} message=${m} />`)}<li ref=${end} aria-hidden="true"></li></ol>
    <${Outbox} />
    ${channel && html`<${Write} key=${channel.id} channel=${channel} />`}`;
}

/** shown tells the endpoint what has been on the screen of a page that is seen. */
function shown(list) {
  if (document.hidden || !live.value.on) return;
  for (const m of list.slice(-50)) {
    if (m.mine || told.has(m.id)) continue;
    told.add(m.id);
    send({ do: "shown", message: m.id });
  }
}

const marks = { waiting: "clock", kept: "clock", logged: "check", delivered: "check", read: "eye", failed: "warn" };

function Text({ message: m }) {
  return html`
    <li class=${`text ${m.mine ? "mine" : ""}`}>
      <p class="head"><b>${m.mine ? t("texts.me") : who(m.short)}</b> <small>${m.agency}</small> <${Moment} at=${m.at} />
        ${m.late && html`<${Chip} kind="warn" icon="clock">${t("late")}<//>`}</p>
      <p class="body" dir="auto">${m.text}</p>
      ${m.mine && html`<p class=${`delivery ${m.state === "failed" ? "bad" : ""}`}><${Icon} name=${marks[m.state] ?? "clock"} size=${14} />
        ${m.state === "delivered" && m.delivered?.length ? t("delivery.to", { state: t("delivery.delivered"), names: names(m.delivered) }) : word("delivery", m.state)}${m.read?.length ? html` <small>${t("texts.read-by", { names: names(m.read.map(who)) })}</small>` : null}${m.why && html` <small>${m.why}</small>`}</p>`}
    </li>`;
}

/** Outbox is what has not gone, of all channels, with its age. */
function Outbox() {
  const waiting = channels.value.flatMap((c) => (c.outbox ?? []).map((q) => ({ ...q, channel: c.id })));
  if (!waiting.length) return null;
  now.value;
  return html`
    <section class="outbox" aria-label=${t("outbox.label")}><h3>${t("outbox.title", { n: waiting.length })}</h3>
      <ul>${waiting.slice(0, 20).map((q) => html`<li key=${q.id}><${Icon} name="clock" size=${14} /><b>${word("queued", q.kind)}</b> ${title(q.channel)} <small>${ago(q.at)} · ${t(q.kept ? "outbox.kept" : "outbox.here")}</small></li>`)}</ul></section>`;
}

function Write({ channel: c }) {
  const [going, setGoing] = useState(false);
  const text = draft(c.id);
  const observer = c.members?.some((m) => m.me && m.observer);
  const go = async (e) => {
    e.preventDefault();
    if (!text.trim() || going) return;
    setGoing(true);
    const outcome = await act({ do: "text", channel: c.id, text });
    setGoing(false);
    if ((outcome.done || outcome.waits) && draft(c.id) === text) write(c.id, "");
  };
  return html`
    <form class="write" onSubmit=${go}>
      <label class="grow"><span class="hidden">${t("texts.write", { title: c.title })}</span>
        <input maxlength="4000" placeholder=${observer ? t("why.observer") : t("texts.write", { title: c.title })} disabled=${observer || !live.value.on} value=${text} onInput=${(e) => write(c.id, e.currentTarget.value)} /></label>
      <button type="submit" class="primary" disabled=${observer || !live.value.on || going || !text.trim()}>${t("texts.send")}</button>
    </form>`;
}
