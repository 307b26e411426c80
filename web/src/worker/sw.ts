/**
 * The service worker: the app starts without a network, and messages are shown.
 * Assets carry a hash in their name, so they come from the cache first. The page
 * comes from the network first. Nothing of the API is ever kept here: what is
 * private lies in IndexedDB, by account.
 */
/// <reference lib="webworker" />
declare const self: ServiceWorkerGlobalScope;
declare const __FILES__: string[];
declare const __VERSION__: string;

const cache = 'boxoffice-' + __VERSION__;
const shell = '/';
// The API, its pages and streams go past the worker.
const past = /^\/(v1|docs|openapi\.json|\.well-known|healthz|readyz|sitemap\.xml|robots\.txt)(\/|$)/;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(cache).then(async (files) => {
      await files.addAll([...__FILES__, '/manifest.webmanifest', '/icon.svg']);
      const page = await fetch(new Request(shell, { cache: 'reload' }));
      if (!page.ok) throw new Error('the page answered ' + page.status); // the next visit tries again
      await files.put(shell, page);
    }),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches.keys().then(async (names) => {
      for (const name of names) if (name.startsWith('boxoffice-') && name !== cache) await caches.delete(name);
      await self.clients.claim();
    }),
  );
});

// A new worker waits until all tabs are closed, or until the person asks for it.
self.addEventListener('message', (event) => {
  if (event.data === 'update') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || past.test(url.pathname)) return;
  if (request.mode === 'navigate') event.respondWith(isLink(url) ? opened(request) : page(request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(asset(request));
});

/**
 * What is kept of an address. The server's answers vary by headers (`Vary`) that a page's request
 * has and this worker's own had not: with them the file of that very name counts as missing.
 */
function kept(address: string): Promise<Response | undefined> {
  return caches.match(address, { ignoreVary: true });
}

/** The address of a booking with its key. Only the server takes the key off it. */
function isLink(url: URL): boolean {
  return url.pathname === '/b' || url.searchParams.has('key');
}

/** What the server says, however long it takes. Without a network the app opens, and takes the key off itself. */
async function opened(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.status < 502) return response;
  } catch {
    // What its owner has on the phone is there all the same.
  }
  return (await kept(shell)) ?? Response.error();
}

const patience = 3000;

/** The page from the network; from the cache when the network is away, carries nothing, or the server is down. */
async function page(request: Request): Promise<Response> {
  const former = await kept(shell);
  if (!former) return fetch(request);
  const fetched = fetch(request).then(
    (response) => (response.status >= 502 ? former : response),
    () => former,
  );
  return Promise.race([fetched, new Promise<Response>((resolve) => setTimeout(() => resolve(former), patience))]);
}

async function asset(request: Request): Promise<Response> {
  const here = await kept(request.url);
  if (here) return here;
  const fetched = await fetch(request);
  if (fetched.ok && fetched.status === 200) {
    const copy = fetched.clone();
    void caches.open(cache).then((files) => files.put(request, copy));
  }
  return fetched;
}

/** The form of the Push API that Safari shows by itself; others bring it here. */
interface Declared {
  web_push?: number;
  notification?: { title?: string; body?: string; navigate?: string; lang?: string; dir?: NotificationDirection; tag?: string; icon?: string };
}

self.addEventListener('push', (event) => {
  let declared: Declared = {};
  try {
    declared = (event.data?.json() as Declared) ?? {};
  } catch {
    // A message that cannot be read is shown all the same: silent ones end the subscription.
  }
  const { title = 'Boxoffice', body, navigate = '/tickets', lang, dir = 'auto', tag, icon = '/icon-192.png' } = declared.notification ?? {};
  const options: NotificationOptions = { icon, badge: '/badge-96.png', dir, data: { navigate } };
  if (body) options.body = body;
  if (lang) options.lang = lang;
  if (tag) options.tag = tag;
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const target = new URL((event.notification.data as { navigate: string }).navigate, self.location.origin);
  event.waitUntil(open(target));
});

async function open(target: URL): Promise<void> {
  if (target.origin !== self.location.origin) return;
  const windows = await self.clients.matchAll({ type: 'window' });
  for (const client of windows) {
    // Somebody who chooses seats or pays is not taken away from it.
    if (/^\/(shows|checkout|pay|bookings)\//.test(new URL(client.url).pathname)) continue;
    try {
      const focused = await client.focus();
      await focused.navigate(target.href);
      return;
    } catch {
      // Not controlled by this worker yet: a window of its own, then.
    }
  }
  await self.clients.openWindow(target.href);
}
