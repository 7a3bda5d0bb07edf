// Covering by hand: what is drawn is written as numbers, and the server draws it anew. In pictures that
// follow one another a place stays from where it was drawn on, and goes straight to where it is moved.
const WHOLE = 1000;
const LEAST = 5;

for (const field of document.querySelectorAll("[data-cover]")) {
  const room = field.querySelector("[data-room]");
  const picture = room.querySelector("img");
  const written = field.querySelector("[data-boxes]");
  const undo = field.querySelector("[data-undo]");
  const count = Number(field.dataset.frames ?? 0); // 0: one picture alone
  const last = count || 1;
  let now = 1;
  let places = []; // each a Map: where it was drawn or moved to, by picture; null where it is gone
  let held = null;

  // ── Where a place lies in each picture ────────────────────────────────────────────────────────
  function lies(place, at) {
    if (place.has(at)) return place.get(at);
    const before = Math.max(...[...place.keys()].filter((n) => n < at));
    if (!Number.isFinite(before) || !place.get(before)) return null;
    const after = Math.min(...[...place.keys()].filter((n) => n > at));
    const [from, to] = [place.get(before), place.get(after)];
    if (!to) return from;
    return from.map((n, side) => Math.round(n + ((to[side] - n) * (at - before)) / (after - before)));
  }
  function read() {
    places = [];
    const rows = written.value.split(/\s+/).filter(Boolean);
    const nth = {};
    for (const row of rows) {
      const found = row.match(/^(?:(\d+):)?(\d+),(\d+),(\d+),(\d+)$/);
      if (!found || Boolean(found[1]) !== Boolean(count)) continue;
      const at = Number(found[1] ?? 1);
      const number = (nth[at] = (nth[at] ?? -1) + 1);
      (places[number] ??= new Map()).set(at, found.slice(2).map(Number));
    }
    for (const place of places) {
      for (let at = 2; at <= last; at += 1) if (!place.has(at) && place.has(at - 1) && place.get(at - 1)) place.set(at, null);
    }
  }
  function write() {
    const rows = [];
    for (let at = 1; at <= last; at += 1) {
      for (const place of places) {
        const box = lies(place, at);
        if (box) rows.push((count ? `${at}:` : "") + box.join(","));
      }
    }
    written.value = rows.join("\n");
    field.toggleAttribute("data-stale", true); // what the server showed is of other places
    show();
  }
  function show(more) {
    room.querySelectorAll("i").forEach((one) => one.remove());
    const here = places.map((place) => lies(place, now)).filter(Boolean);
    for (const box of more ? [...here, more] : here) {
      const mark = document.createElement("i");
      const [left, top, width, height] = box.map((n) => `${(n * 100) / WHOLE}%`);
      Object.assign(mark.style, { left, top, width, height });
      room.append(mark);
    }
    undo.hidden = !places.length;
    if (count) showWhere();
  }

  // ── Drawing and moving ────────────────────────────────────────────────────────────────────────
  function at(event) {
    const whole = room.getBoundingClientRect();
    const within = (n) => Math.min(WHOLE, Math.max(0, Math.round(n * WHOLE)));
    return [within((event.clientX - whole.left) / whole.width), within((event.clientY - whole.top) / whole.height)];
  }
  function taken([x, y]) {
    const over = (box) => box && x >= box[0] && x <= box[0] + box[2] && y >= box[1] && y <= box[1] + box[3];
    return count ? places.findLast((place) => over(lies(place, now))) : null;
  }
  function drawn(event) {
    const to = at(event);
    if (held.place) {
      const [left, top, wide, high] = held.box;
      const go = (n, side, size) => Math.min(WHOLE - size, Math.max(0, n + to[side] - held.from[side]));
      return [go(left, 0, wide), go(top, 1, high), wide, high];
    }
    const [left, top] = [0, 1].map((n) => Math.min(held.from[n], to[n]));
    return [left, top, Math.abs(held.from[0] - to[0]), Math.abs(held.from[1] - to[1])];
  }
  room.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    room.setPointerCapture(event.pointerId);
    const place = taken(at(event));
    held = { from: at(event), place, box: place && lies(place, now) };
  });
  room.addEventListener("pointermove", (event) => {
    if (!held) return;
    const box = drawn(event);
    if (held.place) held.place.set(now, box);
    show(held.place ? null : box);
  });
  room.addEventListener("pointerup", (event) => {
    if (!held) return;
    const box = drawn(event);
    if (held.place) held.place.set(now, box);
    else if (box[2] >= LEAST && box[3] >= LEAST) places.push(new Map([[now, box]]));
    held = null;
    write();
  });
  room.addEventListener("pointercancel", () => {
    if (held?.place) held.place.set(now, held.box);
    held = null;
    show();
  });
  undo.addEventListener("click", () => {
    places.pop();
    write();
  });
  written.addEventListener("input", () => {
    read();
    field.toggleAttribute("data-stale", true);
    show();
  });
  field.querySelector("[data-nobody]")?.addEventListener("change", () => field.toggleAttribute("data-stale", true));

  // ── Pictures that follow one another ──────────────────────────────────────────────────────────
  const slider = field.querySelector("[data-at]");
  const pictures = new Map();
  let playing = null;
  function showWhere() {
    slider.value = now;
    field.querySelector("[data-where]").textContent = `${now} / ${last}`;
    let open = 0;
    for (let n = 1; n <= last; n += 1) open += places.some((place) => lies(place, n)) ? 0 : 1;
    const left = field.querySelector("[data-open]");
    left.hidden = !open;
    left.textContent = `${left.dataset.words} ${open}`;
  }
  async function fetched(n) {
    if (!pictures.has(n)) {
      pictures.set(n, fetch(picture.dataset.source.replace(/\d+$/, n), { cache: "no-store" }).then(async (answer) => {
        if (!answer.ok) throw new Error("no picture");
        return URL.createObjectURL(await answer.blob());
      }));
      pictures.get(n).catch(() => pictures.delete(n));
    }
    return pictures.get(n);
  }
  async function go(n) {
    now = Math.min(last, Math.max(1, n));
    const wanted = now;
    show();
    const address = await fetched(wanted).catch(() => null);
    if (address && wanted === now) picture.src = address;
    if (now < last) fetched(now + 1).catch(() => {});
  }
  function stop() {
    clearInterval(playing);
    playing = null;
    field.querySelector("[data-play]")?.removeAttribute("aria-pressed");
  }
  if (count) {
    slider.addEventListener("input", () => (stop(), go(Number(slider.value))));
    for (const step of field.querySelectorAll("[data-step]")) step.addEventListener("click", () => (stop(), go(now + Number(step.dataset.step))));
    field.querySelector("[data-play]").addEventListener("click", (event) => {
      if (playing) return stop();
      event.currentTarget.setAttribute("aria-pressed", "true");
      playing = setInterval(() => go(now === last ? 1 : now + 1), 1000 / Number(field.dataset.pace));
    });
    addEventListener("pagehide", stop);
  }
  read();
  show();
}
