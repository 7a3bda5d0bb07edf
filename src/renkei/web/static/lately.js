// Which patients' groups were opened last in this browser: numbers of groups, no names, until one logs out.
const KEY = "renkei-lately"; // left.js takes it away
const most = 20;

export function lately() {
  try {
    return (localStorage.getItem(KEY) ?? "").split(" ").filter(Boolean);
  } catch {
    return []; // storage is switched off
  }
}

export function opened(group) {
  const hex = group.replaceAll("-", "");
  try {
    localStorage.setItem(KEY, [hex, ...lately().filter((one) => one !== hex)].slice(0, most).join(" "));
  } catch {
    // storage is switched off: the order stays as it is
  }
}
