// Narrows a list while one types. What is typed stays on the screen: it is never put into an address.
// Without this script the same box is sent by POST and the server narrows the list.

const kana = (text) =>
  text.normalize("NFKC").replace(/[\u30a1-\u30f6]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0x60));
const plain = (text) => kana(text).toLowerCase().replace(/\s+/g, "");

function narrow(input) {
  const box = document.querySelector(input.dataset.filter);
  if (!box) return;
  const words = kana(input.value).toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const item of box.querySelectorAll("[data-find]")) {
    const text = plain(item.dataset.find);
    const chosen = item.querySelector("input[name=person]:checked");
    item.hidden = !chosen && !words.every((word) => text.includes(word));
    shown += item.hidden ? 0 : 1;
  }
  for (const group of box.querySelectorAll("[data-filter-group]"))
    group.hidden = !group.querySelector("[data-find]:not([hidden])");
  const none = box.querySelector("[data-filter-none]");
  if (none) none.hidden = shown > 0;
}

for (const input of document.querySelectorAll("[data-filter]"))
  input.addEventListener("input", () => narrow(input));

// How many people are chosen stands on the button that invites them.
const button = document.querySelector("[data-count] span");
if (button) {
  const word = button.textContent;
  const count = () => {
    const n = document.querySelectorAll("input[name=person]:checked").length;
    button.textContent = n ? `${word} (${n})` : word;
  };
  document.addEventListener("change", count);
  count();
}
