// Covering faces by hand: what is drawn is written as numbers, and the server draws it anew.
const WHOLE = 1000;
const LEAST = 5;

for (const field of document.querySelectorAll("[data-cover]")) {
  const room = field.querySelector("[data-room]");
  const written = field.querySelector("[data-boxes]");
  const undo = field.querySelector("[data-undo]");
  let from = null;

  const boxes = () =>
    written.value
      .split(/\s+/)
      .map((one) => one.split(",").map(Number))
      .filter((one) => one.length === 4 && one.every(Number.isFinite));

  function show(more) {
    const all = more ? [...boxes(), more] : boxes();
    room.querySelectorAll("i").forEach((one) => one.remove());
    for (const box of all) {
      const mark = document.createElement("i");
      const [left, top, width, height] = box.map((n) => `${(n * 100) / WHOLE}%`);
      Object.assign(mark.style, { left, top, width, height });
      room.append(mark);
    }
    undo.hidden = !all.length;
  }

  function at(event) {
    const whole = room.getBoundingClientRect();
    const within = (n) => Math.min(WHOLE, Math.max(0, Math.round(n * WHOLE)));
    return [within((event.clientX - whole.left) / whole.width), within((event.clientY - whole.top) / whole.height)];
  }

  function box(event) {
    const to = at(event);
    const [left, top] = [0, 1].map((n) => Math.min(from[n], to[n]));
    return [left, top, Math.abs(from[0] - to[0]), Math.abs(from[1] - to[1])];
  }

  room.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    room.setPointerCapture(event.pointerId);
    from = at(event);
  });
  room.addEventListener("pointermove", (event) => from && show(box(event)));
  room.addEventListener("pointerup", (event) => {
    if (!from) return;
    const drawn = box(event);
    from = null;
    if (drawn[2] >= LEAST && drawn[3] >= LEAST) written.value = [...boxes(), drawn].map((one) => one.join(",")).join("\n");
    show();
  });
  room.addEventListener("pointercancel", () => {
    from = null;
    show();
  });
  undo.addEventListener("click", () => {
    written.value = boxes().slice(0, -1).map((one) => one.join(",")).join("\n");
    show();
  });
  written.addEventListener("input", () => show());
  show();
}
