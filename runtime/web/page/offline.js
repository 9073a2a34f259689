// Keeps the files of this page, so that it works without a network. With a network, the newest files are used.

const CACHE = "ocelli-page";

self.addEventListener("install", (event) => {
  const keep = async () => {
    const { files } = await (await fetch("page.json", { cache: "no-cache" })).json();
    const cache = await caches.open(CACHE);
    await cache.addAll(["./", "page.json", ...Object.keys(files)]);
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    try {
      const response = await fetch(request);
      if (response.ok) await cache.put(request, response.clone());
      return response;
    } catch (error) {
      const kept = await cache.match(request, { ignoreSearch: true });
      if (kept) return kept;
      throw error;
    }
  };
  event.respondWith(answer());
});
