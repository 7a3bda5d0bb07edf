// On a device that was blocked: forget everything this site kept, also where the browser does not
// know the header that says so.
try {
  localStorage.clear();
  sessionStorage.clear();
} catch {
  // storage is switched off: nothing is kept there
}
for (const worker of (await navigator.serviceWorker?.getRegistrations()) ?? []) await worker.unregister();
if ("caches" in self) for (const name of await caches.keys()) await caches.delete(name);
for (const { name } of (await indexedDB.databases?.()) ?? []) indexedDB.deleteDatabase(name);
