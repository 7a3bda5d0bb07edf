// A clip: some seconds of a film, as frames, taken here while it plays and made anew by the server.
import { token } from "./sheet.js";

const form = document.querySelector("[data-cut]");
const words = form.dataset;
const film = form.querySelector("[data-film]");
const from = form.querySelector("[data-from]");
const state = form.querySelector("[data-state]");
const take = form.querySelector("[data-take]");

const unplayable = () => {
  form.querySelector("[data-unplayable]").hidden = false;
  take.disabled = true;
};
film.addEventListener("error", unplayable);
film.addEventListener("loadedmetadata", () => film.videoWidth || unplayable());
if (film.error) unplayable();

form.querySelector("[data-here]").addEventListener("click", () => {
  from.value = (Math.floor(film.currentTime * 10) / 10).toFixed(1);
});

function once(event, milliseconds) {
  return new Promise((resolve, reject) => {
    film.addEventListener(event, resolve, { once: true });
    setTimeout(() => reject(new Error(event)), milliseconds);
  });
}

async function at(second, canvas) {
  if (Math.abs(film.currentTime - second) > 0.001) {
    const there = once("seeked", 20000);
    film.currentTime = second;
    await there;
  }
  canvas.getContext("2d").drawImage(film, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no frame"))), "image/jpeg", 0.85));
}

async function frames(start, seconds, pace) {
  film.pause();
  const scale = Math.min(1, Number(words.side) / Math.max(film.videoWidth, film.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(film.videoWidth * scale);
  canvas.height = Math.round(film.videoHeight * scale);
  const end = Number.isFinite(film.duration) ? film.duration : Infinity;
  const count = Math.min(Number(words.most), Math.max(1, seconds * pace));
  const taken = [];
  for (let n = 0; n < count; n += 1) {
    const second = start + n / pace;
    if (n && second > end) break;
    state.textContent = words.wordsWorking.replace("{n}", n + 1).replace("{m}", count);
    taken.push(await at(Math.min(second, end), canvas));
  }
  return taken;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const chosen = form.querySelector("[name=length]:checked");
  const start = Math.max(0, Number(from.value) || 0);
  const pace = Number(chosen.dataset.pace);
  take.disabled = true;
  try {
    const taken = await frames(start, Number(chosen.value), pace);
    state.textContent = words.wordsSending;
    const body = new FormData();
    body.append("frames", new Blob(taken), "frames");
    body.append("lengths", taken.map((one) => one.size).join(","));
    body.append("pace", String(pace));
    const answer = await fetch(location.pathname, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token() } });
    const data = await answer.json().catch(() => ({}));
    if (data.next) return location.assign(data.next);
    state.textContent = data.message ?? words.wordsFailed;
  } catch {
    state.textContent = navigator.onLine ? words.wordsFailed : words.wordsOffline;
  }
  take.disabled = false;
});
