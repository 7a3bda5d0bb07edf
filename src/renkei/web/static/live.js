// One live stream for all tabs of a browser. The tab that holds the lock has the stream and passes
// on what it hears; when it closes, another takes over. Without locks every tab has its own.
//
// What a page hears, through onLive(listener): {kind, data} with kind
//   hello   {groups: {id: newest number}, band}   the stream (again) stands; compare with what you have
//   band    {band}                          what stands on every page in a disaster is another
//   message {group, seq, html}, changed {group, seq, html}, read {group, account, seq}
//   joined  {group, seq}, gone {group}      you may hear a group, or no longer
//   down, up                                the line is cut, or back
//   over                                    the session has ended, or something must be done first
const listeners = new Set();
const positions = new Map(); // group → newest number heard of
const channel = "BroadcastChannel" in self ? new BroadcastChannel("renkei-live") : null;
const KINDS = ["hello", "message", "changed", "read", "joined", "gone", "band"];
let source = null;
let attempts = 0;
let connected = false;
let band = ""; // the mark of what stands on every page
let leaving = false; // signing out here: the page goes elsewhere by itself

export function onLive(listener) {
  listeners.add(listener);
}

function tell(kind, data = {}) {
  if (leaving) return;
  if (kind === "hello") for (const [group, seq] of Object.entries(data.groups)) note(group, seq);
  if (kind === "message" || kind === "joined") note(data.group, data.seq);
  if (kind === "gone") positions.delete(data.group);
  if (kind === "hello" || kind === "band") band = data.band;
  for (const listener of listeners) listener({ kind, data });
}

function note(group, seq) {
  positions.set(group, Math.max(seq, positions.get(group) ?? 0));
}

function heard(kind, data) {
  channel?.postMessage({ kind, data });
  tell(kind, data);
}

// What the page shows already, so that the stream begins right behind it.
function after() {
  const main = document.querySelector("main[data-group]");
  const wanted = new Map(main && main.dataset.last === main.dataset.end ? [[main.dataset.group, main.dataset.last]] : []);
  if (attempts || !main) return "";
  return [...wanted].map(([group, seq]) => `after=${group}:${seq}`).join("&");
}

function connect() {
  const query = after();
  source = new EventSource(document.body.dataset.live + (query ? "?" + query : ""));
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => {
      if (kind === "hello") {
        if (!connected && attempts) heard("up");
        connected = true;
        attempts = 0;
      }
      heard(kind, JSON.parse(event.data));
    });
  }
  source.addEventListener("bye", (event) => {
    const { why } = JSON.parse(event.data);
    if (why === "standing") return over();
    if (why === "stop") return again(500 + Math.random() * 3500); // the server restarts: not all at once
    again();
  });
  source.onerror = () => again();
}

// We reconnect ourselves: a browser gives up for good after some answers, and we must not.
function again(pause = Math.min(30000, 400 * 2 ** Math.min(attempts + 1, 7)) * (0.75 + Math.random() / 2)) {
  source?.close();
  source = null;
  connected = false;
  attempts += 1;
  if (attempts > 1 || !navigator.onLine) heard("down");
  setTimeout(ask, pause);
}

// Before trying again: is it the line, or are we not signed in any more?
async function ask() {
  if (source) return;
  if (!navigator.onLine) return void setTimeout(ask, 1000);
  try {
    const trial = new AbortController();
    const answer = await fetch(document.body.dataset.live, { cache: "no-store", signal: trial.signal });
    trial.abort();
    if (answer.status === 401) return over();
  } catch {
    return again();
  }
  connect();
}

function over() {
  source?.close();
  source = null;
  heard("over");
}

function lead() {
  addEventListener("online", () => !source && ask());
  if (channel) {
    channel.addEventListener("message", ({ data }) => {
      if (data.kind === "where" && connected) {
        channel.postMessage({ kind: "hello", data: { groups: Object.fromEntries(positions), band } });
      }
    });
  }
  connect();
}

function follow() {
  channel.addEventListener("message", ({ data }) => data.kind !== "where" && !source && tell(data.kind, data.data));
  channel.postMessage({ kind: "where" });
}

if (document.body.dataset.live) {
  addEventListener("pagehide", () => source?.close());
  addEventListener("submit", (event) => {
    leaving = leaving || new URL(event.target.action, location).pathname === "/sign-out";
  });
  if (navigator.locks && channel) {
    follow();
    navigator.locks.request("renkei-live", () => {
      lead();
      return new Promise(() => {});
    });
  } else lead();
}
