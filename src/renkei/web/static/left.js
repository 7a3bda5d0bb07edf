// After logging out: what pages kept in this browser goes, by name; what belongs to the device stays.
for (const name of ["renkei-until", "renkei-lately"]) {
  try {
    localStorage.removeItem(name);
  } catch {
    // storage is switched off: nothing is kept there
  }
}
navigator.clearAppBadge?.()?.catch(() => {});
