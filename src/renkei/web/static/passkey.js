// Passkeys: what the browser signs is asked for and sent by allauth's script; here it finds its form.
import "./mfa/js/webauthn-json.js";
import "./mfa/js/webauthn.js";

const form = document.querySelector("form[data-passkey]");
if (form && window.PublicKeyCredential) {
  const button = form.querySelector("button");
  const ids = { credential: form.querySelector("[name=credential]").id, data: "passkey-data" };
  const passwordless = form.querySelector("[name=passwordless]");
  if (passwordless) ids.passwordless = passwordless.id;
  ids[form.dataset.passkey] = button.id;
  window.allauth.webauthn.forms[`${form.dataset.passkey}Form`]({ ids });
  form.hidden = false;
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    form.querySelector("[data-error]").hidden = false;
  });
}
document.querySelectorAll("[data-without-passkey]").forEach((one) => (one.hidden = Boolean(window.PublicKeyCredential)));
