// Unread counts on every signed-in page follow the live stream: rail, bottom bar, lists, title.
import { setUnread, unreadOf } from "./app.js";
import { onLive } from "./live.js";

const me = document.body.dataset.me;
const newest = new Map(); // group → newest number
const bare = (id) => id.replaceAll("-", "");

onLive(({ kind, data }) => {
  if (kind === "hello") for (const [group, seq] of Object.entries(data.groups)) heardOf(group, seq, false);
  if (kind === "message") heardOf(data.group, data.seq, data.html.includes(`data-sender="${me}"`));
  if (kind === "read" && bare(data.account) === me) {
    setUnread(data.group, Math.max(0, (newest.get(data.group) ?? data.seq) - data.seq));
  }
  if (kind === "gone") {
    setUnread(data.group, 0);
    for (const link of document.querySelectorAll(`.rail-link[href$="${data.group}"]`)) link.closest("li")?.remove();
  }
});

// After a break the stream says how far each group is; what came meanwhile counts as unread.
function heardOf(group, seq, mine) {
  const before = newest.get(group);
  newest.set(group, Math.max(seq, before ?? 0));
  if (before !== undefined && seq > before && !mine) setUnread(group, unreadOf(group) + seq - before);
}
