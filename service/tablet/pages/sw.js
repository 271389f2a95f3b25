/**
 * Keeps the whole app on the tablet, one version at a time: rendered from the list of files that the pages use.
 *
 * A version is put aside completely before it may take over, and takes over only when nobody fills a form with the old
 * one: when all its pages are closed, or when the page asks for it.
 */
const CACHE = 'rounds-%DIGEST%';
const FILES = "%FILES%";
const SCOPE = new URL(self.registration.scope).pathname;

self.addEventListener('install', (event) => {
  event.waitUntil(fill());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(dropOlder().then(() => self.clients.claim()));
});

self.addEventListener('message', (event) => {
  if (event.data === 'take-over') self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || !url.pathname.startsWith(SCOPE)) return;
  event.respondWith(request.mode === 'navigate' ? kept(SCOPE) : kept(request));
});

async function fill() {
  const cache = await caches.open(CACHE);
  // Immutable files may come from the browser's own cache; the two that keep their name may not.
  await cache.addAll(FILES.map((url) => new Request(url, { cache: url.includes('%DIGEST%') ? 'default' : 'reload' })));
}

async function dropOlder() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('rounds-') && name !== CACHE).map((name) => caches.delete(name)));
}

async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? fetch(request);
}
