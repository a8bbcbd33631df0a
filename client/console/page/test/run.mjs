// Looks at every state of the page in Chromium, in three languages and four looks:
//
//	node run.mjs [OUT]     all; screenshots go to OUT, default ./out
//	node run.mjs OUT NAME  one state only
//
// Fails if the console has an error, the policy is violated, axe finds something
// serious, or the page does not do what behave.mjs asks of it. Skips (exit 0, with a
// word) where there is no Chromium or no playwright-core.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
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

const fixtures = readdirSync(join(here, "../fixture")).map((f) => f.replace(".json", "")).filter((f) => !only || f === only);
const looks = { en: [["dark", [1280, 720]], ["light", [1280, 720]], ["contrast", [1280, 720]], ["dark", [390, 844]]], es: [["dark", [1280, 720]], ["light", [390, 844]]], fr: [["light", [1280, 720]], ["contrast", [390, 844]]] };
const tabs = { incident: "incidents", talking: "recall", "relay-lost": "texts", "views-differ": "roster", quiet: "map", exercise: "incidents", many: "texts", observer: "texts", expelled: "alarms", "hub-away": "texts", contention: "pacts", "gateway-forged": "roster" };
const problems = [];
const server = await serve();
const browser = await driver.launch({ executablePath: chromium, args: ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required", "--no-sandbox"] });

/** open gives a page in a look, watched for errors. */
export async function open(name, look, language, [width, height]) {
  const context = await browser.newContext({ viewport: { width, height }, locale: language, reducedMotion: "reduce", bypassCSP: false });
  const page = await context.newPage();
  await context.addInitScript(({ look }) => {
    if (!localStorage.getItem("crossband")) localStorage.setItem("crossband", JSON.stringify({ theme: look }));
    document.addEventListener("securitypolicyviolation", (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`));
  }, { look });
  page.on("console", (m) => { if (m.type() === "error" && !/api\/(voice|events|do|recall)/.test(m.text() + m.location().url)) problems.push(`${name}: console: ${m.text()}`); });
  page.on("pageerror", (e) => problems.push(`${name}: ${e.stack ?? e}`));
  return page;
}

async function judge(page, label) {
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

for (const name of fixtures) {
  for (const [language, list] of Object.entries(looks)) {
    for (const [look, size] of list) {
      const label = `${name}-${language}-${look}-${size[0]}`;
      server.load(name);
      server.push("me", { ...server.view.me, language });
      const page = await open(label, look, language, size);
      await page.goto(server.url);
      await page.waitForSelector("[data-channel]");
      if (tabs[name] && size[0] > 1000) await page.click(`[data-tab=${tabs[name]}]`);
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(out, `${label}.png`) });
      await judge(page, label);
      await page.context().close();
    }
  }
}
if (!only) {
  const { behave } = await import("./behave.mjs");
  await behave({ server, open, problems, judge, out });
}
await browser.close();
server.close();
console.log(`${fixtures.length} states; ${problems.length} problems`);
for (const p of new Set(problems)) console.log("PROBLEM", p);
process.exit(problems.length ? 1 : 0);
