// What stands on every page in a disaster comes, changes and goes while the page is open.
import { onLive } from "./live.js";

const places = document.querySelectorAll("[data-band]");
let shown = document.body.dataset.on ?? "";
let asking = Promise.resolve();

onLive(({ kind, data }) => {
  if (kind === "hello" || kind === "band") asking = asking.then(() => show(data.band ?? ""));
});

async function show(wanted) {
  if (wanted === shown) return;
  for (const place of places) {
    const address = "/disaster/band" + (place.dataset.band ? "?strip" : "");
    const answer = await fetch(address, { headers: { "Renkei-By": "script" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return; // asked again when the stream next stands
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    place.replaceChildren(...fresh.childNodes);
  }
  shown = wanted;
}
