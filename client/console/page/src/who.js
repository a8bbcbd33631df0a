// How a device or desk is called on this page. The endpoint writes role/label, with
// @agency where it is not shown apart, or the whole name spiffe://agency/role/label.
import { t, word } from "./words.js";

/** parts takes a name apart; null: it is none. */
export function parts(name) {
  const whole = /^spiffe:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(name ?? "");
  if (whole) return { agency: whole[1], role: whole[2], label: whole[3] };
  const short = /^([a-z]+)\/([^/@]+)(?:@(.+))?$/.exec(name ?? "");
  return short ? { agency: short[3] ?? "", role: short[1], label: short[2] } : null;
}

/** who is a name in words: the role in the page's language, and the label as it is. */
export function who(name) {
  const n = parts(name);
  if (!n) return name ?? "";
  const values = { role: word("role", n.role), label: n.label, agency: n.agency };
  return n.agency ? t("who.of", values) : t("who.short", values);
}
