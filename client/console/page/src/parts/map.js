// The map: a coarse base that needs no network, a graticule, positions and call places.
// Moved by pointer, by keys and by buttons; the list beside it says the same in words.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.js";
import { who } from "../who.js";
import { act } from "../deeds.js";
import { calls, channels, live, positions, title } from "../state.js";
import { ago, since } from "../times.js";
import { locale, t } from "../words.js";
import { layers, towns } from "../map/base.js";
import { bound, fit, projector, step } from "../map/project.js";
import { Chip, Choice, Empty, Field } from "./basics.js";

const old = 15 * 60; // seconds after which a position is marked

/** marks are what lies on the map. */
function marks() {
  const open = calls.value.filter((c) => c.place && !/declined|cancelled|released|expired|closed/i.test(c.state));
  return [
    ...open.map((c) => ({ id: c.id, kind: "call", lat: c.place.lat, lon: c.place.lon, label: who(c.from_short.split("@")[0]), says: c.says, at: c.at, exercise: c.exercise })),
    ...positions.value.map((p) => ({ id: p.channel + p.name, kind: "unit", lat: p.lat, lon: p.lon, label: who(p.short.split("@")[0]), says: p.says, at: p.at, metres: p.accuracy_m, channel: p.channel, old: since(p.at) > old })),
  ];
}

export function Map() {
  const box = useRef();
  const [size, setSize] = useState([640, 380]);
  const list = marks();
  const [place, setPlace] = useState(null);
  const at = place ?? fit(list, ...size);
  useEffect(() => {
    const watch = new ResizeObserver(([e]) => setSize([Math.max(200, e.contentRect.width), Math.max(200, e.contentRect.height)]));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const move = (dx, dy, zoom = 1) => setPlace(bound({ lat: at.lat + dy * at.across, lon: at.lon + dx * at.across, across: at.across * zoom }));
  return html`
    <div class="panel-head"><h2>${t("panel.map")}</h2>
      <span class="actions"><button type="button" onClick=${() => move(0, 0, 0.5)} aria-label=${t("map.in")}>+</button>
        <button type="button" onClick=${() => move(0, 0, 2)} aria-label=${t("map.out")}>−</button>
        <button type="button" onClick=${() => setPlace(null)}>${t("map.all")}</button></span></div>
    <div class="map" ref=${box} tabindex="0" role="group" aria-roledescription=${t("map.map")} aria-label=${t("map.label", { n: list.length })} ...${handlers(at, size, move, setPlace)}>
      <${Picture} at=${at} size=${size} list=${list} /></div>
    <p class="hint">${t("map.hint")}</p>
    ${!list.length && html`<${Empty}>${t("map.none")}<//>`}
    <ul class="list">${list.map((m) => html`
      <li key=${m.id} class="row spot"><${Chip} kind=${m.kind === "call" ? "loud" : ""} icon=${m.kind === "call" ? "bell" : "pin"}>${t(`map.${m.kind}`)}<//><b>${m.label}</b><span class="grow">${m.says}</span>
        <small>${coordinates(m)}${m.metres > 0 && ` ±${m.metres} m`}</small><small class=${m.old ? "warn" : ""}>${ago(m.at)}</small>
        <button type="button" class="quiet" onClick=${() => setPlace(bound({ lat: m.lat, lon: m.lon, across: Math.min(at.across, 0.3) }))} aria-label=${t("map.show", { who: m.label })}>${t("map.centre")}</button></li>`)}</ul>
    <${Mine} />`;
}

const coordinates = (p) => `${p.lat.toFixed(5)}, ${p.lon.toFixed(5)}`;

function handlers(at, size, move, setPlace) {
  const pan = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
  let from;
  return {
    onKeyDown: (e) => {
      if (pan[e.key]) move(...pan[e.key]);
      else if (e.key === "+" || e.key === "=") move(0, 0, 0.5);
      else if (e.key === "-") move(0, 0, 2);
      else if (e.key === "0" || e.key === "Home") setPlace(null);
      else return;
      e.preventDefault();
    },
    onPointerDown: (e) => { from = [e.clientX, e.clientY]; e.currentTarget.setPointerCapture(e.pointerId); },
    onPointerUp: (e) => {
      if (!from) return;
      move((from[0] - e.clientX) / size[0], (e.clientY - from[1]) / size[0]);
      from = null;
    },
    onWheel: (e) => { if (e.ctrlKey || document.activeElement === e.currentTarget) { e.preventDefault(); move(0, 0, e.deltaY > 0 ? 1.25 : 0.8); } },
  };
}

function Picture({ at, size: [w, h], list }) {
  const p = projector(at, w, h);
  const window = { west: p.lon(0), east: p.lon(w), north: p.lat(0), south: p.lat(h) };
  return html`
    <svg width=${w} height=${h} viewBox=${`0 0 ${w} ${h}`} aria-hidden="true" focusable="false">
      <${Graticule} p=${p} window=${window} w=${w} h=${h} />
      ${layers.map((l) => html`<path key=${l.name} class=${`line-${l.name}`} d=${trace(l.lines, p, window)} />`)}
      ${towns.filter(([, lat, lon, most]) => at.across < most && lat < window.north && lat > window.south && lon > window.west && lon < window.east)
        .map(([name, lat, lon]) => html`<g key=${name} class="town" transform=${`translate(${p.x(lon)} ${p.y(lat)})`}><rect x="-2" y="-2" width="4" height="4" /><text x="5" y="17">${name}</text></g>`)}
      ${list.map((m) => html`<${Mark} key=${m.id} mark=${m} p=${p} w=${w} />`)}
      <${Scale} p=${p} h=${h} />
    </svg>`;
}

function trace(lines, p, { west, east, south, north }) {
  return lines.filter((l) => l.west < east && l.east > west && l.south < north && l.north > south)
    .map((l) => "M" + l.points.map(([lon, lat]) => `${p.x(lon).toFixed(1)} ${p.y(lat).toFixed(1)}`).join("L")).join("");
}

/** Mark is a diamond for a unit and a bell in a disc for a call: shapes, not colours alone. */
function Mark({ mark: m, p, w }) {
  const x = p.x(m.lon), y = p.y(m.lat);
  const ring = m.metres ? m.metres / p.metres(1) : 0;
  return html`
    <g class=${`mark mark-${m.kind} ${m.old ? "old" : ""}`} transform=${`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
      ${ring > 10 && ring < 2000 && html`<circle class="accuracy" r=${ring} />`}
      ${m.kind === "call" ? html`<circle r="11" /><path class="bell" d="M0-7a5 5 0 0 0-5 5v3l-2 3h14l-2-3v-3a5 5 0 0 0-5-5zm-2 12a2 2 0 0 0 4 0z" />` : html`<path d="M0-9 9 0 0 9-9 0z" />`}
      <text x=${x > w * 0.66 ? -14 : 14} y="5" text-anchor=${x > w * 0.66 ? "end" : "start"}>${m.label}${m.old ? ` · ${ago(m.at)}` : ""}</text></g>`;
}

function Graticule({ p, window, w, h }) {
  const d = step(Math.max(0.001, (window.east - window.west) / 4));
  const digits = Math.max(0, -Math.floor(Math.log10(d)));
  const from = (x) => Math.ceil(x / d) * d;
  const steps = (a, b) => Array.from({ length: Math.max(0, Math.min(20, Math.floor((b - from(a)) / d) + 1)) }, (_, i) => from(a) + i * d);
  return html`<g class="graticule">
    ${steps(window.west, window.east).map((lon) => html`<path key=${`x${lon}`} d=${`M${p.x(lon)} 0V${h}`} /><text x=${p.x(lon) + 3} y="12">${lon.toFixed(digits)}°</text>`)}
    ${steps(window.south, window.north).map((lat) => html`<path key=${`y${lat}`} d=${`M0 ${p.y(lat)}H${w}`} /><text x="3" y=${p.y(lat) - 3}>${lat.toFixed(digits)}°</text>`)}</g>`;
}

function Scale({ p, h }) {
  const metres = step(p.metres(130)), long = metres / p.metres(1);
  const number = (n) => new Intl.NumberFormat(locale(), { maximumSignificantDigits: 2 }).format(n);
  const says = metres >= 1000 ? `${number(metres / 1000)} km · ${number(metres / 1609.344)} mi` : `${number(metres)} m · ${number(metres / 0.9144)} yd`;
  return html`<g class="scale" transform=${`translate(52 ${h - 14})`}><path d=${`M0-5V0H${long}V-5`} /><text x="4" y="-8">${says}</text></g>`;
}

/** Mine tells the others where this desk or unit is. */
function Mine() {
  const joined = channels.value.filter((c) => c.joined && !c.members?.some((m) => m.me && m.observer));
  const [channel, setChannel] = useState("");
  const [text, setText] = useState("");
  const [why, setWhy] = useState("");
  if (!joined.length) return null;
  const to = channel || joined[0].id;
  const give = (lat, lon, metres) => act({ do: "position", channel: to, lat, lon, accuracy_m: Math.round(metres) }, t("done.position", { title: title(to) }));
  const byHand = (e) => {
    e.preventDefault();
    const [lat, lon] = text.split(/[,;\s]+/).map(Number);
    const fine = Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
    setWhy(fine ? "" : t("map.bad"));
    if (fine) give(lat, lon, 0);
  };
  const byDevice = () => navigator.geolocation.getCurrentPosition(
    ({ coords: c }) => give(c.latitude, c.longitude, c.accuracy), () => setWhy(t("map.no-fix")), { enableHighAccuracy: true, timeout: 15_000 });
  return html`
    <details class="box"><summary>${t("map.mine")}</summary>
      <form class="grid" onSubmit=${byHand}>
        <${Field} label=${t("texts.channel")}><${Choice} value=${to} options=${joined.map((c) => [c.id, c.title])} onChange=${setChannel} /><//>
        <${Field} label=${t("map.coordinates")}><input placeholder="28.7091, -100.4995" value=${text} onInput=${(e) => setText(e.currentTarget.value)} /><//>
        <p class="actions full"><button type="submit" disabled=${!live.value.on || !text}>${t("map.give")}</button><button type="button" disabled=${!live.value.on} onClick=${byDevice}>${t("map.give-device")}</button>${why && html`<span class="bad" role="alert">${why}</span>`}</p>
      </form></details>`;
}
