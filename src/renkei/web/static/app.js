// The frame of signed-in pages: menu, unread counts, small helps. Everything works without it.
import "./badges.js"; // news of all groups, through the one live stream of this browser

const body = document.body;
const words = document.title.replace(/^\(\d+\) /, "");

/** The number of a badge; a badge at zero is hidden. */
function show(badge, n) {
  badge.querySelector("[data-n]").textContent = n < 100 ? String(n) : "99+";
  badge.dataset.count = String(n);
  badge.hidden = n === 0;
}

function shown(badge) {
  return badge.hidden ? 0 : Number(badge.dataset.count ?? badge.querySelector("[data-n]").textContent) || 0;
}

/** Unread entries of one group, everywhere on the page: its badges, the places, the title. */
export function setUnread(group, n) {
  const hex = group.replaceAll("-", "");
  for (const badge of document.querySelectorAll(`.badge[data-group="${hex}"]`)) show(badge, n);
  for (const place of document.querySelectorAll(".badge[data-place]")) {
    const kind = place.dataset.place;
    const own = document.querySelectorAll(`.rail-groups .badge[data-kind="${kind}"]`);
    show(place, [...own].reduce((sum, badge) => sum + shown(badge), 0));
  }
  const all = [...document.querySelectorAll(".badge[data-place]")];
  const total = all.reduce((sum, badge) => sum + shown(badge), 0);
  body.dataset.unread = String(total);
  document.title = total ? `(${total}) ${words}` : words;
  mark(total);
}

/** The number on the app's icon, where the system shows one. */
function mark(n) {
  (n ? navigator.setAppBadge?.(n) : navigator.clearAppBadge?.())?.catch(() => {});
}
if (body.dataset.me) mark(Number(body.dataset.unread));

// It keeps the page for when the line is cut, and shows what is pushed; see worker.js.
navigator.serviceWorker?.register("/service-worker.js").catch(() => {});

/** Unread entries of one group as the page shows them now. */
export function unreadOf(group) {
  const badge = document.querySelector(`.rail-groups .badge[data-group="${group.replaceAll("-", "")}"]`);
  return badge ? shown(badge) : 0;
}

// The menu opens over the page where the browser can do that; elsewhere the link leads to a page.
const menu = document.getElementById("menu");
const opener = document.querySelector("[data-menu]");
if (menu && opener && "popover" in HTMLElement.prototype) {
  menu.hidden = false;
  opener.setAttribute("role", "button");
  opener.setAttribute("aria-haspopup", "dialog");
  opener.setAttribute("aria-controls", "menu");
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    menu.togglePopover();
  });
  opener.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    menu.togglePopover();
  });
  menu.addEventListener("toggle", (event) => {
    opener.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open") menu.querySelector("a")?.focus({ preventScroll: true });
  });
}

// What has to be mended comes into view.
document.querySelector("[data-focus]")?.focus();

// The chosen text size and contrast show at once; they are kept when the form is sent.
document.querySelector("[data-appearance]")?.addEventListener("change", (event) => {
  const root = document.documentElement;
  if (event.target.name === "text_size") root.dataset.text = event.target.value;
  if (event.target.name === "contrast") root.dataset.contrast = event.target.value;
});

// The chosen photo is shown before it is sent.
const preview = document.querySelector("[data-preview]");
document.querySelector('input[type="file"][name="photo"]')?.addEventListener("change", (event) => {
  const file = event.target.files[0];
  if (!preview || !file?.type.startsWith("image/")) return;
  const image = new Image(96, 96);
  image.className = "avatar avatar--l";
  image.alt = "";
  image.src = URL.createObjectURL(file);
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  preview.replaceChildren(image);
});

// After leaving, the back button shows nothing of what was there: old pages ask the server again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted || !body.dataset.me) return;
  body.hidden = true;
  location.reload();
});
