// What helps to write: who is meant (@), and the forms whose fields open in the writing box.
import { ask, close, open, say, Unsent } from "./sheet.js";

// Returns what empties both once the message is sent. `changed` is called after every change.
export function helps(form, changed) {
  const text = form.elements.text;
  const slot = form.querySelector("[data-slot]");
  const chips = form.querySelector("[data-meant]");
  const placeholder = text.placeholder;
  let offers = null; // who can be meant: asked for once

  // ── Who is meant ────────────────────────────────────────────────────────────────────────────
  const whomButton = form.querySelector("[data-whom]");
  const named = (offer) => offer.label;
  const chosen = () => [...chips.querySelectorAll("[data-token]")].map((chip) => chip.dataset.token);
  const inText = new Map(); // tokens that were put in by writing @: they go when the words go

  function chip(offer) {
    const made = document.createElement("span");
    made.className = "chip chip--to";
    made.dataset.token = offer.token;
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "to:" + offer.token;
    field.value = "yes";
    made.append(field, "@" + named(offer));
    if (offer.token.startsWith("role:")) {
      const who = document.createElement("small");
      who.textContent = offer.who;
      made.append(" ", who);
    }
    return made;
  }
  function crossed(made) {
    const off = document.createElement("button");
    off.type = "button";
    off.className = "chip-off";
    off.setAttribute("aria-label", chips.dataset.wordsOff.replace("{name}", made.textContent.trim()));
    off.textContent = "×";
    off.addEventListener("click", () => {
      made.remove();
      inText.delete(made.dataset.token);
      settle();
      changed();
      text.focus();
    });
    made.append(off);
    return made;
  }
  function settle() {
    chips.hidden = !chips.querySelector("[data-token]");
  }
  function mean(offer) {
    if (!chosen().includes(offer.token)) chips.append(crossed(chip(offer)));
    settle();
  }
  for (const made of chips.querySelectorAll("[data-token]")) crossed(made);

  async function fetched() {
    const { ok, data } = await ask(whomButton.dataset.whom);
    if (!ok) throw new Error(data.message);
    const piece = document.createElement("template");
    piece.innerHTML = data.html;
    const labels = [...piece.content.querySelectorAll(".whom-list b")].map((one) => one.textContent);
    offers = data.offers.map((one, at) => ({ ...one, label: labels[at] }));
    return data.html;
  }
  whomButton?.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      open(await fetched());
    } catch (problem) {
      return say(problem instanceof Unsent ? form.dataset.wordsUnsaved : problem.message);
    }
    const sheet = document.querySelector("#sheet");
    const now = chosen();
    for (const box of sheet.querySelectorAll("[name^='to:']")) box.checked = now.includes(box.name.slice(3));
    const find = sheet.querySelector("[data-whom-find]");
    if (!find) return;
    find.hidden = false;
    find.addEventListener("input", () => {
      const words = plain(find.value);
      for (const line of sheet.querySelectorAll("[data-find]")) line.hidden = !plain(line.dataset.find).includes(words);
    });
    find.focus();
  });
  document.querySelector("#sheet").addEventListener("submit", (event) => {
    if (event.target.id !== "whom") return;
    event.preventDefault();
    const none = event.submitter?.hasAttribute("data-none");
    chips.querySelectorAll("[data-token]").forEach((one) => one.remove());
    inText.clear();
    for (const box of event.target.querySelectorAll("[name^='to:']:checked")) {
      const offer = offers.find((one) => one.token === box.name.slice(3));
      if (offer && !none) mean(offer);
    }
    settle();
    close();
    changed();
    text.focus();
  });

  // ── Writing @ ───────────────────────────────────────────────────────────────────────────────
  const plain = (words) => words.normalize("NFKC").toLowerCase().replace(/[\u30a1-\u30f6]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60)).replace(/\s/g, "");
  const list = document.createElement("ul");
  list.className = "at-list card";
  list.id = "at-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", whomButton?.dataset.words ?? "@");
  list.hidden = true;
  text.parentElement.append(list);
  if (form.querySelector("[data-whom]")) text.setAttribute("aria-autocomplete", "list");
  let at = null; // where the @ stands, and what was written behind it
  let marked = 0;

  function behindAt() {
    const before = text.value.slice(0, text.selectionStart); // Japanese puts no space before it; an address has letters there
    const found = /(?:^|[^A-Za-z0-9._%+-])[@＠]([^\s@＠]{0,20})$/.exec(before);
    return found ? { start: before.length - found[1].length - 1, words: found[1] } : null;
  }
  function shut() {
    at = null;
    list.hidden = true;
    text.removeAttribute("aria-activedescendant");
    text.removeAttribute("aria-controls");
  }
  async function look() {
    if (!whomButton) return;
    at = behindAt();
    if (!at) return shut();
    if (!offers) {
      try {
        await fetched();
      } catch {
        return shut(); // no line: one goes on writing
      }
      at = behindAt();
      if (!at) return shut();
    }
    const words = plain(at.words);
    const fits = offers.filter((one) => !words || plain(`${one.label} ${one.word} ${one.kana}`).includes(words)).slice(0, 8);
    if (!fits.length) return shut();
    list.replaceChildren(...fits.map((offer, number) => {
      const line = document.createElement("li");
      line.id = `at-${number}`;
      line.setAttribute("role", "option");
      line.dataset.token = offer.token;
      const label = document.createElement("b");
      label.textContent = offer.label;
      const who = document.createElement("span");
      who.className = "sub";
      who.textContent = offer.who;
      line.append(label, " ", who);
      return line;
    }));
    list.hidden = false;
    text.setAttribute("aria-controls", list.id);
    mark(0);
  }
  function mark(number) {
    const lines = [...list.children];
    marked = (number + lines.length) % lines.length;
    lines.forEach((line, here) => line.setAttribute("aria-selected", here === marked));
    lines[marked].scrollIntoView({ block: "nearest" });
    text.setAttribute("aria-activedescendant", lines[marked].id);
  }
  function pick(token) {
    const offer = offers.find((one) => one.token === token);
    const end = text.selectionStart;
    const words = `@${named(offer)} `;
    text.setRangeText(words, at.start, end, "end");
    inText.set(token, words.trim());
    mean(offer);
    shut();
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  }
  text.addEventListener("input", () => {
    for (const [token, words] of inText) {
      if (text.value.includes(words)) continue;
      inText.delete(token);
      chips.querySelector(`[data-token="${CSS.escape(token)}"]`)?.remove();
      settle();
    }
    look();
  });
  text.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const keys = {
      ArrowDown: () => mark(marked + 1),
      ArrowUp: () => mark(marked - 1),
      Enter: () => pick(list.children[marked].dataset.token),
      Tab: () => pick(list.children[marked].dataset.token),
      Escape: shut,
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  text.addEventListener("blur", () => setTimeout(shut, 200));
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const line = event.target.closest("[data-token]");
    if (line) pick(line.dataset.token);
  });

  // ── Forms ───────────────────────────────────────────────────────────────────────────────────
  const formsButton = form.querySelector("[data-forms]");
  formsButton?.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      const { data } = await ask(formsButton.dataset.forms);
      if (data.html) open(data.html);
      else say(data.message);
    } catch (problem) {
      if (!(problem instanceof Unsent)) throw problem;
      say(form.dataset.wordsUnsaved);
    }
  });
  document.querySelector("#sheet").addEventListener("submit", async (event) => {
    if (event.target.id !== "forms") return;
    event.preventDefault();
    if (event.submitter?.name !== "choose") return close();
    try {
      const { ok, data } = await ask(`${formsButton.dataset.forms}/${event.submitter.value}`);
      if (!ok) return say(data.message);
      drop();
      slot.innerHTML = data.html; // made by our server's templates, which escape what people wrote
      form.elements.kind.value = data.kind;
    } catch (problem) {
      if (!(problem instanceof Unsent)) throw problem;
      return say(form.dataset.wordsUnsaved);
    }
    close();
    words();
    measure();
    changed();
    slot.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("[data-vitals] input, [data-slot] input")) return;
    event.preventDefault(); // on to the next field: nothing is sent by the way
    const asked = form.querySelectorAll("[data-vitals][open] input, [data-slot] :is(input:not([type=hidden]), textarea, select)");
    const fields = [...asked, text];
    fields[fields.indexOf(event.target) + 1]?.focus();
  });
  slot.addEventListener("click", (event) => {
    if (!event.target.closest("[data-drop]")) return;
    event.preventDefault();
    drop();
    changed();
    text.focus();
  });
  // Measured values have a box of their own; a form that asks for them shows it in their place.
  const box = form.querySelector("[data-vitals]");
  const home = box?.parentElement;
  box?.querySelector("summary").addEventListener("click", (event) => {
    event.preventDefault(); // opened by us, so that the keyboard of a phone comes up with it
    box.open = !box.open;
    if (box.open) box.querySelector("input").focus();
  });
  function measure() {
    const place = slot.querySelector("[data-measure]");
    if (!box || !place) return;
    place.replaceWith(box);
    box.open = true;
  }
  function drop() {
    if (box && slot.contains(box)) home.prepend(box);
    slot.replaceChildren();
    words();
  }
  function words() {
    text.placeholder = slot.childElementCount ? text.dataset.wordsElse : placeholder;
  }
  measure();
  words();

  return () => {
    chips.querySelectorAll("[data-token]").forEach((one) => one.remove());
    inText.clear();
    settle();
    drop();
  };
}
