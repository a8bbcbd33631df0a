// Keeps the page's own files, so that it opens without the endpoint and says that it is
// not live. It never keeps, or answers for, anything of the endpoint: /api goes by.
const shell = "crossband-handheld-1";
const files = ["./", "app.js", "app.css", "icon.svg", "icon-192.png", "manifest.webmanifest"];

self.addEventListener("install", (e) => {
  e.waitUntil(caches.open(shell).then((c) => c.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (e) => {
  e.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((n) => n !== shell).map((n) => caches.delete(n))))
    .then(() => self.clients.claim()));
});

self.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  const scope = new URL("./", self.location.href);
  if (e.request.method !== "GET" || url.origin !== scope.origin || url.search || url.pathname.startsWith(`${scope.pathname}api/`)) return;
  const name = url.pathname === scope.pathname ? "./" : url.pathname.slice(scope.pathname.length);
  if (!files.includes(name)) return;
  e.respondWith(fresh(e.request, name));
});

/** fresh is the file as the endpoint has it, or as it was kept when there is none. */
async function fresh(request, name) {
  const kept = await caches.open(shell);
  try {
    const answer = await fetch(request);
    if (answer.ok && answer.type === "basic" && !answer.redirected) await kept.put(name, answer.clone());
    return answer;
  } catch (why) {
    const old = await kept.match(name);
    if (old) return old;
    throw why;
  }
}
