// Shown in the place of a page that could not be fetched: as soon as the line is back, that page.
addEventListener("online", () => location.reload());
document.querySelector("[data-again]")?.addEventListener("click", () => location.reload());
