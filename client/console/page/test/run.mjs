// Looks at every state of the page in Chromium, in three languages and three looks:
//
//	node run.mjs [OUT]     all; screenshots go to OUT, default ./out
//	node run.mjs OUT NAME  one state only, or "behave" [PART OF A CHECK'S NAME]
//
// Fails if the console has an error, the policy is violated, axe finds something
// serious, or the page does not do what behave.mjs asks of it. Skips (exit 0, with a
// word) where there is no Chromium or no playwright-core.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { answerer } from "./answerer.mjs";
import { serve } from "./server.mjs";

const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const here = new URL(".", import.meta.url).pathname;
const out = process.argv[2] ?? join(here, "out");
const only = process.argv[3];
if (!existsSync(chromium) || !existsSync(join(here, "node_modules/playwright-core"))) {
  console.log("SKIP: no Chromium, or no npm ci here");
  process.exit(0);
}
const { chromium: driver } = await import("playwright-core");
const axe = readFileSync(join(here, "node_modules/axe-core/axe.min.js"), "utf8");
mkdirSync(out, { recursive: true });

const fixtures = readdirSync(join(here, "../fixture")).map((f) => f.replace(".json", "")).filter((f) => !only || only === "behave" || f === only);
const wide = [1280, 720], phone = [390, 844];
const looks = ["en", "es", "fr"].flatMap((language) => ["dark", "light", "contrast"].map((look) => [language, look, wide]))
  .concat([["en", "dark", phone], ["es", "light", phone], ["fr", "contrast", phone]]);
const tabs = { incident: "incidents", talking: "recall", "relay-lost": "texts", "views-differ": "roster", quiet: "map", exercise: "incidents", many: "texts", observer: "texts", expelled: "alarms", "hub-away": "texts", contention: "pacts", "gateway-forged": "roster" };
const problems = [];
const server = await serve();
const browser = await driver.launch({ executablePath: chromium, args: ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required", "--no-sandbox", "--disable-dev-shm-usage"] });

const voice = await answerer(browser);
server.voice = voice.answer;

/** open gives a page in a look, watched for errors. */
async function open(name, look, language, [width, height], more = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: language, reducedMotion: "reduce", bypassCSP: false });
  const page = await context.newPage();
  await context.addInitScript(({ look, more }) => {
    if (!localStorage.getItem("crossband")) localStorage.setItem("crossband", JSON.stringify({ theme: look, ...more }));
    document.addEventListener("securitypolicyviolation", (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`));
  }, { look, more });
  page.on("console", (m) => { if (m.type() === "error" && !/api\/(voice|events|do|recall)/.test(m.text() + m.location().url)) problems.push(`${name}: console: ${m.text()}`); });
  page.on("pageerror", (e) => problems.push(`${name}: ${e.stack ?? e}`));
  return page;
}

async function judge(page, label) {
  const { width } = page.viewportSize();
  await page.setViewportSize({ width, height: 5000 }); // nothing is cut off by an edge
  await page.evaluate(axe); // in the driver's own world: the page's policy stays as it is
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  for (const v of violations) {
    const where = v.nodes.slice(0, 2).map((n) => `${n.html.slice(0, 140)} (${n.any[0]?.message ?? ""})`).join(" | ");
    if (["serious", "critical"].includes(v.impact)) problems.push(`${label}: axe ${v.id}: ${where}`);
    else console.log(`note: ${label}: axe ${v.id} (${v.impact})`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
  if (wide) problems.push(`${label}: wider than the window`);
}

/** look shows every state to one page in one language and look. */
async function look(language, colours, size) {
  const picked = server.view.channels.slice(1, 3).map((c) => c.id);
  const page = await open(`${language}-${colours}-${size[0]}`, colours, language, size, { picked });
  await page.goto(server.url);
  await page.waitForSelector("[data-voice=on]", { timeout: 20_000 });
  for (const name of fixtures) {
    const label = `${name}-${language}-${colours}-${size[0]}`;
    server.load(name);
    server.push("me", { ...server.view.me, language });
    await page.setViewportSize({ width: size[0], height: size[1] });
    const tab = page.locator(`[data-tab=${tabs[name] ?? "calls"}]`);
    await page.waitForTimeout(100);
    if (size === wide) await tab.click();
    await page.screenshot({ path: join(out, `${label}.png`) });
    await judge(page, label);
  }
  await page.context().close();
  await voice.reset();
}

for (const [language, colours, size] of only === "behave" ? [] : looks) {
  server.load("quiet");
  server.push("me", { ...server.view.me, language });
  await look(language, colours, size);
}
if (!only || only === "behave") {
  const { behave } = await import("./behave.mjs");
  await behave({ only: process.argv[4], server, open, problems, judge, voice, out });
}
await browser.close();
server.close();
console.log(`${fixtures.length} states; ${problems.length} problems`);
for (const p of new Set(problems)) console.log("PROBLEM", p);
process.exit(problems.length ? 1 : 0);
