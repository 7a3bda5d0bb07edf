// The service worker. It keeps what SHELL names, all of it the same for everybody, and nothing else;
// while the line stands it lets every request pass untouched. It shows what is pushed to it, which
// never says more than that there is something new.
self.addEventListener("install", (event) => {
  const files = SHELL.files.map((file) => new Request(file, { credentials: "omit", cache: "reload" }));
  event.waitUntil(caches.open(SHELL.name).then((cache) => cache.addAll(files)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(tidy());
});

async function tidy() {
  for (const name of await caches.keys()) if (name !== SHELL.name) await caches.delete(name);
  await self.clients.claim();
}

// Only while the browser says that there is no line, and even then it is tried first.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (navigator.onLine || request.method !== "GET") return;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(instead(request, SHELL.offline));
  else if (SHELL.files.includes(pathname)) event.respondWith(instead(request, pathname));
});

async function instead(request, kept) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(kept)) ?? Response.error();
  }
}

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data));
});

async function show(data) {
  let said = {};
  try {
    said = data?.json() ?? {};
  } catch {
    // somebody else's push would be no JSON; that there is something is all that is shown
  }
  const before = (await self.registration.getNotifications({ tag: "news" }))[0];
  await self.registration.showNotification(said.title ?? "Renkei", {
    body: said.body ?? "",
    tag: "news", // one stands there, however often something comes
    renotify: before?.data?.letter !== said.letter, // the same one sent twice makes one sound
    icon: SHELL.icon,
    badge: SHELL.badge,
    data: { letter: said.letter },
  });
  if (Number.isInteger(said.count)) await (said.count ? navigator.setAppBadge?.(said.count) : navigator.clearAppBadge?.());
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open());
});

// A window that is open is brought to the front as it is: somebody may be writing in it.
async function open() {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (windows.length) await windows[0].focus();
  else await self.clients.openWindow(SHELL.home);
}
