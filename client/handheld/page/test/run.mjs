// Looks at every state of the handheld's page in Chromium, on a phone, in three
// languages and two looks, and does what a person does there:
//
//	node run.mjs [OUT]    screenshots go to OUT, default ./out
//
// Fails if the console has an error, the policy is violated, axe finds something
// serious, a control is smaller than a glove, or the page does not do what is asked of
// it. Skips (exit 0, with a word) where there is no Chromium, or no npm ci in the
// console's page/test, whose driver and fixtures it uses (MODULES names another folder).
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { answerer } from "../../../console/page/test/answerer.mjs";
import { serve } from "../../../console/page/test/server.mjs";

const here = new URL(".", import.meta.url).pathname;
const shared = new URL("../../../console/page/", import.meta.url).pathname;
const modules = process.env.MODULES ?? join(shared, "test/");
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const out = process.argv[2] ?? join(here, "out");
if (!existsSync(chromium) || !existsSync(join(modules, "node_modules/playwright-core"))) {
  console.log("SKIP: no Chromium, or no npm ci in client/console/page/test");
  process.exit(0);
}
const { chromium: driver } = createRequire(join(modules, "x.js"))("playwright-core");
const axe = readFileSync(join(modules, "node_modules/axe-core/axe.min.js"), "utf8");
mkdirSync(out, { recursive: true });

const problems = [];
const server = await serve(join(here, "../built"));
const browser = await driver.launch({ executablePath: chromium, args: ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required", "--no-sandbox", "--disable-dev-shm-usage"] });
server.voice = (await answerer(browser)).answer;
const glove = 64;

async function open(label, theme, language, size = { width: 360, height: 740 }) {
  const context = await browser.newContext({ viewport: size, hasTouch: true, locale: language, permissions: ["microphone", "geolocation"], geolocation: { latitude: 28.7091, longitude: -100.4995 } });
  await context.addInitScript((theme) => {
    if (!localStorage.getItem("crossband")) localStorage.setItem("crossband", JSON.stringify({ theme }));
    document.addEventListener("securitypolicyviolation", (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`));
  }, theme);
  const page = await context.newPage();
  page.on("console", (m) => { if (m.type() === "error" && !/api\/(voice|events|do|recall)/.test(m.text() + m.location().url)) problems.push(`${label}: console: ${m.text()}`); });
  page.on("pageerror", (e) => problems.push(`${label}: ${e.stack ?? e}`));
  await page.goto(server.url);
  await page.waitForSelector("[data-voice=on]", { timeout: 20_000 });
  return page;
}

async function judge(page, label) {
  await page.evaluate(axe); // in the driver's own world: the page's policy stays as it is
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  for (const v of violations) {
    if (["serious", "critical"].includes(v.impact)) problems.push(`${label}: axe ${v.id}: ${v.nodes.slice(0, 2).map((n) => `${n.html.slice(0, 140)} (${n.any[0]?.message ?? ""})`).join(" | ")}`);
  }
  const small = await page.evaluate((glove) => [...document.querySelectorAll("button, input, select")].filter((b) => b.offsetParent && !b.closest(".note, .alarm"))
    .filter((b) => b.offsetHeight < glove || b.offsetWidth < glove).map((b) => `${b.textContent.slice(0, 30)} ${b.offsetWidth}x${b.offsetHeight}`), glove);
  if (small.length) problems.push(`${label}: too small for gloves: ${small.join("; ")}`);
  const [wide, low, seen] = await page.evaluate(() => {
    const talk = document.querySelector(".talk").getBoundingClientRect(), last = document.querySelector("nav").getBoundingClientRect();
    return [document.documentElement.scrollWidth > innerWidth + 1, talk.top + talk.height / 2 > innerHeight / 2, last.bottom <= innerHeight + 1];
  });
  if (wide) problems.push(`${label}: wider than the window`);
  if (!low) problems.push(`${label}: the button is out of a thumb's reach`);
  if (!seen) problems.push(`${label}: the lowest row is cut off`);
}

const fixtures = readdirSync(join(shared, "fixture")).map((f) => f.replace(".json", ""));
for (const [language, theme] of [["en", "dark"], ["es", "light"], ["fr", "contrast"], ["en", "light"]]) {
  const page = await open(`${language}-${theme}`, theme, language);
  for (const name of fixtures) {
    server.load(name);
    server.push("me", { ...server.view.me, language });
    await page.waitForTimeout(150);
    const label = `${name}-${language}-${theme}`;
    await page.screenshot({ path: join(out, `${label}.png`) });
    await judge(page, label);
  }
  server.load("quiet");
  server.push("me", { ...server.view.me, language });
  for (const panel of ["hail", "texts", "missed", "more"]) {
    await page.locator(`[data-nav=${panel}]`).click();
    await page.waitForTimeout(150);
    await page.screenshot({ path: join(out, `panel-${panel}-${language}-${theme}.png`) });
    await judge(page, `panel-${panel}-${language}-${theme}`);
    await page.locator("[data-nav=back]").click();
  }
  await page.context().close();
}

/** check does one thing on a fresh page. */
async function check(name, fixture, fn) {
  server.mend();
  server.load(fixture);
  server.deeds.length = 0;
  const page = await open(name, "dark", "en");
  await page.waitForTimeout(200);
  try { await fn(page); } catch (e) { problems.push(`${name}: ${e.message.split("\n")[0]}`); }
  await page.context().close();
}
const must = (ok, what) => { if (!ok) throw new Error(what); };
const did = (name) => server.deeds.filter((d) => d.do === name);
const until = async (ok, what) => {
  for (let i = 0; i < 50; i++) { if (ok()) return; await new Promise((r) => setTimeout(r, 100)); }
  throw new Error(`never: ${what}; ${JSON.stringify(server.deeds)}`);
};
async function hold(page, selector, ms) {
  const box = await page.locator(selector).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.waitForTimeout(ms);
  await page.mouse.up();
}

await check("the button talks while it is held", "quiet", async (page) => {
  await hold(page, ".talk", 400);
  await until(() => did("release").length === 1, "released");
  must(did("press").length === 1 && did("press")[0].priority === "routine" && did("press")[0].channels.length === 1, JSON.stringify(did("press")));
});
await check("an emergency wants 1.5 s", "quiet", async (page) => {
  await hold(page, "[data-emergency]", 800);
  await page.waitForTimeout(1200);
  must(did("press").length === 0, "a short touch called an emergency");
  await hold(page, "[data-emergency]", 1800);
  await until(() => did("press").length === 1, "pressed");
  must(did("press")[0].priority === "emergency", JSON.stringify(did("press")));
  await page.waitForTimeout(500);
  must(did("release").length === 0, "the microphone did not stay open");
  await page.locator("[data-emergency]").click();
  await until(() => did("release").length === 1, "stopped");
});
await check("in Spanish nothing of a call is English or out of sight", "ring", async (page) => {
  server.push("me", { ...server.view.me, language: "es", phrases: server.view.me.phrases.map((p) => ({ ...p, required: ["count"] })) });
  await page.waitForTimeout(200);
  for (const part of await page.locator(".answers button, .answers select, .answers input").all()) {
    const box = await part.boundingBox();
    must(box.x >= 0 && box.x + box.width <= 360, `cut off: ${await part.innerText()}`);
  }
  const english = async () => must(!/desk\/|unit\/|\bcount\b/.test(await page.locator("body").innerText()), `English: ${await page.locator("body").innerText()}`);
  await english();
  server.push("calls", []);
  await page.locator("[data-nav=hail]").click();
  await page.locator("[data-desk]").first().click();
  await page.locator("[data-phrase]").first().click();
  await english();
});
await check("an emergency brings the voice back that another page has taken", "quiet", async (page) => {
  server.push("voice", { taken: true });
  await page.waitForSelector("[data-voice-on]");
  await hold(page, "[data-emergency]", 1800);
  await until(() => did("press").length === 1, "pressed");
  must(did("press")[0].priority === "emergency", JSON.stringify(did("press")));
  await page.waitForTimeout(300);
  must(did("release").length === 0, "the microphone did not stay open");
});
await check("a microphone that another program had is tried again by a press", "quiet", async (page) => {
  await page.addInitScript(() => {
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    let first = true;
    navigator.mediaDevices.getUserMedia = (...a) => { if (!first) return real(...a); first = false; return Promise.reject(new DOMException("busy", "NotReadableError")); };
  });
  await page.reload();
  await page.waitForSelector("[data-voice=on]");
  await page.locator("[data-voice-on]", { hasText: "microphone" }).click({ timeout: 3000 });
  await page.waitForSelector(".talk[data-state=ready]", { timeout: 5000 });
});
await check("a hail by three taps", "quiet", async (page) => {
  await page.locator("[data-nav=hail]").click();
  await page.locator("[data-desk]").first().click();
  await page.locator("[data-phrase]").first().click();
  await page.locator("[data-send]").click();
  await until(() => did("hail").length === 1, "hailed");
  const [h] = did("hail");
  must(h.channel && h.name && h.phrase && h.priority === "urgent", JSON.stringify(h));
});
await check("a channel that comes does not take the thumb's place, nor the words", "quiet", async (page) => {
  const title = () => page.locator("h1").textContent(), before = await title();
  const at = server.view.channels.find((c) => c.title === before);
  await page.locator("[data-nav=texts]").click();
  await page.locator(".line input").fill("for the first");
  const comes = { ...at, id: "ee".repeat(16), title: "Comes" }, all = server.view.channels;
  server.push("channels", [comes, ...all]);
  await page.waitForTimeout(200);
  await page.locator(".line button").click();
  await until(() => did("text").length === 1, "sent");
  must(did("text")[0].channel === at.id, "the words went to another channel");
  await page.locator("[data-nav=back]").click();
  must((await title()) === before, "the button speaks on another channel");
  await hold(page, ".talk", 300);
  await until(() => did("press").length === 1, "pressed");
  must(did("press")[0].channels[0] === at.id, "spoke on another channel");
  server.push("channels", [comes, ...all.filter((c) => c.id !== at.id)]);
  await page.waitForSelector(".note:has-text('Your channel is gone')");
});
await check("a hail on an exercise's channel is one, and says so", "quiet", async (page) => {
  server.push("channels", server.view.channels.map((c) => ({ ...c, exercise: c.may_hail })));
  await page.locator("[data-nav=hail]").click();
  await page.locator("[data-desk]").first().click();
  await page.locator("[data-phrase]").first().click();
  must(await page.locator("main mark").count() === 1, "not marked before it is sent");
  await page.locator("[data-send]").click();
  await until(() => did("hail").length === 1, "hailed");
  must(did("hail")[0].exercise === true, "people would be paged for an exercise");
});
await check("a short reply is one tap", "quiet", async (page) => {
  await page.locator("[data-nav=texts]").click();
  await page.locator("[data-quick]").nth(3).click();
  await until(() => did("text").length === 1, "sent");
  must(did("text")[0].text === "On my way.", JSON.stringify(did("text")));
});
await check("a call is accepted by one tap", "ring", async (page) => {
  await page.locator("[data-answer=accepted]").first().click();
  await until(() => did("reply").length === 1, "answered");
  must(did("reply")[0].state === "accepted", JSON.stringify(did("reply")));
});
await check("an observer cannot press", "observer", async (page) => {
  const listen = server.view.channels.findIndex((c) => !c.may_talk);
  for (let i = 0; i < server.view.channels.length && (await page.locator("h1").textContent()) !== server.view.channels[listen].title; i++) await page.locator("[data-step='1']").click();
  await hold(page, ".talk", 300);
  must(did("press").length === 0, "pressed");
  must((await page.locator(".talk").getAttribute("aria-disabled")) === "true", "the button looks as if it worked");
});
await check("a swipe goes to another channel", "quiet", async (page) => {
  const before = await page.locator("h1").textContent();
  await page.evaluate(() => {
    const main = document.querySelector("main"), touch = (x) => new Touch({ identifier: 1, target: main, clientX: x, clientY: 200 });
    main.dispatchEvent(new TouchEvent("touchstart", { bubbles: true, touches: [touch(300)], changedTouches: [touch(300)] }));
    main.dispatchEvent(new TouchEvent("touchend", { bubbles: true, touches: [], changedTouches: [touch(100)] }));
  });
  await page.waitForTimeout(100);
  must((await page.locator("h1").textContent()) !== before, "the same channel");
});
await check("where the device is goes along with a hail", "quiet", async (page) => {
  await page.locator("[data-nav=more]").click();
  await page.locator("[data-here]").click();
  await page.waitForTimeout(800);
  await page.locator("[data-nav=back]").click();
  await page.locator("[data-nav=hail]").click();
  await page.locator("[data-desk]").first().click();
  const slug = server.view.me.phrases.find((p) => p.slots.includes("place")).slug;
  await page.locator(`[data-phrase="${slug}"]`).click();
  await page.locator("[data-send]").click();
  await until(() => did("hail").length === 1, "hailed");
  must(did("hail")[0].slots?.place === "28.709100,-100.499500", JSON.stringify(did("hail")));
});
await check("what was missed is marked late", "quiet", async (page) => {
  server.push("bursts", [{ id: "0123456789abcdef", channel: server.view.channels[0].id, from: "x", short: "unit/x", agency: "gn.example", at: new Date().toISOString(), ms: 2100, over: true, genuine: true, heard: false }]);
  await page.locator("[data-nav=missed]").click();
  must((await page.locator("[data-burst]").textContent()).includes("MISSED, LATE"), "not marked");
});
await check("the outbox is seen with its age", "quiet", async (page) => {
  const [c, ...rest] = server.view.channels;
  server.push("channels", [{ ...c, outbox: [{ id: "a", kind: "text", at: new Date(Date.now() - 250_000).toISOString(), kept: false }] }, ...rest]);
  await page.waitForTimeout(200);
  must(/1 waiting, oldest 4 min/.test(await page.locator("[data-outbox]").textContent()), await page.locator("[data-outbox]").textContent());
});
await check("without the endpoint nothing looks secure, and the press ends", "quiet", async (page) => {
  const box = await page.locator(".talk").boundingBox();
  await page.mouse.move(box.x + 50, box.y + 50);
  await page.mouse.down();
  await page.waitForTimeout(200);
  server.cut();
  await page.waitForSelector("[data-secure=unknown]");
  must((await page.locator("[data-secure=secure]").count()) === 0, "secure");
  must((await page.locator(".talk").getAttribute("aria-disabled")) === "true", "the button looks as if it worked");
  await page.screenshot({ path: join(out, "not-live.png") });
  await page.mouse.up();
  server.mend();
  await page.waitForSelector("[data-secure=secure], [data-secure=unconfirmed], [data-secure=none]", { timeout: 10_000 });
});
await check("it opens without the endpoint, and keeps nothing of it", "quiet", async (page) => {
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForTimeout(500);
  const kept = await page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (n) => (await (await caches.open(n)).keys()).map((r) => new URL(r.url).pathname)))).flat());
  must(kept.includes("/") && kept.includes("/app.js") && !kept.some((p) => p.startsWith("/api")), JSON.stringify(kept));
  await page.context().setOffline(true);
  await page.reload();
  await page.waitForSelector(".link.bad");
  must((await page.locator("[data-secure=secure]").count()) === 0, "secure");
  await page.context().setOffline(false);
});

process.on("unhandledRejection", () => {}); // an offer of the last page that nobody answers any more
await browser.close();
await server.close();
if (problems.length) {
  console.log([...new Set(problems)].join("\n"));
  console.log(`${problems.length} problems`);
  process.exit(1);
}
console.log(`handheld's page: ${fixtures.length} states, 4 looks, and what is done there: all as it should be`);
