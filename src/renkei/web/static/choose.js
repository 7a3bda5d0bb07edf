// Choosing several messages in the timeline, to ask for their use: from the first one's other
// actions, or by an address that ends with #choose. Without scripts one is asked for at a time.
import { close } from "./sheet.js";

const main = document.querySelector("main[data-group]");
const log = document.querySelector("#log");
const bar = document.querySelector("[data-chooser]");
const most = Number(bar?.dataset.most);
const chosen = new Set();
let first = null; // whose actions it began with

function mark(article) {
  if (article.querySelector(":scope > .message-head > .pick")) return;
  const label = document.createElement("label");
  label.className = "pick";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = chosen.has(article.dataset.message);
  box.setAttribute("aria-label", `${bar.dataset.wordsPick}: ${article.getAttribute("aria-label")}`);
  label.append(box);
  article.querySelector(":scope > .message-head").append(label);
}
const markAll = () => log.querySelectorAll("article[data-message]").forEach(mark);
const watch = new MutationObserver(markAll);

function count() {
  const go = bar.querySelector("[data-go]");
  bar.querySelector("[data-n]").textContent = chosen.size;
  go.classList.toggle("is-off", !chosen.size);
  go.setAttribute("aria-disabled", !chosen.size);
  const address = new URLSearchParams([...chosen].map((one) => ["m", one]));
  go.href = `${bar.dataset.address}?${address}`;
}

function choosing(on) {
  main.toggleAttribute("data-choosing", on);
  bar.hidden = !on;
  const writing = document.querySelector(".composer:not([data-chooser])");
  if (writing) writing.hidden = on;
  if (on) {
    markAll();
    watch.observe(log, { childList: true, subtree: true });
    count();
    bar.querySelector("[data-stop]").focus({ preventScroll: true });
    return;
  }
  watch.disconnect();
  chosen.clear();
  for (const one of log.querySelectorAll(".pick")) one.remove();
  for (const one of log.querySelectorAll("[data-chosen]")) one.removeAttribute("data-chosen");
  (first?.querySelector(".receipts a") ?? main).focus({ preventScroll: true });
  if (location.hash === "#choose") history.replaceState(history.state, "", location.pathname + location.search);
}

function asked() {
  if (location.hash === "#choose" && bar.hidden) choosing(true);
}

if (bar) {
  asked();
  addEventListener("hashchange", asked);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-choose]");
    const article = link && log.querySelector(`article[data-message="${link.dataset.choose}"]`);
    if (!article || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    close();
    first = article;
    chosen.add(link.dataset.choose);
    article.toggleAttribute("data-chosen", true);
    choosing(true);
  });
  bar.querySelector("[data-stop]").addEventListener("click", () => choosing(false));
  bar.querySelector("[data-go]").addEventListener("click", (event) => {
    if (!chosen.size) event.preventDefault();
  });
  log.addEventListener("change", (event) => {
    const box = event.target.closest(".pick input");
    if (!box) return;
    const article = box.closest("article");
    if (box.checked && chosen.size >= most) box.checked = false;
    if (box.checked) chosen.add(article.dataset.message);
    else chosen.delete(article.dataset.message);
    article.toggleAttribute("data-chosen", box.checked);
    count();
  });
}
