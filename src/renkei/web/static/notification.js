// The page 「通知」: turns notifications on and off in this browser, and says why it cannot.
import { isOn, possible, turnOff, turnOn } from "./push.js";

const box = document.querySelector("[data-push]");
const standalone = matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
const apple = /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);

async function state() {
  if (apple && !standalone) return "home-screen"; // there is a PushManager on the home screen alone
  if (!possible()) return "impossible";
  if (Notification.permission === "denied") return "denied";
  return (await isOn()) ? "on" : "off";
}

function show(name) {
  for (const one of box.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== name;
}

async function pressed(button, action) {
  button.disabled = true;
  try {
    await action();
    location.replace(location.pathname);
  } catch (error) {
    const failed = box.querySelector("[data-failed]");
    if (error.message) failed.querySelector("span").textContent = error.message;
    failed.hidden = false;
  }
  button.disabled = false;
}

if (box) {
  show(await state());
  const [on, off] = [box.querySelector("[data-on]"), box.querySelector("[data-off]")];
  on.addEventListener("click", () => pressed(on, () => turnOn(box.dataset.push)));
  off.addEventListener("click", () => pressed(off, turnOff));
}
