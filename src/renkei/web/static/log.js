// The entries on the page: what is one's own, the counts, and putting entries where they belong.
const main = document.querySelector("main[data-group]");
const log = document.querySelector("#log");
const me = main.dataset.me;
const cursors = new Map(
  main.dataset.cursors.trim().split(/\s+/).filter(Boolean).map((one) => {
    const [account, seq] = one.split(":");
    return [account, Number(seq)];
  }),
);
const weekday = new Intl.DateTimeFormat(document.documentElement.lang, { month: "long", day: "numeric", weekday: "short", timeZone: "Asia/Tokyo" });

export const of = (seq) => document.getElementById("m" + seq);
export const all = () => log.querySelectorAll("[data-seq]");
export const isMine = (article) => article.dataset.sender === me;

function readers(article) {
  const seq = Number(article.dataset.seq);
  let n = 0;
  for (const [account, read] of cursors) if (read >= seq || account === article.dataset.sender) n += 1;
  return n;
}

// Pins and tasks, which are the team's, and bookmarks, which are one's own: by the numbers of their entries.
const marked = Object.fromEntries(["pinned", "kept", "tasks", "done"].map((name) => [name, new Set(numbers(main.dataset[name]))]));
function numbers(words) {
  return (words ?? "").split(" ").filter(Boolean);
}

// What a message bears from now on; put() shows it.
export function setMarks(seq, marks) {
  for (const [name, on] of Object.entries(marks)) marked[name][on ? "add" : "delete"](String(seq));
}

function put(article) {
  const chips = article.querySelector(":scope > .chips");
  const meant = article.dataset.meant;
  const forMe = !isMine(article) && (meant === "all" || (meant ?? "").split(" ").includes(me));
  article.toggleAttribute("data-for-me", forMe);
  chips?.querySelector("[data-mark=mine]")?.remove();
  if (chips && forMe) chips.append(document.getElementById("mark-mine").content.cloneNode(true));
  for (const name of ["kept", "pinned", "done", "tasks"]) {
    chips?.querySelector(`[data-mark=${name}]`)?.remove();
    if (chips && marked[name].has(article.dataset.seq)) chips.prepend(document.getElementById(`mark-${name}`).content.cloneNode(true));
  }
}

// The server sends everybody the same; what is different for each is marked here.
export function mark(within) {
  for (const article of within.querySelectorAll("article[data-sender]")) {
    put(article);
    article.toggleAttribute("data-mine", isMine(article));
    const act = article.querySelector(":scope > .receipts > [data-act=understand]");
    act?.setAttribute("role", "button");
    act?.setAttribute("aria-pressed", act.dataset.by.split(" ").includes(me));
    count(article);
  }
}

function count(article) {
  const receipts = article.querySelector(":scope > .receipts");
  if (!receipts) return;
  receipts.querySelector("[data-read]").textContent = readers(article);
  receipts.querySelector("[data-of]").textContent = cursors.size;
}

// Somebody has read up to a number.
export function readUpTo(account, seq) {
  if (!cursors.has(account) || cursors.get(account) >= seq) return;
  const before = cursors.get(account);
  cursors.set(account, seq);
  for (const article of log.querySelectorAll("article[data-seq]")) {
    const at = Number(article.dataset.seq);
    if (at > before && at <= seq) count(article);
  }
}

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // made by our server's templates, which escape what people wrote
  mark(template.content);
  return template.content;
}

function heading(date) {
  const made = document.createElement("h2");
  made.className = "day";
  const time = document.createElement("time");
  time.dateTime = date;
  time.textContent = weekday.format(new Date(date + "T12:00+09:00"));
  made.append(time);
  return made;
}

// The newest entry: under what it answers if that is here, else at the end under its day.
export function append(html) {
  const entry = parsed(html).firstElementChild;
  if (!entry || of(entry.dataset.seq)) return null;
  log.querySelector(".empty")?.remove();
  const answers = entry.dataset.reply && of(entry.dataset.reply)?.querySelector(":scope > .replies");
  if (answers) answers.append(entry);
  else {
    const days = log.querySelectorAll(".day time");
    if (!days.length || days[days.length - 1].dateTime !== entry.dataset.date) log.append(heading(entry.dataset.date));
    log.append(entry);
  }
  return entry;
}

// A page of entries behind what is shown.
export function appendPage(html) {
  const page = parsed(html);
  const days = log.querySelectorAll(".day time");
  const first = page.querySelector(".day");
  if (first && days.length && days[days.length - 1].dateTime === first.querySelector("time").dateTime) first.remove();
  const added = [...page.querySelectorAll("[data-seq]")].filter((entry) => !of(entry.dataset.seq));
  log.append(page);
  for (const entry of added) {
    const answers = entry.dataset.reply && of(entry.dataset.reply)?.querySelector(":scope > .replies");
    if (answers && entry.parentElement === log) answers.append(entry);
  }
  return added;
}

// A page of entries before what is shown; what one looks at stays where it is.
export function prepend(html) {
  const page = parsed(html);
  const kept = log.querySelector("[data-seq]"); // stays where it is on the screen
  const top = kept?.getBoundingClientRect().top ?? 0;
  const was = log.querySelector(".day");
  const last = [...page.querySelectorAll(".day time")].pop();
  if (was && last && was.querySelector("time").dateTime === last.dateTime) was.remove();
  const orphans = log.querySelectorAll(":scope > [data-reply]");
  log.prepend(page);
  for (const entry of orphans) of(entry.dataset.reply)?.querySelector(":scope > .replies").append(entry);
  if (kept) scrollBy({ top: kept.getBoundingClientRect().top - top, behavior: "instant" });
}

// A message as it is now: corrected, withdrawn, understood. Its answers stay.
export function replace(seq, html) {
  const old = of(seq);
  const fresh = parsed(html).firstElementChild;
  if (!old || !fresh) return;
  const answers = old.querySelector(":scope > .replies");
  if (answers) fresh.querySelector(":scope > .replies")?.replaceWith(answers);
  const focused = old.contains(document.activeElement) && document.activeElement.dataset.act;
  old.replaceWith(fresh);
  if (focused) fresh.querySelector(`[data-act=${focused}]`)?.focus();
}
