// ホーム stays as the server has it: when something happens in a group, the blocks are asked for anew.
import { onLive } from "./live.js";
import { lately } from "./lately.js";

// A phone has no rail: its patients stand on top, whom one was with last first.
const quick = document.querySelector("[data-quick] ul");
if (quick) {
  const order = lately();
  const place = (line) => order.indexOf(line.querySelector(".badge").dataset.group) >>> 0; // who was not opened comes last
  const lines = [...document.querySelectorAll(".rail-groups li")].filter((line) => !line.querySelector("[data-tone]"));
  quick.append(...lines.sort((one, other) => place(one) - place(other)).map((line) => line.cloneNode(true)));
}

let waiting = 0;

async function refresh() {
  waiting = 0;
  const answer = await fetch("/home", { headers: { Accept: "text/html", "Renkei-By": "script" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const name of ["todo", "unread"]) {
    const fresh = page.getElementById(name)?.closest("section");
    const old = document.getElementById(name)?.closest("section");
    if (fresh && old && !old.contains(document.activeElement)) old.replaceWith(fresh);
  }
}

onLive(({ kind }) => {
  if (!["message", "changed", "read", "joined", "gone"].includes(kind) || waiting) return;
  waiting = setTimeout(refresh, 1000);
});
