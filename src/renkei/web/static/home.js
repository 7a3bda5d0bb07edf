// ホーム stays as the server has it: when something happens in a group, the blocks are asked for anew.
import { onLive } from "./live.js";

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
