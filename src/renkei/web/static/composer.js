// Writing: the draft on the server, answering, confirming, and sending exactly once.
import { ask, close, open, say, Unsent } from "./sheet.js";
import { helps } from "./writing.js";

const form = document.querySelector("#write");

if (form) {
  const text = form.elements.text;
  const words = form.dataset;
  const most = Number(words.most); // characters of a message
  const saved = form.querySelector("[data-saved]");
  const error = form.querySelector("[data-error]");
  const count = form.querySelector("[data-count]");
  const answer = form.querySelector("[data-answer]");
  let timer = 0;
  let saving = null;
  let unsaved = false;
  let key = "";

  // ── The draft ───────────────────────────────────────────────────────────────────────────────
  const content = () => new FormData(form);
  const later = () => {
    unsaved = true;
    clearTimeout(timer);
    timer = setTimeout(save, 2000);
  };
  async function save() {
    clearTimeout(timer);
    if (!unsaved) return saving;
    unsaved = false;
    await saving;
    saving = (async () => {
      try {
        const { ok, data } = await ask(words.draft, content());
        saved.textContent = ok ? words.wordsSaved : (data.message ?? "");
        if (error.textContent === words.wordsOffline) unmarked(); // the line is back
      } catch {
        saved.textContent = words.wordsUnsaved;
        unsaved = true;
        timer = setTimeout(save, 5000);
      }
    })();
    await saving;
    saving = null;
  }
  addEventListener("online", () => unsaved && save());
  document.addEventListener("renkei:keep", () => unsaved && save());
  addEventListener("pagehide", () => {
    if (!unsaved) return;
    unsaved = false;
    navigator.sendBeacon(words.draft, content());
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && unsaved && save());

  function grow() {
    if (!CSS.supports("field-sizing", "content")) {
      text.rows = Math.min(10, Math.max(1, text.value.split("\n").length));
    }
    const n = [...text.value.trim()].length;
    count.hidden = n < most * 0.9;
    count.textContent = `${n.toLocaleString()} / ${most.toLocaleString()}`;
    count.toggleAttribute("data-over", n > most);
  }
  function unmarked() {
    for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
    error.hidden = true;
  }
  form.addEventListener("input", () => {
    unmarked();
    grow();
    later();
  });

  const empty = helps(form, later); // who is meant, and forms

  // ── Answering ───────────────────────────────────────────────────────────────────────────────
  const replyTo = form.querySelector("input[name=reply_to]");
  document.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act=reply]");
    if (!act || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    setAnswer(new URL(act.href).searchParams.get("reply"));
    text.focus();
    later();
  });
  function setAnswer(seq) {
    replyTo.value = seq;
    answer.hidden = !seq;
    const name = seq && document.getElementById("m" + seq)?.querySelector(".person-name")?.textContent;
    if (name) answer.querySelector("[data-answer-words]").textContent = words.wordsAnswer.replace("{name}", name);
  }
  answer.querySelector("[data-answer-off]").addEventListener("click", (event) => {
    event.preventDefault();
    setAnswer("");
    later();
    text.focus();
  });

  // Pressing the button must not take the focus first: the box would move away under the thumb.
  // So with links and buttons beside it: closing, it would take them away between press and release.
  form.querySelector("[data-check]").addEventListener("mousedown", (event) => event.preventDefault());
  document.addEventListener("mousedown", (event) => {
    if (!form.contains(document.activeElement) || form.contains(event.target)) return;
    if (event.target.closest("a, button")) event.preventDefault();
  });

  // ── Confirming ──────────────────────────────────────────────────────────────────────────────
  const measures = () => [...form.elements].filter((one) => one.name?.startsWith("v_"));
  function wrong(sentence, field = "") {
    error.hidden = false;
    error.textContent = sentence;
    error.className = "error";
    const sign = field.startsWith("v_") && form.elements.namedItem(field);
    if (sign) sign.closest("details").open = true;
    const asked = field && form.querySelector(`[name="t:${CSS.escape(field)}"], [name^="t:${CSS.escape(field)}:"]`);
    const unanswered = field === "attachments" && form.querySelector("[data-tray] :is([data-answer], a.btn--primary, [data-ready=no] [data-remove])");
    const place = sign || asked || unanswered || text;
    if (place !== unanswered) place.setAttribute("aria-invalid", "true");
    place.focus();
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (event.submitter?.hasAttribute("formaction")) return; // writing.js
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    try {
      const { data } = await ask(form.action, content());
      if (data.html) {
        unmarked();
        open(data.html);
        // The same text that could not be sent keeps its key: a second try never posts twice.
        const send = document.querySelector("#send");
        const now = JSON.stringify([...new FormData(send)].filter(([name]) => name !== "csrfmiddlewaretoken" && name !== "key"));
        if (key && key.now === now) send.elements.namedItem("key").value = key.value;
        key = { now, value: send.elements.namedItem("key").value };
      } else wrong(data.message, data.field);
    } catch {
      wrong(words.wordsOffline);
      unsaved = true;
      timer = setTimeout(save, 5000);
    } finally {
      delete form.dataset.busy;
    }
  });

  // ── Sending ─────────────────────────────────────────────────────────────────────────────────
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  async function sent(body) {
    for (const wait of [0, 1000, 3000, 6000]) {
      await pause(wait);
      try {
        return await ask(words.send, body);
      } catch (problem) {
        if (!(problem instanceof Unsent)) throw problem;
        document.querySelector("#sheet [data-go]").textContent = words.wordsUnsaved;
      }
    }
    throw new Unsent();
  }
  document.querySelector("#sheet").addEventListener("submit", (event) => {
    if (!event.target.matches("[data-move]")) return;
    clearTimeout(timer);
    unsaved = false; // it goes to another group: nothing of it stays here
  });
  document.querySelector("#sheet").addEventListener("submit", async (event) => {
    if (event.target.id !== "send" || event.submitter?.name === "back") return;
    event.preventDefault();
    const send = event.target;
    if (send.dataset.busy) return;
    send.dataset.busy = "1";
    const go = document.querySelector("#sheet [data-go]");
    const note = send.querySelector("[data-error]");
    note.hidden = true;
    const said = go.textContent;
    go.setAttribute("aria-disabled", "true");
    go.textContent = words.wordsSending;
    clearTimeout(timer);
    unsaved = false;
    await saving; // a draft on its way must not arrive after the message
    try {
      const { ok, data } = await sent(new FormData(send));
      if (ok) return done(data);
      failed(data.message, said, data.field);
    } catch (problem) {
      if (!(problem instanceof Unsent)) throw problem;
      failed(words.wordsCut, words.wordsAgain);
    } finally {
      delete send.dataset.busy;
      go.removeAttribute("aria-disabled");
    }
    function failed(sentence, again, field = "") {
      go.textContent = again;
      note.hidden = false;
      note.className = "error";
      note.textContent = sentence;
      const asked = [...send.elements].find((one) => one.name === field && one.type !== "hidden");
      asked?.closest("fieldset")?.append(note); // beside what is still to be answered
      asked?.focus();
      note.scrollIntoView({ block: "nearest" });
    }
  });
  function done(data) {
    key = "";
    text.value = "";
    empty();
    for (const one of measures()) one.value = one.options ? one.options[0].value : "";
    if (form.querySelector("[data-vitals]")) form.querySelector("[data-vitals]").open = false;
    form.elements.kind.value = "report";
    form.elements.importance.value = "normal";
    setAnswer("");
    saved.textContent = words.wordsSent;
    grow();
    close();
    if (data.again) say(words.wordsOnce);
    document.dispatchEvent(new CustomEvent("renkei:sent", { detail: data }));
  }

  setAnswer(replyTo.value);
  grow();
}
