// Small parts that several others show.
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { safety } from "../state.js";
import { ago, clock, span } from "../times.js";
import { t } from "../words.js";
import { Icon } from "./icons.js";

/** Safety says whether a channel is secure: shape, word and key age. */
export function Safety({ channel, long }) {
  const s = safety(channel);
  const keyed = s.state === "secure" || s.state === "unconfirmed";
  return html`
    <div class=${`safety safety-${s.state}`} data-secure=${s.state} title=${s.says}>
      <${Icon} name=${s.state} size=${20} />
      <span><b>${t(s.key)}</b>${keyed && html` <span class="keys">${t("secure.keys", { span: span(channel.secure.key_age_s) })}</span>`}</span>
      ${long && s.says && html`<p class="says">${s.says}</p>`}
    </div>`;
}

/** Moment shows when something was, with its age for those who point at it. */
export const Moment = ({ at }) => (at ? html`<time datetime=${at} title=${ago(at)}>${clock(at)}</time>` : null);

/** Meter is a bar with its value for screen readers. */
export const Meter = ({ value, label, hot }) => html`
  <div class=${`meter ${hot ? "hot" : ""}`} role="meter" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${value} aria-label=${label}>
    <i style=${{ transform: `scaleX(${value / 100})` }}></i>
  </div>`;

/** Chip is a short word in a frame. */
export const Chip = ({ kind = "", icon, children }) => html`<span class=${`chip ${kind}`}>${icon && html`<${Icon} name=${icon} size=${14} />`}${children}</span>`;

export const Exercise = () => html`<span class="chip exercise">${t("exercise")}</span>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

/** Dialog is a modal one: the focus goes in, Escape closes it, the focus comes back. */
export function Dialog({ title, close, children, wide }) {
  const at = useRef();
  useEffect(() => {
    const before = document.activeElement;
    at.current.showModal();
    return () => before?.focus?.();
  }, []);
  return html`
    <dialog ref=${at} class=${wide ? "wide" : ""} aria-labelledby="dialog-title" onCancel=${(e) => { e.preventDefault(); close(); }}>
      <header><h2 id="dialog-title">${title}</h2>
        <button type="button" class="quiet" onClick=${close} aria-label=${t("close")}><${Icon} name="cross" /></button></header>
      ${children}
    </dialog>`;
}

/** Field is a labelled input of a form. */
export const Field = ({ label, hint, children }) => html`<label class="field"><span>${label}</span>${children}${hint && html`<small>${hint}</small>`}</label>`;

export const Choice = ({ value, onChange, options, ...rest }) => html`
  <select value=${value} onChange=${(e) => onChange(e.currentTarget.value)} ...${rest}>
    ${options.map(([v, says]) => html`<option key=${v} value=${v} selected=${v === value}>${says}</option>`)}
  </select>`;
