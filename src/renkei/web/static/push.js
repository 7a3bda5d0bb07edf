// Whether this browser shows the person's notifications. It belongs to the device: logging out
// leaves it, and it is one person's alone, the one who turned it on last.
import { ask } from "./sheet.js";

const KEPT = "renkei-push"; // whose notifications this browser shows
const TOLD = "renkei-push-told"; // the server knows how to reach it, as of this session
const ADDRESS = "/me/notifications/device";
const me = document.body.dataset.me;

function remembered(store, name) {
  try {
    return store.getItem(name);
  } catch {
    return null; // storage is switched off
  }
}

function remember(store, name, value) {
  try {
    if (value === null) store.removeItem(name);
    else store.setItem(name, value);
  } catch {
    // asked again next time
  }
}

const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const bytes = (encoded) => Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

/** Whether this browser can do it at all; an iPhone only once the app is on the home screen. */
export function possible() {
  return "serviceWorker" in navigator && "PushManager" in self && "Notification" in self;
}

async function subscription() {
  const registration = await navigator.serviceWorker.ready;
  return registration.pushManager.getSubscription();
}

/** Tell the server how to reach this browser; with another key than the server's, subscribe anew. */
async function tell(found, tries = 2) {
  const key = text(found.options.applicationServerKey);
  const form = new FormData();
  form.set("endpoint", found.endpoint);
  form.set("p256dh", text(found.getKey("p256dh")));
  form.set("auth", text(found.getKey("auth")));
  form.set("key", key);
  const answer = await ask(ADDRESS, form);
  if (!answer.ok) throw new Error(answer.data.message ?? "");
  if (answer.data.key === key) {
    remember(localStorage, KEPT, me);
    remember(sessionStorage, TOLD, me);
    return;
  }
  await found.unsubscribe();
  if (tries) await tell(await subscribed(answer.data.key), tries - 1);
}

async function subscribed(key) {
  const registration = await navigator.serviceWorker.ready;
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
}

/** Whether this person's notifications are shown here. */
export async function isOn() {
  if (!possible() || Notification.permission !== "granted" || remembered(localStorage, KEPT) !== me) return false;
  return Boolean(await subscription());
}

export async function turnOn(key) {
  if ((await Notification.requestPermission()) !== "granted") return false;
  const registration = await navigator.serviceWorker.ready;
  await tell((await registration.pushManager.getSubscription()) ?? (await subscribed(key)));
  return true;
}

export async function turnOff() {
  const found = await subscription();
  const form = new FormData();
  form.set("do", "end");
  form.set("endpoint", found?.endpoint ?? "");
  await ask(ADDRESS, form);
  await found?.unsubscribe();
  remember(localStorage, KEPT, null);
}

// Once in each session the server hears that this browser is still there, and on which device.
if (me && remembered(sessionStorage, TOLD) !== me && (await isOn().catch(() => false))) {
  await tell(await subscription()).catch(() => {});
}
