// The sheet in which is answered whose a document is, who agreed to a photo, which pages are needed.
const sheet = document.querySelector("#sheet");

// Only the fields that belong to where a document comes from.
function follow(source) {
  const chosen = source.querySelector("[name=source]:checked")?.value ?? "";
  for (const one of source.querySelectorAll("[data-for]")) one.hidden = !one.dataset.for.split(" ").includes(chosen);
  for (const group of source.querySelectorAll("optgroup")) group.hidden = group.disabled = group.dataset.source !== chosen;
  const list = source.querySelector("[name=organization]");
  if (list.selectedOptions[0]?.parentElement.disabled) list.value = "";
  const may = list.selectedOptions[0]?.dataset.may ?? "ask";
  const asking = source.querySelector("[name=allowed]").closest("[data-for]");
  if (chosen !== "outside" && (!list.value || may !== "ask")) asking.hidden = true;
}
// The button says for how many the answer is.
function count() {
  const button = sheet.querySelector("[data-many]");
  if (!button) return;
  const also = sheet.querySelectorAll("[name^='also:']:checked").length;
  button.textContent = also ? button.dataset.many.replace("{n}", also + 1) : button.dataset.one;
}
sheet?.addEventListener("click", (event) => {
  const all = event.target.closest("[data-all]");
  if (!all) return;
  for (const box of sheet.querySelectorAll(".page-picker input")) box.checked = all.dataset.all === "yes";
  count();
});
sheet?.addEventListener("change", (event) => {
  if (event.target.form?.id === "source") follow(event.target.form);
  count();
});
if (sheet) {
  new MutationObserver(() => {
    const source = sheet.querySelector("#source");
    if (source) follow(source);
  }).observe(sheet, { childList: true });
}
