// Every page of a group: the numbers to call as a sheet, and leaving when one is no longer in it.
import "./badges.js";
import { opened } from "./lately.js";
import { onLive } from "./live.js";

if (document.querySelector(".app").dataset.group === "patient") opened(document.body.dataset.groupId);

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-opens], [data-closes]");
  const sheet = link && document.getElementById(link.dataset.opens ?? link.dataset.closes);
  if (!sheet?.showModal) return;
  event.preventDefault();
  if (link.dataset.opens) sheet.showModal();
  else sheet.close();
});
for (const sheet of document.querySelectorAll("dialog")) {
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
}

// Pages of the group without a timeline say nothing of their own: they are simply asked for again.
// Whoever leaves by what they have just sent is on the way to another page already; where that page
// does not come, this one goes all the same.
const group = document.body.dataset.groupId;
let sent = false;
document.addEventListener("submit", () => (sent = true));
onLive(({ kind, data }) => {
  if (document.querySelector("main[data-group]")) return;
  if (kind === "gone" && data.group === group) setTimeout(() => location.reload(), sent ? 5000 : 0);
});
