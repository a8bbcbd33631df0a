// Serves the built page with a state from fixture/ as an endpoint would: same files,
// same policy, same stream. What the page does is kept in deeds.
import { createServer } from "node:http";
import { readFileSync, existsSync } from "node:fs";
import { extname, join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain", ".png": "image/png", ".webmanifest": "application/manifest+json" };
const units = { s: 1, m: 60, h: 3600, d: 86400 };

/** state reads a fixture over the quiet one; @-35s is 35 s ago. */
export function state(name) {
  const read = (n) => JSON.parse(readFileSync(join(root, "fixture", `${n}.json`)), (_, v) => {
    const at = typeof v === "string" && /^@(-?\d+)([smhd])$/.exec(v);
    return at ? new Date(Date.now() + at[1] * units[at[2]] * 1000).toISOString() : v;
  });
  return { ...read("quiet"), ...read(name) };
}

/** serve serves the page of a folder; it gives { url, deeds, push, cut, mend, close }. */
export async function serve(built = join(root, "built")) {
  const streams = new Set(), deeds = [];
  let view = state("quiet"), up = true, holds = false;
  const write = (to, name, data) => to.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  const server = createServer((req, res) => {
    const path = new URL(req.url, "http://x").pathname;
    res.setHeader("content-security-policy", policy);
    res.setHeader("x-content-type-options", "nosniff");
    if (!up && path.startsWith("/api/")) return req.socket.destroy();
    if (path === "/api/events") {
      res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      if (req.method === "HEAD") return res.end();
      streams.add(res);
      req.on("close", () => streams.delete(res));
      if (!holds) for (const [name, data] of Object.entries(view)) write(res, name, data);
      return;
    }
    if (path === "/api/do") return receive(req, (body) => {
      const deed = JSON.parse(body);
      deeds.push(deed);
      res.setHeader("content-type", "application/json");
      res.end(JSON.stringify(server.answer?.(deed) ?? { done: true, waits: false, code: 0, says: "" }));
    });
    if (path === "/api/voice" && server.voice) return receive(req, async (offer) => {
      res.setHeader("content-type", "application/sdp");
      res.end(await server.voice(offer, view.channels.filter((c) => c.joined).map((c) => c.id)));
    });
    if (path.startsWith("/api/")) { res.statusCode = 404; return res.end(); }
    const file = join(built, path === "/" ? "index.html" : path.slice(1).replaceAll("..", ""));
    if (!existsSync(file)) { res.statusCode = 404; return res.end(); }
    res.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
    res.end(readFileSync(file));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}/`, deeds,
    get voice() { return server.voice; },
    set voice(f) { server.voice = f; },
    set answer(f) { server.answer = f; },
    load(name, more = {}) { view = { ...state(name), ...more }; for (const s of streams) for (const [n, d] of Object.entries(view)) write(s, n, d); },
    push(name, data) { if (name in view) view[name] = data; for (const s of streams) write(s, name, data); },
    get view() { return view; },
    cut() { up = false; for (const s of streams) s.destroy(); },
    mend() { up = true; holds = false; },
    /** hold keeps back what a new stream begins with, until mend. */
    hold() { holds = true; },
    get waiting() { return holds ? streams.size : 0; },
    close() { for (const s of streams) s.destroy(); server.close(); },
  };
}

function receive(req, done) {
  let body = "";
  req.on("data", (d) => { body += d; });
  req.on("end", () => done(body));
}
