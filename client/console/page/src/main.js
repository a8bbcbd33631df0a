// The dispatcher's page: starts the stream, the keys and the voice, and draws.
import { effect } from "@preact/signals";
import { render } from "preact";
import { html } from "./html.js";
import { tell } from "./aloud.js";
import { listen } from "./keys.js";
import { lean } from "./lean.js";
import { App } from "./parts/app.js";
import { guard } from "./press.js";
import { prefs } from "./prefs.js";
import { page } from "./self.js";
import { wake } from "./sound.js";
import { live, me } from "./state.js";
import { on, start } from "./stream.js";
import { already, renew, taken } from "./voice.js";
import { language, languages } from "./words.js";

const wanted = navigator.languages.map((l) => l.slice(0, 2)).find((l) => languages.includes(l));
if (wanted) language.value = wanted;
effect(() => { if (languages.includes(me.value?.language)) language.value = me.value.language; });
effect(() => { document.documentElement.lang = { en: "en-US", es: "es-MX", fr: "fr-CA" }[language.value]; });

on("voice", (v) => (v.taken ? taken() : renew()));
on("ring", () => {}); // what rings is in the calls; the event only hastens
start(page);
guard();
listen();
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, { once: true, capture: true });
tell();
lean((id) => !prefs.muted.value[id]);
let once = false;
effect(() => { if (live.value.on && !once) { once = true; already(); } });
render(html`<${App} />`, document.getElementById("app"));
