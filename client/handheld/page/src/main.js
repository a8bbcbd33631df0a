// The handheld's page: starts the stream, the voice and what a phone can do, and draws.
import { effect } from "@preact/signals";
import { render } from "preact";
import { html } from "../../../console/page/src/html.js";
import { tell } from "../../../console/page/src/aloud.js";
import { note } from "../../../console/page/src/deeds.js";
import { lean } from "../../../console/page/src/lean.js";
import { guard } from "../../../console/page/src/press.js";
import { page } from "../../../console/page/src/self.js";
import { wake } from "../../../console/page/src/sound.js";
import { live, me } from "../../../console/page/src/state.js";
import { on, start } from "../../../console/page/src/stream.js";
import { already, renew, taken } from "../../../console/page/src/voice.js";
import { language, languages } from "../../../console/page/src/words.js";
import { App } from "./app.js";
import { begin, shake } from "./device.js";
import { say } from "./say.js";
import { channel, stay } from "./state.js";

const wanted = navigator.languages.map((l) => l.slice(0, 2)).find((l) => languages.includes(l));
if (wanted) language.value = wanted;
effect(() => { if (languages.includes(me.value?.language)) language.value = me.value.language; });
effect(() => { document.documentElement.lang = { en: "en-US", es: "es-MX", fr: "fr-CA" }[language.value]; });

on("voice", (v) => (v.taken ? taken() : renew()));
on("ring", () => {}); // what rings is in the calls; the event only hastens
start(page);
guard();
begin();
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, { once: true, capture: true });
tell();
stay((c) => { note("bad", say("channel.gone", { title: c.title })); shake([200, 100, 200]); });
lean((id) => id === channel.value?.id);
let once = false;
effect(() => { if (live.value.on && !once) { once = true; already(); } });
render(html`<${App} />`, document.getElementById("app"));
