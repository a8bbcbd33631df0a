// Times and ages, as people say them. The clock ticks once a second.
import { signal } from "@preact/signals";
import { locale, t } from "./words.js";

export const now = signal(Date.now());
setInterval(() => { now.value = Date.now(); }, 1000);

export const since = (iso) => Math.max(0, Math.floor((now.value - Date.parse(iso)) / 1000));
export const until = (iso) => Math.max(0, Math.ceil((Date.parse(iso) - now.value) / 1000));

/** span is a number of seconds in its largest whole unit: 4 min. */
export function span(seconds) {
  const [n, unit] = seconds < 60 ? [seconds, "second"]
    : seconds < 3600 ? [seconds / 60, "minute"]
    : seconds < 86400 ? [seconds / 3600, "hour"]
    : [seconds / 86400, "day"];
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short" }).format(Math.floor(n));
}

/** ago says how long ago a moment is. */
export const ago = (iso) => (iso ? t("time.ago", { span: span(since(iso)) }) : t("time.never"));

/** left is what remains, as minutes and seconds. */
export const left = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** clock is a moment's local time by 24 hours, the same in every language, with its date when that is not today's. */
export function clock(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
  if (at.toDateString() === new Date(now.value).toDateString()) return time;
  return t("time.on", { day: new Intl.DateTimeFormat(locale(), { month: "short", day: "numeric" }).format(at), time });
}

/** date is a day in words. */
export function date(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return t("time.open");
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(at);
}
