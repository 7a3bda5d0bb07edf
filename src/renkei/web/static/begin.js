// The number of a one-time link stands behind the # of its address, which no server sees.
const number = document.querySelector("#id_number");
const given = location.hash.slice(1);
if (given) {
  number.value = given;
  history.replaceState(null, "", location.pathname + location.search);
}
number.closest(".field").hidden = Boolean(number.value) && !number.hasAttribute("aria-invalid");
