// Pieces of pages in a dialog, and asking the server in a way that says clearly what went wrong.
const dialog = () => document.querySelector("#sheet");
let opener = null;

export class Unsent extends Error {} // the line is cut: nobody knows whether it arrived

export function token() {
  return document.querySelector("[name=csrfmiddlewaretoken]").value;
}

// The answer as {status, data}; leaves the page when the session has ended. A form goes as JSON,
// which the server takes apart at a tenth of the cost.
export async function ask(address, body = null) {
  let answer;
  try {
    answer = await fetch(address, {
      method: body ? "POST" : "GET",
      body: body && JSON.stringify(Object.fromEntries(body)),
      headers: {
        Accept: "application/json",
        ...(body ? { "Content-Type": "application/json", "X-CSRFToken": token() } : {}),
      },
      cache: "no-store",
    });
  } catch {
    throw new Unsent();
  }
  const text = await answer.text();
  let data = {};
  try {
    data = text ? JSON.parse(text) : {};
  } catch {
    data = { message: answer.statusText };
  }
  if (data.go) location.assign(`${data.go}?next=${encodeURIComponent(location.pathname)}`);
  return { status: answer.status, ok: answer.ok, data };
}

export function open(html) {
  const sheet = dialog();
  if (!sheet.open) opener = document.activeElement;
  sheet.innerHTML = html; // made by our server's templates, which escape what people wrote
  sheet.setAttribute("aria-labelledby", "whose");
  if (!sheet.open) sheet.showModal();
  sheet.querySelector(".sheet-body")?.scrollTo(0, 0);
  (sheet.querySelector("[aria-invalid], [data-go], [autofocus]") ?? sheet.querySelector("textarea, a:not(.log a), button"))?.focus();
}

export function close() {
  dialog().close();
}

export async function load(address) {
  try {
    const { data } = await ask(address);
    if (data.html) open(data.html);
    else say(data.message);
  } catch {
    say(document.querySelector("main").dataset.wordsOffline);
  }
}

// One sentence at the foot of the page, gone after a while.
export function say(sentence) {
  if (!sentence) return;
  document.querySelector(".toast")?.remove();
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.setAttribute("role", "status");
  toast.textContent = sentence;
  document.body.append(toast);
  setTimeout(() => toast.remove(), 6000);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-sheet], [data-close]");
  if (!link || !dialog()) return;
  if (event.metaKey || event.ctrlKey) return;
  if (link.hasAttribute("data-close")) {
    if (!dialog().open) return;
    event.preventDefault();
    close();
  } else {
    event.preventDefault();
    load(link.getAttribute("href"));
  }
});
document.addEventListener("click", (event) => {
  if (event.target === dialog()) close(); // beside the sheet
});
// Back to what opened it, unless what was chosen there has put the focus elsewhere by now.
dialog()?.addEventListener("close", () => {
  const left = [null, document.body, opener].includes(document.activeElement) || dialog().contains(document.activeElement);
  dialog().replaceChildren();
  if (left) opener?.focus?.();
});
