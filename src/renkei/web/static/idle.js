// Leaving the desk logs out (A14.5). The server decides; this page warns a minute before, keeps what
// is being written, and shows nothing any more once the time is over, be it that a lid was closed.
// All tabs of a browser know the same end, and all of them leave when one does.
import { onLive } from "./live.js";
import { token } from "./sheet.js";

const lasts = Number(document.body.dataset.idle) * 1000;
const KEY = "renkei-until"; // when the session ends, in milliseconds of this machine's clock
const MINUTE = 60000;
const WARNING = Math.min(MINUTE, lasts / 3);
const PAUSE = Math.min(MINUTE, lasts / 4); // the server writes no more often
const dialog = document.querySelector("#idle");
const channel = "BroadcastChannel" in self ? new BroadcastChannel("renkei-session") : null;
let until = 0;
let told = 0; // when the server was last told that somebody is here
let certain = false; // whether `until` is the server's word, and not an estimate
let asking = null; // one question at a time
let gone = false;

function keep(end) {
  try {
    localStorage.setItem(KEY, String(end));
  } catch {
    // storage is switched off: every tab asks for itself
  }
}

function lastsUntil(end, sure) {
  until = end;
  certain = sure;
  if (end - Date.now() > WARNING && dialog.open) dialog.close();
}

function moved(seconds, sure) {
  const end = Date.now() + seconds * 1000;
  lastsUntil(end, sure);
  keep(end);
  channel?.postMessage({ end, sure });
}

// ── Showing nothing ─────────────────────────────────────────────────────────────────────────────
const root = document.documentElement;
function blank() {
  root.dataset.blank = dialog.dataset.wordsChecking;
}

function show() {
  delete root.dataset.blank;
}

function leave() {
  if (gone) return;
  gone = true;
  blank();
  try {
    localStorage.removeItem(KEY);
  } catch {
    // nothing was kept
  }
  channel?.postMessage({ out: true });
  location.replace(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

// ── Asking the server ───────────────────────────────────────────────────────────────────────────
function ask(address, options) {
  asking = (asking ?? Promise.resolve()).then(() => answered(address, options));
  const mine = asking;
  return mine.finally(() => {
    if (asking === mine) asking = null;
  });
}

async function answered(address, options = {}) {
  if (gone) return;
  try {
    const headers = { Accept: "application/json", "Renkei-By": "script", ...options.headers };
    const answer = await fetch(address, { cache: "no-store", ...options, headers });
    if (answer.status === 401) return leave();
    if (answer.status === 403) return location.reload(); // the page is older than the sign-in
    if (!answer.ok) return;
    const { left } = await answer.json();
    moved(left, true);
    if (left > 0) show();
  } catch {
    // the line is cut: the next second asks again
  }
}

const check = () => asking ?? ask("/me/sessions/left");
function stay() {
  told = Date.now();
  return ask("/me/sessions/stay", { method: "POST", headers: { "X-CSRFToken": token() } });
}

// ── The clock ───────────────────────────────────────────────────────────────────────────────────
function tick() {
  if (gone) return;
  const rest = until - Date.now();
  if (rest <= 0) {
    blank();
    check();
  } else if (!certain && rest <= WARNING + PAUSE) check();
  else if (certain && rest <= WARNING) warn(rest);
}

function warn(rest) {
  dialog.querySelector("[data-seconds]").textContent = String(Math.ceil(rest / 1000));
  if (dialog.open) return;
  document.dispatchEvent(new CustomEvent("renkei:keep"));
  dialog.showModal();
}

dialog.addEventListener("cancel", (event) => event.preventDefault());
dialog.querySelector("[data-stay]").addEventListener("click", stay);

// ── Somebody is there ───────────────────────────────────────────────────────────────────────────
for (const kind of ["keydown", "pointerdown", "wheel", "touchstart"]) {
  addEventListener(
    kind,
    (event) => {
      if (!event.isTrusted || dialog.open || "blank" in root.dataset) return;
      if (until > Date.now() && Date.now() - told > PAUSE) stay();
    },
    { capture: true, passive: true },
  );
}

// ── The other tabs ──────────────────────────────────────────────────────────────────────────────
channel?.addEventListener("message", ({ data }) => {
  if (data.end > until) {
    lastsUntil(data.end, data.sure);
    told = Math.max(told, data.end - lasts);
  }
  if (data.out) {
    blank();
    setTimeout(check, 400); // the other tab's request is on its way
  }
});
addEventListener("storage", (event) => {
  if (event.key === KEY && Number(event.newValue) > until) lastsUntil(Number(event.newValue), false);
});
addEventListener("submit", (event) => {
  if (new URL(event.target.action, location).pathname !== "/sign-out") return;
  try {
    localStorage.removeItem(KEY);
  } catch {
    // nothing was kept
  }
  channel?.postMessage({ out: true });
});
onLive(({ kind }) => {
  if (kind !== "over") return;
  blank();
  check().then(() => gone || location.reload()); // if not signed out, something has to be done first
});

// ── Coming back ─────────────────────────────────────────────────────────────────────────────────
addEventListener("visibilitychange", tick);
addEventListener("focus", tick);
addEventListener("online", tick);
told = Date.now();
moved(lasts / 1000, false);
setInterval(tick, 1000);
