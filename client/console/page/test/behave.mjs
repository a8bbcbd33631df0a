// What the page does, pressed as a person would press it.
import { state } from "./server.mjs";

const wait = (ms) => new Promise((r) => setTimeout(r, ms));

/** behave runs every check and adds what is wrong to problems. */
export async function behave({ only = "", server, open, problems, judge, voice, out }) {
  for (const [name, check] of Object.entries(checks).filter(([name]) => name.includes(only))) {
    server.deeds.length = 0;
    server.answer = undefined;
    server.mend();
    server.load("quiet");
    await voice.reset();
    const channels = state("quiet").channels;
    const page = await open(name, "dark", "en", [1280, 720], { picked: [channels[1].id, channels[2].id] });
    await page.goto(server.url);
    const say = (what) => problems.push(`${name}: ${what}`);
    const until = async (what, f, ms = 8000) => {
      for (const end = Date.now() + ms; Date.now() < end; await wait(50)) if (await f()) return true;
      say(`never: ${what}`);
      return false;
    };
    try {
      await page.waitForSelector("[data-voice=on]", { timeout: 15_000 });
      const did = (what) => server.deeds.filter((d) => d.do === what);
      await check({ page, server, voice, channels, say, until, did, judge, out });
    } catch (e) {
      say(String(e).split("\n")[0]);
    }
    await page.context().close();
  }
}

/** loudest is the loudest sample in 1.5 s: the false microphone beeps once a second. */
async function loudest(voice) {
  let most = 0;
  for (let i = 0; i < 30; i++, await wait(50)) most = Math.max(most, await voice.heard());
  return most;
}

const button = (page, id) => page.locator(`[data-ptt="${id}"]`);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const checks = {
  async "voice that another page has taken is not taken back by itself"({ page, server, until, say }) {
    let offers = 0;
    page.on("request", (r) => { offers += /api\/voice/.test(r.url()); });
    server.push("voice", { taken: true });
    await until("the page says so", () => page.locator("[data-voice=taken]").isVisible());
    await wait(3000);
    if (offers) say(`${offers} offers`);
    await page.getByRole("button", { name: "Bring it here" }).click();
    await until("a person takes it back", () => page.locator("[data-voice=on]").isVisible());
  },

  async "a thin link brings no voice of muted channels"({ page, server, channels, did, until, say }) {
    const row = page.locator(`[data-channel="${channels[1].id}"]`);
    await row.getByRole("button", { name: /^Mute/ }).click();
    await wait(300);
    if (did("listen").length) say("muting alone stops the voice at the relay");
    await page.evaluate(() => 0);
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel(/Thin link/).check();
    await until("the endpoint is asked", () => same(did("listen").map((d) => [d.channel, d.state]), [[channels[1].id, "off"]]));
    await page.keyboard.press("Escape");
    server.push("channels", channels.map((c, i) => ({ ...c, hears: i !== 1 })));
    await until("the channel says so", async () => /voice does not come/.test(await row.innerText()));
    await row.getByRole("button", { name: /voice does not come/ }).click();
    await until("it is asked for again", () => did("listen").at(-1).state === "on");
    if (did("listen").length !== 2) say("asked more than once");
  },

  async "fewer bits are said where listeners lose voice"({ page, server, channels, until, voice, say }) {
    const said = (mine, bits, holder = "spiffe://usbp.example/desk/del-rio") => server.push("channels", channels.map((c, i) => (i !== 1 ? c
      : { ...c, floor: { ...c.floor, mine, bits, holder, short: "desk/del-rio", agency: "usbp.example", priority: "routine", left_s: 30 } })));
    const rate = async () => { // octets a second
      const before = await voice.octets(), at = Date.now();
      await wait(2000);
      return (await voice.octets() - before) * 1000 / (Date.now() - at);
    };
    const text = page.locator("[data-strain]");
    said("granted", 0);
    await wait(500);
    const full = await rate();
    if (full < 2400) say(`${full} octets a second at first`);
    if (await text.count()) say("it is said when it is not so");
    said("granted", 12000);
    await until("it is said", () => text.isVisible());
    if (!/Bit rate lowered: listeners on a weak link/.test(await text.innerText())) say(await text.innerText());
    await wait(500);
    const fewer = await rate();
    if (fewer > full * 0.65 || fewer < full * 0.35) say(`${fewer} octets a second at 12 kbit/s, ${full} before`);
    said("idle", 12000, "");
    await until("it is not said any more", async () => !await text.count());
    await wait(500);
    if (await rate() < full * 0.85) say("what is not pressed counts");
  },

  async "a held button speaks on its channel and stops when lifted"({ page, channels, did, until, voice, say }) {
    const box = await button(page, channels[1].id).boundingBox();
    if (await loudest(voice) > 0.001) say("the microphone is heard before the press");
    await page.mouse.move(box.x + 30, box.y + 20);
    await page.mouse.down();
    await until("a press", () => did("press").length === 1);
    await until("the microphone heard", async () => await voice.heard() > 0.01);
    if (!same(did("press")[0].channels, [channels[1].id])) say("another channel was pressed");
    await page.mouse.up();
    await until("a release", () => did("release").length === 1);
    await wait(500); // what is on its way
    if (await loudest(voice) > 0.001) say("the microphone is heard after the press");
  },

  async "the space bar speaks on all chosen channels"({ page, channels, did, until, say }) {
    await page.keyboard.down("Space");
    await until("a press", () => did("press").length === 1);
    if (!same(did("press")[0].channels, [channels[1].id, channels[2].id])) say("not the chosen channels");
    await page.keyboard.up("Space");
    await until("a release", () => did("release").length === 1);
  },

  async "a press does not stick when the page loses the focus"({ page, did, until }) {
    await page.keyboard.down("Space");
    await until("a press", () => did("press").length === 1);
    await page.evaluate(() => dispatchEvent(new Event("blur")));
    await until("a release", () => did("release").length === 1);
  },

  async "a cancelled touch ends the press"({ page, channels, did, until }) {
    await button(page, channels[1].id).dispatchEvent("pointerdown", { button: 0, pointerId: 7, pointerType: "touch" });
    await until("a press", () => did("press").length === 1);
    await button(page, channels[1].id).dispatchEvent("pointercancel", { pointerId: 7 });
    await until("a release", () => did("release").length === 1);
  },

  async "a lost stream ends the press, and nothing looks secure"({ page, server, did, until, say, judge, out }) {
    await page.keyboard.down("Space");
    await until("a press", () => did("press").length === 1);
    server.cut();
    await until("the banner", () => page.locator(".banner.bad").count());
    if (await page.locator("[data-secure=secure]").count()) say("something looks secure");
    if (await page.locator(".ptt:not([aria-disabled=true])").count()) say("a button still speaks");
    await page.screenshot({ path: `${out}/not-live.png` });
    await judge(page, "not-live");
    server.mend();
    await until("live again by itself", async () => !(await page.locator(".banner.bad").count()), 15_000);
    await until("secure again", () => page.locator("[data-secure=secure]").count());
    await page.keyboard.up("Space");
  },

  async "the relay's loss is shown, and what claims to be secure is not"({ page, server, until, say }) {
    server.push("link", { ...server.view.link, up: false });
    await until("the loss", () => page.locator(".standing.bad").count());
    if (await page.locator("[data-secure=secure]").count()) say("something looks secure");
  },

  async "an observer cannot press, and is told why"({ page, server, until, did, say }) {
    server.load("observer");
    await until("the reason", () => page.getByText("You observe").first().isVisible());
    const at = page.locator(".strip .ptt");
    if (await at.getAttribute("aria-disabled") !== "true") say("the button is not disabled");
    await at.dispatchEvent("pointerdown", { button: 0, pointerId: 3 });
    await wait(200);
    if (did("press").length) say("it pressed");
  },

  async "contention shows the holder, and the place in the queue"({ page, server, until }) {
    server.load("contention");
    await until("the holder", () => page.locator(".speaker", { hasText: "Unit del-rio-214" }).first().isVisible());
    await until("the queue", () => page.getByText("In the queue: 2").first().isVisible());
  },

  async "a refused press says why and ends"({ page, server, did, until }) {
    server.answer = (d) => (d.do === "press" ? { done: false, waits: false, code: 12, says: "Coahuila 7 holds the floor." } : { done: true, waits: false, code: 0, says: "" });
    await page.keyboard.down("Space");
    await until("the reason", () => page.getByText("Coahuila 7 holds the floor.").first().isVisible());
    await until("a release", () => did("release").length >= 1);
    await page.keyboard.up("Space");
  },

  async "an emergency takes two deliberate acts"({ page, did, until, say }) {
    await page.getByText("Emergency…").click();
    await wait(200);
    if (did("press").length) say("arming pressed");
    await page.keyboard.down("Space");
    await until("a press", () => did("press").length === 1);
    if (did("press")[0].priority !== "emergency") say("not an emergency");
    await page.keyboard.up("Space");
    await until("a release", () => did("release").length === 1);
    await page.keyboard.down("Space");
    await until("a second press", () => did("press").length === 2);
    if (did("press")[1].priority !== "routine") say("still armed after one press");
    await page.keyboard.up("Space");
  },

  async "a call rings and is accepted in one press"({ page, server, until, did, say, out }) {
    server.load("ring");
    await until("the banner", () => page.locator(".ring").count());
    await page.screenshot({ path: `${out}/rings.png` });
    await page.locator(".ring.grave [data-answer=accepted]").click();
    await until("the answer", () => did("reply").length === 1);
    if (did("reply")[0].state !== "accepted") say("not accepted");
  },

  async "a call is declined with its reason in one press"({ page, server, until, did, say }) {
    server.load("ring");
    await page.locator(".ring [data-answer=declined]").first().click();
    await until("the answer", () => did("reply").length === 1);
    if (did("reply")[0].phrase !== "declined-no-units") say("no reason");
  },

  async "by keyboard alone: answer a call, set a key, speak with it"({ page, server, channels, until, did, say }) {
    server.load("ring");
    await page.waitForSelector(".ring");
    const to = async (selector) => {
      for (let i = 0; i < 120; i++) {
        if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return true;
        await page.keyboard.press("Tab");
      }
      say(`no way by keyboard to ${selector}`);
    };
    await to(".ring [data-answer=accepted]");
    await page.keyboard.press("Enter");
    await until("the answer", () => did("reply").length === 1);
    server.load("quiet");
    await until("the ring's end", async () => !(await page.locator(".ring").count()));
    await to("header.top button");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]");
    await to("dialog table tr:nth-child(3) button");
    await page.keyboard.press("Enter");
    await page.keyboard.press("F8");
    await page.keyboard.press("Escape");
    await until("the dialog's end", async () => !(await page.locator("dialog[open]").count()));
    await page.keyboard.down("F8");
    await until("a press by the key", () => did("press").length === 1);
    const second = channels.filter((c) => c.joined && c.may_talk)[1].id;
    if (!same(did("press")[0].channels, [second])) say("another channel");
    await page.keyboard.up("F8");
    await until("a release", () => did("release").length === 1);
    await to(`[data-ptt="${second}"]`);
    await page.keyboard.down("Space");
    await until("a press by the button", () => did("press").length === 2);
    await page.keyboard.up("Space");
    await until("its release", () => did("release").length === 2);
  },

  async "writing a text does not speak, and sends it inert"({ page, until, did, say }) {
    await page.click("[data-tab=texts]");
    await page.locator(".write input").fill("");
    await page.locator(".write input").type("a b <i>c</i>");
    await page.keyboard.press("Enter");
    await until("the text", () => did("text").length === 1);
    if (did("press").length) say("the space bar spoke");
    if (did("text")[0].text !== "a b <i>c</i>") say("another text");
    if (await page.locator(".text b b, .text .body b").count()) say("a text became markup");
  },

  async "dialogs have nothing that axe calls serious"({ page, judge, out, server }) {
    await page.getByText("Call a desk…").click();
    await page.waitForSelector("dialog[open]");
    await page.screenshot({ path: `${out}/dialog-hail.png` });
    await judge(page, "dialog-hail");
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.locator("header.top button").click();
    await page.waitForSelector("dialog[open]");
    await page.screenshot({ path: `${out}/dialog-settings.png` });
    await judge(page, "dialog-settings");
    await page.keyboard.press("Escape");
    server.load("incident");
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.click("[data-tab=incidents]");
    await page.locator("[data-do=close]").click();
    await page.screenshot({ path: `${out}/dialog-close.png` });
    await judge(page, "dialog-close");
  },

  async "every panel has nothing that axe calls serious"({ page, judge, out, server }) {
    server.load("incident");
    for (const name of ["calls", "incidents", "map", "texts", "recall", "roster", "duty", "notices", "pacts", "alarms"]) {
      await page.setViewportSize({ width: 1280, height: 720 });
      await page.click(`[data-tab=${name}]`);
      await page.screenshot({ path: `${out}/panel-${name}.png` });
      await judge(page, `panel-${name}`);
    }
  },

  async "a hail goes out with its phrase, place and people"({ page, until, did, say }) {
    await page.getByText("Call a desk…").click();
    await page.waitForSelector("dialog[open]");
    await page.locator("dialog label:has-text('Location') input").fill("29.33,-100.92");
    await page.locator("dialog label:has-text('Number of people') input").fill("2");
    await page.getByText("Call now").click();
    await until("the hail", () => did("hail").length === 1);
    const d = did("hail")[0] ?? {};
    if (d.phrase !== "request-backup" || d.slots?.place !== "29.33,-100.92" || d.slots?.count !== "2" || !d.name) say(`not what was asked: ${JSON.stringify(d)}`);
  },

  async "a patch of the chosen channels is asked for, shown and ended"({ page, server, channels, until, did, say, judge, out }) {
    await page.locator("[data-patch=off]").click();
    await page.screenshot({ path: `${out}/dialog-patch.png` });
    await judge(page, "dialog-patch");
    await page.locator("[data-patch=begin]").click();
    await until("the patch", () => did("patch").length === 1);
    if (!same(did("patch")[0].channels, [channels[1].id, channels[2].id]) || did("patch")[0].minutes !== 60) say("another patch");
    server.load("patched");
    await until("the marks", async () => await page.getByText("Patched", { exact: true }).count() === 2);
    await page.locator("[data-patch=on]").click();
    await until("what is withheld", () => page.getByText("is not carried to").isVisible());
    await page.locator("[data-patch=end]").click();
    await until("its end", () => did("unpatch")[0]?.patch === "p1");
  },

  async "a channel that is joined later is heard without a new connection"({ page, server, channels, until, say }) {
    await page.evaluate(() => { window.made = 0; const Old = RTCPeerConnection; window.RTCPeerConnection = class extends Old { constructor(...a) { super(...a); window.made++; } }; });
    const later = channels.map((c) => (c.joined ? c : { ...c, joined: true, may_talk: true }));
    let offers = 0;
    const answer = server.voice;
    server.voice = (...a) => { offers++; return answer(...a); };
    server.push("channels", later);
    server.push("voice", { offer: true });
    await until("another offer", () => offers === 1);
    server.voice = answer;
    if (await page.evaluate(() => window.made)) say("a new connection was made");
  },

  async "the map is moved by keys, and its list says the same"({ page, until, say }) {
    await page.click("[data-tab=map]");
    await page.locator(".map").focus();
    await wait(500); // till it has its size
    const before = await page.locator(".mark-unit").first().getAttribute("transform");
    await page.keyboard.press("ArrowLeft");
    await until("the map moved", async () => await page.locator(".mark-unit").first().getAttribute("transform") !== before);
    if (await page.locator(".spot").count() !== await page.locator(".map .mark").count()) say("list and map differ");
  },

  async "a press that follows at once is not ended by the end of the one before"({ page, server, channels, did, until, say }) {
    const floor = (press, mine) => server.push("channels", channels.map((c, i) => (i === 1 ? { ...c, floor: { ...c.floor, press, mine } } : c)));
    const press = () => button(page, channels[1].id).dispatchEvent("pointerdown", { button: 0, pointerId: 5 });
    const lift = () => button(page, channels[1].id).dispatchEvent("pointerup", { pointerId: 5 });
    await press();
    await until("a press", () => did("press").length === 1);
    floor(did("press")[0].press, "granted");
    await wait(100);
    await lift();
    await press();
    await until("a second press", () => did("press").length === 2);
    floor(did("press")[0].press, "idle");
    await wait(300);
    if (did("release").length !== 1) say("the end of the first press ended the second");
    floor(did("press")[1].press, "granted");
    await wait(100);
    floor(did("press")[1].press, "idle"); // the talk limit
    await until("its own end ends it", () => did("release").length === 2);
    if (did("press")[0].press === did("press")[1].press) say("two presses of one number");
  },

  async "latched, one press of the mouse begins and the next ends, by whatever is at hand"({ page, channels, did, until, say }) {
    await page.getByRole("button", { name: "Settings" }).click();
    await page.locator("dialog label.check").nth(1).locator("input").check();
    await page.keyboard.press("Escape");
    await button(page, channels[1].id).click();
    await until("a press", () => did("press").length === 1);
    await wait(300);
    if (did("release").length) say("it did not hold");
    await button(page, channels[1].id).click();
    await until("a release", () => did("release").length === 1);
    await button(page, channels[1].id).click();
    await until("a second press", () => did("press").length === 2);
    await page.keyboard.press("Space");
    await until("the space bar ends it", () => did("release").length === 2);
    if (did("press").length !== 2) say("the space bar pressed");
  },

  async "the space bar speaks after the mouse has set something"({ page, channels, did, until, say }) {
    const row = page.locator(`[data-channel="${channels[1].id}"]`);
    const speaks = async (after, n) => {
      await page.keyboard.down("Space");
      await until(`the space bar speaks after ${after}`, () => did("press").length === n, 1500);
      await page.keyboard.up("Space");
      await until(`it is let go after ${after}`, () => did("release").length === n, 1500);
    };
    const box = row.locator(".check input");
    await box.click();
    await box.click();
    await speaks("a tick", 1);
    if (!await box.isChecked()) say("the space bar took the tick away");
    await row.locator(".check span").first().click();
    await row.locator(".check span").first().click();
    await speaks("a tick by its words", 2);
    await row.locator("input[type=range]").click();
    await speaks("the volume", 3);
    await page.locator(".priority select").click();
    await page.keyboard.press("Escape");
    await speaks("the priority", 4);
    await box.focus(); // by key, it is the box's again
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await wait(200);
    if (did("press").length !== 4 || await box.isChecked()) say("the space bar does not tick what has the focus by key");
  },

  async "what is typed for one channel never goes to another"({ page, server, channels, did, until, say }) {
    await page.click("[data-tab=texts]");
    const shown = () => page.locator(".panel-texts select").inputValue();
    const first = await shown(), other = channels.find((c) => c.joined && c.id !== first);
    await page.locator(".write input").fill("for the first");
    server.push("channels", channels.map((c) => ({ ...c, unread: c.id === other.id ? 2 : 0 })));
    await wait(300);
    if (await shown() !== first) say("the panel went to another channel by itself");
    await page.locator(".panel-texts select").selectOption(other.id);
    if (await page.locator(".write input").inputValue()) say("the words came along to another channel");
    await page.locator(".panel-texts select").selectOption(first);
    await page.locator(".write input").press("Enter");
    await until("the text", () => did("text").length === 1);
    if (did("text")[0].channel !== first || did("text")[0].text !== "for the first") say(JSON.stringify(did("text")));
  },

  async "Enter pressed twice sends a text once"({ page, did, until, say }) {
    await page.click("[data-tab=texts]");
    await page.locator(".write input").fill("once");
    await page.evaluate(() => { const real = fetch; window.fetch = async (...a) => { if (String(a[1]?.body).includes('"text"')) await new Promise((r) => setTimeout(r, 500)); return real(...a); }; });
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await until("the text", () => did("text").length >= 1);
    await wait(800);
    if (did("text").length !== 1) say(`${did("text").length} texts`);
  },

  async "a call of long words can be answered"({ page, server, until, say }) {
    server.load("ring");
    const long = "W".repeat(400);
    server.push("calls", server.view.calls.map((c) => ({ ...c, note: long, says: `${c.says} ${long.slice(0, 100)}`, from_short: `unit/${"x".repeat(60)}@${"y".repeat(60)}.example` })));
    await until("the banner", () => page.locator(".ring").count());
    for (const [width, height] of [[1280, 720], [390, 844], [640, 360]]) {
      await page.setViewportSize({ width, height });
      await wait(200);
      for (const answer of ["accepted", "committed", "declined"]) {
        const box = await page.locator(`.ring.grave [data-answer=${answer}]`).boundingBox();
        if (!box || box.x < 0 || box.x + box.width > width) say(`${answer} is out of sight at ${width}`);
      }
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1)) say(`wider than ${width}`);
    }
  },

  async "a call that rings again after it was silenced is heard"({ page, server, until, say }) {
    server.load("ring");
    await until("the banner", () => page.locator(".ring").count());
    for (const b of await page.locator(".ring .do > button.quiet").all()) await b.click();
    await until("silence", async () => await page.locator(".ring .do > [aria-pressed=true]").count() === 2);
    server.push("calls", server.view.calls.map((c) => ({ ...c, round: (c.round ?? 0) + 1 })));
    await until("it rings again", async () => await page.locator(".ring .do > [aria-pressed=false]").count() === 2);
  },

  async "a hail is an exercise where its channel is, and nowhere else"({ page, server, channels, say }) {
    const all = channels.map((c, i) => ({ ...c, joined: true, may_hail: true, exercise: i === 0 }));
    server.push("channels", all);
    await page.getByText("Call a desk…").click();
    await page.waitForSelector("dialog[open]");
    const box = page.locator("dialog .check input"), channel = page.locator("dialog select").first();
    if (!await box.isChecked()) say("on an exercise's channel it is none");
    await channel.selectOption(all[1].id);
    if (await box.isChecked()) say("a call for help on a real channel went as an exercise: nobody is paged");
    await channel.selectOption(all[0].id);
    if (!await box.isChecked()) say("back on the exercise's channel it is none");
  },

  async "at 200 % a channel is reached and spoken on"({ page, server, channels, did, until, say, judge, out }) {
    server.load("ring");
    await page.setViewportSize({ width: 640, height: 360 });
    await wait(200);
    await page.screenshot({ path: `${out}/zoom-200.png` });
    const at = button(page, channels[1].id);
    await at.scrollIntoViewIfNeeded();
    const box = await at.boundingBox();
    await page.mouse.move(box.x + 30, box.y + box.height / 2);
    await page.mouse.down();
    await until("a press", () => did("press").length === 1, 2000);
    await page.mouse.up();
    if (!same(did("press")[0]?.channels, [channels[1].id])) say("another channel");
    await judge(page, "zoom-200");
    await page.setViewportSize({ width: 320, height: 256 });
    await judge(page, "zoom-400");
  },

  async "a priority that cannot be seen is not sent"({ page, server, channels, did, until, say }) {
    const may = (list) => channels.map((c) => ({ ...c, priorities: list }));
    server.push("channels", may(["routine", "urgent"]));
    await wait(200);
    await page.locator(".priority select").selectOption("urgent");
    server.push("channels", may(["routine"]));
    await wait(200);
    await page.keyboard.down("Space");
    await until("a press", () => did("press").length === 1);
    await page.keyboard.up("Space");
    if (did("press")[0].priority !== "routine" || await page.locator(".priority select").inputValue() !== "routine") say(`sent ${did("press")[0].priority}`);
  },

  async "a stream that comes back shows nothing of before as secure"({ page, server, until, say }) {
    server.cut();
    await until("the banner", () => page.locator(".banner.bad").count());
    server.mend();
    server.hold();
    await until("it is asked again", () => server.waiting > 0, 15_000);
    server.push("me", server.view.me); // the first section of many
    await wait(300);
    if (await page.locator("[data-secure=secure]").count()) say("what was secure before looks secure again");
    server.load("quiet");
    await until("secure again", () => page.locator("[data-secure=secure]").count());
  },

  async "what a browser has kept wrong does no harm"({ page, until }) {
    for (const kept of ["null", "7", '{"picked":"x","keys":null,"volumes":[],"theme":{}}']) {
      await page.evaluate((s) => localStorage.setItem("crossband", s), kept);
      await page.reload();
      await until(`the page with ${kept}`, () => page.locator("[data-voice=on]").count());
    }
  },

  async "an alarm is said to who cannot see it"({ page, server, until }) {
    server.push("alarms", [{ id: 901, at: new Date().toISOString(), channel: "", code: 0, says: "Somebody sees other members." }, ...server.view.alarms]);
    await until("it is said", async () => /Somebody sees other members/.test(await page.locator("p[role=status].hidden").innerText()));
  },

  async "a channel that comes does not move the buttons of the others"({ page, server, channels, until, say }) {
    const first = await button(page, channels[1].id).boundingBox();
    server.push("channels", [{ ...channels[1], id: "ff".repeat(16), title: "Incident 1", kind: "incident" }, ...channels]);
    await until("the channel", () => button(page, "ff".repeat(16)).count());
    const now = await button(page, channels[1].id).boundingBox();
    if (now.x !== first.x || now.y !== first.y) say("a press would have gone to another channel");
  },
};
