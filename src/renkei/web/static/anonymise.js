// The anonymising editor: what leaves is shown as it is decided. The server decides what is kept.
const form = document.querySelector("[data-anonymise]");
const left = form.querySelector("[data-left]");

function show(part) {
  const after = part.querySelector("[data-after]");
  for (const place of part.querySelectorAll("[data-decide]")) {
    const choice = place.querySelector("input[type=radio]:checked")?.value;
    const at = after.querySelector(`[data-at="${place.dataset.decide}"]`);
    const other = place.querySelector("[data-other]");
    place.toggleAttribute("data-other-words", choice === "change");
    at.toggleAttribute("data-undecided", !choice);
    at.textContent = { take: place.dataset.proposal, change: other.value }[choice] ?? at.dataset.before;
  }
}

function all() {
  form.querySelectorAll("[data-part]").forEach(show);
  const open = form.querySelectorAll("[data-undecided]").length;
  if (!left) return;
  left.hidden = !open;
  left.textContent = `${open} ${left.dataset.words}`;
}

form.addEventListener("input", all);
form.addEventListener("change", (event) => {
  const place = event.target.closest("[data-decide]");
  if (place?.hasAttribute("data-other-words") && event.target.type === "radio") place.querySelector("[data-other]").focus();
});
all();
