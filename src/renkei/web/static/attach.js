// What goes with a message: chosen, looked at, sent in pieces that survive a broken line, answered for.
import "./answer.js";
import { edit, ready as readyToEdit } from "./editor.js";
import { ask, close, open, say, token, Unsent } from "./sheet.js";

const form = document.querySelector("#write");
const tray = form?.querySelector("[data-tray]");

if (tray) {
  const words = tray.dataset;
  const field = form.elements.attachments;
  const jobs = [];
  let running = false;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const backOnLine = () => Promise.race([new Promise((resolve) => addEventListener("online", resolve, { once: true })), pause(navigator.onLine ? 2000 : 20000)]);
  const named = (sentence, name) => sentence.replace("{name}", name);

  // ── What is there ───────────────────────────────────────────────────────────────────────────
  // What the server holds stands in the tray as it renders it; what is on its way as lines below.
  async function refresh() {
    const { ok, data } = await ask(words.address);
    if (!ok) return say(data.message);
    for (const old of tray.querySelectorAll("[data-attachment], [data-together]")) old.remove();
    const piece = document.createElement("template");
    piece.innerHTML = data.html; // made by our server's templates, which escape what people wrote
    for (const line of piece.content.querySelectorAll("[data-attachment]")) {
      if (jobs.some((job) => job.id === line.dataset.attachment)) line.remove();
    }
    tray.prepend(piece.content);
    settle();
  }
  function settle() {
    field.value = [...tray.querySelectorAll("[data-attachment][data-ready=yes]")].map((line) => line.dataset.attachment).join(",");
    tray.hidden = !tray.querySelector("li");
  }

  // ── Choosing ────────────────────────────────────────────────────────────────────────────────
  for (const input of form.querySelectorAll("[data-attach] input")) {
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      take(files);
    });
  }
  form.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
  addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });

  async function take(files) {
    const pictures = files.filter((file) => readyToEdit(file));
    let number = 0;
    for (const file of files) {
      const edited = pictures.includes(file) ? await edit(file, (number += 1), pictures.length) : file;
      if (edited) queue(edited, file.name);
    }
  }
  function queue(blob, name) {
    const line = document.createElement("li");
    line.className = "waiting waiting--going";
    const text = document.createElement("p");
    text.className = "grow waiting-going";
    text.setAttribute("role", "status");
    const bar = document.createElement("progress");
    bar.max = blob.size;
    bar.value = 0;
    bar.setAttribute("aria-label", name);
    const stop = document.createElement("button");
    stop.type = "button";
    stop.className = "btn btn--quiet btn--icon";
    stop.setAttribute("aria-label", named(words.wordsStop, name));
    stop.textContent = "×";
    text.append(document.createElement("span"), bar);
    line.append(text, stop);
    const job = { blob, name, line, text: text.firstChild, bar, id: "", stopped: false };
    job.text.textContent = name; // until its turn comes
    stop.addEventListener("click", () => {
      job.stopped = true;
      job.abort?.abort();
      line.remove();
      settle();
    });
    jobs.push(job);
    tray.append(line);
    settle();
    run();
  }

  // ── Sending, one after the other ────────────────────────────────────────────────────────────
  async function run() {
    if (running) return;
    running = true;
    try {
      while (jobs.length) {
        const job = jobs[0];
        try {
          if (!job.stopped) await bring(job);
        } catch (problem) {
          if (!job.stopped) failed(job, problem);
        }
        if (job.id) ask(`/attachments/${job.id}/remove`, new FormData()).catch(() => {});
        jobs.shift();
        if (!job.failed) job.line.remove();
        await refresh().catch(() => {});
      }
    } finally {
      running = false;
    }
  }
  function failed(job, problem) {
    job.failed = true;
    job.bar.remove();
    job.text.className = "error";
    job.text.setAttribute("role", "alert");
    job.text.textContent = `${named(words.wordsFailed, job.name)} ${problem.sentence ?? ""}`;
  }
  class Refused extends Error {
    constructor(sentence) {
      super(sentence);
      this.sentence = sentence;
    }
  }

  async function request(job, address, options) {
    job.abort = new AbortController();
    const answer = await fetch(address, {
      ...options,
      signal: job.abort.signal,
      cache: "no-store",
      headers: { Accept: "application/json", "X-CSRFToken": token(), "Tus-Resumable": "1.0.0", ...options.headers },
    });
    if (answer.status === 401) location.assign("/sign-in");
    if (answer.status < 400 || [409, 423, 429, 503].includes(answer.status)) return answer;
    const data = await answer.json().catch(() => ({}));
    throw new Refused(data.message);
  }
  // The same request until it goes through; only the line may break, a refusal is a refusal.
  async function steadily(job, address, options) {
    for (;;) {
      if (job.stopped) throw new Refused();
      try {
        const answer = await request(job, address, options);
        if (answer.status !== 503 && answer.status !== 429) return answer;
      } catch (problem) {
        if (problem instanceof Refused) throw problem;
        job.text.textContent = named(words.wordsOffline, job.name);
      }
      await backOnLine();
    }
  }
  const piece = 196608; // three of the server's pieces: small enough for a bar of reception
  const largest = 4194304;

  async function bring(job) {
    const { blob, name } = job;
    const known = btoa(String.fromCharCode(...new TextEncoder().encode(name)));
    job.text.textContent = named(words.wordsSending, name);
    const made = await steadily(job, words.address, {
      method: "POST",
      headers: { "Upload-Length": String(blob.size), "Upload-Metadata": `filename ${known}` },
    });
    job.id = (await made.json()).id;
    const address = `/attachments/${job.id}/upload`;
    let offset = 0;
    let size = piece;
    while (offset < blob.size) {
      if (job.stopped) throw new Refused();
      const began = performance.now();
      let answer = null;
      try {
        answer = await request(job, address, {
          method: "PATCH",
          headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) },
          body: blob.slice(offset, offset + size),
        });
      } catch (problem) {
        if (problem instanceof Refused) throw problem;
      }
      if (answer?.status === 204) {
        offset = Number(answer.headers.get("Upload-Offset"));
        size = performance.now() - began < 500 ? Math.min(size * 2, largest) : Math.max(size / 2, piece);
        job.text.textContent = named(words.wordsSending, name);
      } else { // the line broke: ask how far it has come, and go on there
        size = piece;
        if (!answer) {
          job.text.textContent = named(words.wordsOffline, name);
          await backOnLine();
        } else await pause(1000);
        const come = await steadily(job, address, { method: "HEAD" });
        offset = Number(come.headers.get("Upload-Offset"));
      }
      job.bar.value = offset;
    }
    job.text.textContent = named(words.wordsPreparing, name);
    job.bar.removeAttribute("value");
    await steadily(job, `/attachments/${job.id}/prepare`, { method: "POST" });
    if (blob.type.startsWith("video/")) {
      const poster = await stillOf(blob).catch(() => null);
      if (poster) await steadily(job, `/attachments/${job.id}/poster`, { method: "POST", headers: { "Content-Type": "image/jpeg" }, body: poster });
    }
    const line = job.id;
    job.id = "";
    return line;
  }

  // The picture that stands for a film: what is seen after a moment. Nothing if it does not play here.
  function stillOf(blob) {
    return new Promise((resolve, reject) => {
      const video = document.createElement("video");
      const address = URL.createObjectURL(blob);
      const end = (result) => {
        URL.revokeObjectURL(address);
        video.removeAttribute("src");
        result ? resolve(result) : reject(new Error("no picture"));
      };
      video.muted = true;
      video.playsInline = true;
      video.preload = "auto";
      video.addEventListener("error", () => end(null));
      video.addEventListener("loadeddata", () => (video.currentTime = Math.min(0.5, (video.duration || 1) / 2)));
      video.addEventListener("seeked", () => {
        const canvas = document.createElement("canvas");
        const scale = Math.min(1, 1600 / Math.max(video.videoWidth, video.videoHeight));
        canvas.width = Math.round(video.videoWidth * scale);
        canvas.height = Math.round(video.videoHeight * scale);
        canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
        canvas.toBlob(end, "image/jpeg", 0.82);
      });
      setTimeout(() => end(null), 15000);
      video.src = address;
    });
  }

  // ── Answering ───────────────────────────────────────────────────────────────────────────────
  async function tell(address, body) {
    const { ok, data } = await ask(address, body);
    if (data.html) return open(data.html);
    if (!ok) return say(data.message);
    await answered();
  }
  async function answered() {
    await refresh();
    form.dispatchEvent(new Event("input")); // what was asked for is answered: nothing is wrong any more
  }
  // Pressing must not take the focus first: the box would move away under the thumb.
  tray.addEventListener("mousedown", (event) => event.preventDefault());
  tray.addEventListener("click", async (event) => {
    const line = event.target.closest("[data-attachment]");
    if (!line) return;
    const answer = event.target.closest("[data-answer]");
    const address = `/attachments/${line.dataset.attachment}`;
    try {
      if (answer) {
        const body = new FormData();
        for (const [key, value] of new URLSearchParams(answer.dataset.answer)) body.append(key, value);
        await tell(`${address}/answer`, body);
      } else if (event.target.closest("[data-remove]")) await tell(`${address}/remove`, new FormData());
    } catch (problem) {
      if (!(problem instanceof Unsent)) throw problem;
      say(form.dataset.wordsUnsaved);
    }
  });
  const sheet = document.querySelector("#sheet");
  sheet.addEventListener("submit", async (event) => {
    const sent = event.target;
    if (!sent.matches("[data-attachment-form]")) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // of the messages' own handler
    const body = new FormData(sent);
    if (sent.id === "pages") body.set("pages", body.getAll("page").join(","));
    try {
      const { ok, data } = await ask(sent.action, body);
      if (data.html) return open(data.html);
      if (!ok) return say(data.message);
      close();
      await answered();
    } catch (problem) {
      if (!(problem instanceof Unsent)) throw problem;
      say(form.dataset.wordsUnsaved);
    }
  }, true);

  // ── With the message ────────────────────────────────────────────────────────────────────────
  form.addEventListener("submit", (event) => {
    if (!jobs.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say(words.wordsBusy);
  }, true);
  document.addEventListener("renkei:sent", () => {
    for (const line of tray.querySelectorAll("li")) line.remove();
    settle();
  });
  addEventListener("beforeunload", (event) => jobs.length && event.preventDefault());
  if (Number(words.waiting)) refresh().catch(() => {});
}
