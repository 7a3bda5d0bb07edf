// Keeps at one tap those about whom nothing stands out, without a way to the server, and says how far one is.
for (const form of document.querySelectorAll("[data-review]")) {
  const all = [...form.querySelectorAll(".review-one")];
  const keep = form.querySelector("button[value=keep]");
  const finish = form.querySelector(".sticky-foot .btn--primary");
  const word = finish.textContent;
  const count = () => {
    const decided = all.filter((one) => one.querySelector("input[type=radio]:checked")).length;
    finish.textContent = decided < all.length ? `${word} (${decided}/${all.length})` : word;
  };
  keep.addEventListener("click", (event) => {
    event.preventDefault();
    for (const one of all)
      if (!one.dataset.marked && !one.querySelector("input[type=radio]:checked"))
        one.querySelector("input[value=keep]").checked = true;
    count();
    const open = all.find((one) => !one.querySelector("input[type=radio]:checked"));
    if (open) open.scrollIntoView({ block: "center" });
    else finish.focus();
  });
  form.addEventListener("change", count);
  count();
}
