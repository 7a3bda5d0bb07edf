// The timeline as it lives: opening at the unread, older and newer pages, live entries, reading.
import { onLive } from "./live.js";
import * as log from "./log.js";
import "./attach.js";
import "./composer.js";
import { ask, close, load, open, say, Unsent } from "./sheet.js";

const main = document.querySelector("main[data-group]");
const { group, me } = main.dataset;
const home = `/groups/${group}`;
const pill = document.querySelector("[data-pill]");
let first = Number(main.dataset.first);
let last = Number(main.dataset.last); // everything from first to last is on the page
let end = Number(main.dataset.end); // the newest number anybody has told us of
let fetching = null;
let fresh = null; // the first entry that came while one was not at the end

// ── Where one looks ─────────────────────────────────────────────────────────────────────────────
const root = document.documentElement;
const atEnd = () => innerHeight + scrollY >= root.scrollHeight - 160;
const toEnd = (behavior = "instant") => scrollTo({ top: root.scrollHeight, behavior });
// One's own message, where it stands: an answer may stand far above, within what it answers.
const toMine = (entry) => (entry?.closest(".replies") ? entry.scrollIntoView({ block: "center" }) : toEnd());

// What has the focus stays above the writing box, however high that grows.
const box = document.querySelector(".composer");
if (box) new ResizeObserver(() => root.style.setProperty("--foot", `${box.offsetHeight}px`)).observe(box);

log.mark(document);
document.querySelector("#unread")?.after(...document.querySelectorAll(".since")); // one tap from where the new begins
if (location.hash.startsWith("#m")) document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" });
else if (document.querySelector("#unread")) document.querySelector("#unread").scrollIntoView({ block: "start" });
else if (/[?&](on|after)=/.test(location.search)) document.querySelector("[data-seq]")?.scrollIntoView({ block: "start" });
else toEnd();

function showPill(entry) {
  fresh ??= entry;
  pill.hidden = false;
}
pill.addEventListener("click", () => {
  pill.hidden = true;
  if (last < end && !fresh) location.assign(`${home}?before=${end + 1}#m${end}`);
  else (fresh?.scrollIntoView({ block: "center", behavior: "smooth" }), (fresh = null));
});
addEventListener("scroll", () => {
  if (atEnd() && last >= end) {
    pill.hidden = true;
    fresh = null;
  }
}, { passive: true });

// ── Older and newer pages ───────────────────────────────────────────────────────────────────────
async function page(query) {
  const { ok, status, data } = await ask(`${home}/entries?${query}`);
  if (status === 403 || status === 404) gone();
  return ok ? data : null;
}

async function older(link) {
  if (link.dataset.busy) return;
  link.dataset.busy = "1";
  try {
    const data = await page(`before=${first}`);
    if (!data) return;
    log.prepend(data.html);
    watchAll();
    first = data.first;
    link.href = `${home}?before=${first}`;
    if (first <= 1) link.remove();
  } catch {
    say(main.dataset.wordsOffline);
  } finally {
    delete link.dataset.busy;
  }
}

async function newer(link) {
  if (link.dataset.busy) return;
  link.dataset.busy = "1";
  try {
    const data = await page(`after=${last}`);
    if (!data) return;
    log.appendPage(data.html);
    watchAll();
    last = Math.max(last, data.last);
    end = Math.max(end, data.end);
    link.href = `${home}?after=${last}`;
    if (last >= end) link.closest(".walk").remove();
  } catch {
    say(main.dataset.wordsOffline);
  } finally {
    delete link.dataset.busy;
  }
}

const reach = new IntersectionObserver((seen) => {
  for (const one of seen) if (one.isIntersecting) (one.target.matches("[data-older]") ? older : newer)(one.target);
}, { rootMargin: "600px 0px" });
setTimeout(() => {
  for (const link of main.querySelectorAll("[data-older], [data-newer]")) {
    reach.observe(link);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      (link.matches("[data-older]") ? older : newer)(link);
    });
  }
}, 300);

// ── Reading: what was in view for a second while the page was looked at ─────────────────────────
const known = last; // what the server rendered is recorded already
const seen = new Set();
const timers = new Map();
const eyes = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) {
    clearTimeout(timers.get(target));
    if (isIntersecting) timers.set(target, setTimeout(() => saw(target), 1000));
  }
}, { threshold: 0.3 });

function watch(entry) {
  if (Number(entry.dataset.seq) > known) eyes.observe(entry);
}
function watchAll() {
  for (const entry of log.all()) if (!entry.dataset.watched) (entry.dataset.watched = "1"), watch(entry);
}
function saw(entry) {
  if (document.visibilityState !== "visible") return void timers.set(entry, setTimeout(() => saw(entry), 1000));
  eyes.unobserve(entry);
  seen.add(Number(entry.dataset.seq));
  clearTimeout(saw.timer);
  saw.timer = setTimeout(report, 200);
}
async function report() {
  const numbers = [...seen].sort((a, b) => a - b);
  seen.clear();
  while (numbers.length) {
    const from = numbers.shift();
    let to = from;
    while (numbers[0] === to + 1) to = numbers.shift();
    const body = new FormData();
    body.append("first", from);
    body.append("last", to);
    try {
      await ask(`${home}/read`, body);
    } catch {
      for (let n = from; n <= to; n += 1) seen.add(n); // told again when the line is back
    }
  }
}

// ── Live ────────────────────────────────────────────────────────────────────────────────────────
function arrived(html) {
  const stay = atEnd();
  const entry = log.append(html);
  if (!entry) return;
  watchAll();
  if (log.isMine(entry)) toMine(entry);
  else if (stay && entry.closest("#log > *") === entry.closest("#log").lastElementChild) toEnd();
  else showPill(entry);
}

// Fetch what is missing behind the last entry, in order; delivered, not yet read.
function catchUp() {
  fetching ??= (async () => {
    await null; // so that `fetching` is set before it is cleared, even if nothing is missing
    try {
      while (last < end && !main.querySelector("[data-newer]")) {
        const data = await page(`after=${last}&live=1`);
        if (!data || data.last <= last) break;
        const stay = atEnd();
        const added = log.appendPage(data.html);
        watchAll();
        last = data.last;
        end = Math.max(end, data.end);
        if (stay) toEnd();
        else if (added.length) showPill(added[0]);
      }
    } catch (error) {
      if (!(error instanceof Unsent)) throw error;
    } finally {
      fetching = null;
    }
  })();
  return fetching;
}

function message({ seq, html }) {
  end = Math.max(end, seq);
  if (seq <= last || fetching) return void (fetching && catchUp());
  if (main.querySelector("[data-newer]")) pill.hidden = false; // we are in the past: say so
  else if (seq === last + 1) {
    last = seq;
    arrived(html);
    sentElsewhere(seq);
  } else catchUp();
}

// One's own message from another window: the same words waiting here would be sent twice.
function sentElsewhere(seq) {
  const mine = document.getElementById("m" + seq);
  const box = document.querySelector("#write [name=text]");
  const bare = (text) => text.replace(/\s/g, "");
  if (!box || !mine?.hasAttribute("data-mine") || document.querySelector("#sheet[open]")) return;
  const said = mine.querySelector(":scope > .message-text")?.textContent ?? "";
  if (bare(said) && bare(said) === bare(box.value)) box.value = "";
}

function gone() {
  document.querySelector(".pane")?.remove();
  const centre = document.querySelector(".centre");
  const card = document.createElement("main");
  card.className = "main stack";
  card.id = "main";
  const sentence = document.createElement("p");
  sentence.className = "note";
  sentence.setAttribute("role", "alert");
  sentence.textContent = main.dataset.wordsGone;
  const back = document.createElement("a");
  back.className = "btn";
  back.href = "/home";
  back.textContent = main.dataset.wordsHome;
  card.append(sentence, back);
  centre.replaceChildren(card);
  document.title = main.dataset.wordsHome;
  history.replaceState(null, "", location.pathname);
}

let banner = null;
function line(cut) {
  if (cut && !banner) {
    banner = document.createElement("div");
    banner.className = "banner banner--line";
    banner.dataset.tone = "offline";
    banner.setAttribute("role", "status");
    banner.textContent = main.dataset.wordsOffline;
    (document.querySelector(".composer") ?? document.querySelector(".centre")).prepend(banner);
  } else if (!cut && banner) {
    const old = banner;
    banner = null;
    old.removeAttribute("data-tone");
    old.textContent = main.dataset.wordsCaughtUp;
    setTimeout(() => old.remove(), 4000);
  }
}
addEventListener("offline", () => line(true));
addEventListener("online", async () => {
  try {
    const data = await page(`after=${last}&live=1`); // the stream may not have noticed anything
    if (!data) return;
    end = Math.max(end, data.end);
    await catchUp();
    line(false);
    report();
  } catch (error) {
    if (!(error instanceof Unsent)) throw error; // the stream says when the line is really back
  }
});

onLive(async ({ kind, data }) => {
  if (kind === "down") line(true);
  if (kind === "hello" || kind === "joined") {
    end = Math.max(end, (kind === "joined" ? data.group === group && data.seq : data.groups[group]) || 0);
    await catchUp();
    if (kind === "hello") line(false);
    if (kind === "hello" && seen.size) report();
  }
  if (data.group !== group) return;
  if (kind === "message") message(data);
  if (kind === "changed") log.replace(data.seq, data.html);
  if (kind === "read") log.readUpTo(data.account.replaceAll("-", ""), data.seq);
  if (kind === "gone") gone();
});
document.addEventListener("renkei:sent", async ({ detail }) => {
  end = Math.max(end, detail.seq);
  if (main.querySelector("[data-newer]")) return location.assign(`${home}?before=${end + 1}#m${end}`);
  await new Promise((resolve) => setTimeout(resolve, 400)); // the stream is usually quicker
  await catchUp();
  toMine(document.getElementById("m" + detail.seq));
});

// ── What is done with a message ─────────────────────────────────────────────────────────────────
document.addEventListener("click", async (event) => {
  const act = event.target.closest("[data-act=understand]");
  if (!act || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  if (act.getAttribute("aria-pressed") === "true") return;
  const article = act.closest("[data-message]");
  act.setAttribute("aria-pressed", "true");
  try {
    const { ok, data } = await ask(`/messages/${article.dataset.message}/understand`, new FormData());
    if (ok) return log.replace(data.seq, data.article);
    say(data.message);
  } catch {
    say(main.dataset.wordsOffline);
  }
  act.setAttribute("aria-pressed", "false");
});

document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches("a[role=button]")) return;
  event.preventDefault();
  event.target.click();
});

document.querySelector("#sheet").addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.id === "send" || form.matches("[data-move], [data-composer]")) return; // composer.js, writing.js
  event.preventDefault();
  try {
    const { ok, data } = await ask(form.action, new FormData(form));
    if (data.marks) log.setMarks(data.seq, data.marks); // before the entry, which is marked by them
    if (data.article) log.replace(data.seq, data.article);
    if (data.html) return open(data.html);
    if (!ok) return say(data.message);
    close();
    say(data.said);
  } catch {
    say(main.dataset.wordsOffline);
  }
});
