// Drives Chromium for the Go tests beside it: an order a line on standard input, as
// JSON, its answer a line on standard output. Orders of one page are carried out in
// their order, those of different pages side by side. What a test looks for stands in
// the test; here is only how a browser is asked.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const patience = 15_000; // ms, for whatever does not say otherwise

let browser;
const pages = new Map(); // by the test's name for it: { context, page, faults, turn }

const orders = {
  async launch({ executable, args }) {
    browser = await chromium.launch({ executablePath: executable, args, headless: true });
    return browser.version();
  },

  // open makes a page in a context of its own: no cookie, no storage of another's.
  async open({ page: name, url, width, height, locale, dark, contrast, allow, touch, before }) {
    const context = await browser.newContext({
      viewport: { width: width || 1280, height: height || 720 },
      locale: locale || "en-US",
      colorScheme: dark ? "dark" : "light",
      contrast: contrast ? "more" : "no-preference",
      reducedMotion: "reduce",
      permissions: allow || [],
      hasTouch: !!touch,
      bypassCSP: false,
    });
    if (before) await context.addInitScript(before);
    const page = await context.newPage();
    const faults = [];
    page.on("console", (m) => { if (m.type() === "error") faults.push(`${m.text()} (${m.location().url})`); });
    page.on("pageerror", (e) => faults.push(String(e)));
    page.setDefaultTimeout(patience);
    pages.set(name, { context, page, faults });
    const answer = await page.goto(url);
    return { status: answer ? answer.status() : 0, headers: answer ? answer.headers() : {} };
  },

  async close({ page: name }) {
    const p = pages.get(name);
    pages.delete(name);
    await p?.context.close();
  },

  see: ({ at, selector, ms }) => at.page.locator(selector).first().waitFor({ state: "visible", timeout: ms || patience }),
  gone: ({ at, selector, ms }) => at.page.locator(selector).first().waitFor({ state: "hidden", timeout: ms || patience }),
  count: ({ at, selector }) => at.page.locator(selector).count(),
  text: ({ at, selector }) => at.page.locator(selector).first().innerText(),
  attribute: ({ at, selector, name }) => at.page.locator(selector).first().getAttribute(name),
  click: ({ at, selector }) => at.page.locator(selector).first().click(),
  fill: ({ at, selector, value }) => at.page.locator(selector).first().fill(value),
  choose: ({ at, selector, value }) => at.page.locator(selector).first().selectOption(value),
  focus: ({ at, selector }) => at.page.locator(selector).first().focus(),
  reload: ({ at }) => at.page.reload().then(() => null),
  press: ({ at, key }) => at.page.keyboard.press(key),
  down: ({ at, key }) => at.page.keyboard.down(key),
  up: ({ at, key }) => at.page.keyboard.up(key),
  resize: ({ at, width, height }) => at.page.setViewportSize({ width, height }),
  look: ({ at, dark, contrast }) => at.page.emulateMedia({ colorScheme: dark ? "dark" : "light", contrast: contrast ? "more" : "no-preference" }),

  // hold presses the mouse's button on something and keeps it there; letgo lets go.
  async hold({ at, selector }) {
    const e = at.page.locator(selector).first();
    await e.scrollIntoViewIfNeeded();
    const box = await e.boundingBox();
    await at.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await at.page.mouse.down();
  },
  letgo: ({ at }) => at.page.mouse.up(),

  eval: ({ at, script }) => at.page.evaluate(script),
  // until asks again and again: a function that the page itself waits for would have to
  // be evaluated there, which its Content-Security-Policy forbids.
  async until({ at, script, ms }) {
    for (const end = Date.now() + (ms || patience); Date.now() < end; await new Promise((r) => setTimeout(r, 50))) {
      if (await at.page.evaluate(script)) return true;
    }
    throw new Error("it does not come true");
  },
  // aside opens another site in the same context: with the same cookies.
  async aside({ at, url }) {
    const page = await at.context.newPage();
    await page.goto(url);
  },
  visit: ({ at, url }) => at.page.goto(url).then((a) => a?.status() ?? 0),
  shot: ({ at, path, full }) => at.page.screenshot({ path, fullPage: !!full, animations: "disabled" }).then(() => null),
  faults: ({ at }) => at.faults.splice(0),

  // axe runs where the page's own Content-Security-Policy lets no script be added:
  // evaluate works through the debugger, past it.
  async axe({ at }) {
    await at.page.evaluate(axeSource);
    const r = await at.page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }));
    return {
      checked: r.passes.length,
      found: r.violations.map((v) => ({ rule: v.id, impact: v.impact, help: v.help, where: v.nodes.map((n) => n.target.join(" ") + ": " + n.html.slice(0, 160)).slice(0, 5) })),
    };
  },
};

function say(answer) { process.stdout.write(JSON.stringify(answer) + "\n"); }

async function carryOut(o) {
  const order = orders[o.do];
  if (!order) throw new Error(`no order ${o.do}`);
  if (["launch", "open", "close"].includes(o.do)) return order(o);
  const at = pages.get(o.page);
  if (!at) throw new Error(`no page ${o.page}`);
  return order({ ...o, at });
}

const turns = new Map(); // the last order of each page
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const o = JSON.parse(line);
  const before = turns.get(o.page ?? "") ?? Promise.resolve();
  turns.set(o.page ?? "", before.then(() => carryOut(o)).then(
    (value) => say({ id: o.id, value: value ?? null }),
    (error) => say({ id: o.id, error: String(error.message ?? error) }),
  ));
});
lines.on("close", async () => { // the tests are over
  await Promise.allSettled(turns.values());
  await browser?.close();
});
