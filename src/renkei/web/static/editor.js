// A picture before it goes: blurred where a finger passes, with arrows. What leaves this device is what
// is seen here, drawn anew: without place and camera, and nothing of what was painted over.
const dialog = document.querySelector("#editor");
const most = 3000; // pixels of the longer side
const kinds = ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"];

export function ready(file) {
  return Boolean(dialog) && kinds.includes(file.type);
}

// The picture to send; null if it is not to go. What this browser cannot open goes as it is, to be
// opened by the server: nothing can be painted over then.
export async function edit(file, number, of) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file;
  }
  const scale = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  const canvas = dialog.querySelector("[data-canvas]");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const base = copy(canvas.width, canvas.height);
  base.fillStyle = "#fff";
  base.fillRect(0, 0, canvas.width, canvas.height);
  base.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blurred = coarse(base.canvas);
  const pen = canvas.getContext("2d");
  const deeds = [];
  const unit = Math.max(canvas.width, canvas.height);

  const title = dialog.querySelector("[data-title]");
  title.textContent = title.dataset.words.replace("{n}", number).replace("{m}", of);
  const done = dialog.querySelector("[data-done]");
  const asItIs = (done.dataset.plain ??= done.textContent);
  const undo = dialog.querySelector("[data-undo]");

  function draw() {
    pen.drawImage(base.canvas, 0, 0);
    for (const deed of deeds) deed.tool === "blur" ? blur(deed.points, 0) : arrow(deed.points);
    undo.disabled = !deeds.length;
    done.textContent = deeds.length ? done.dataset.wordsChanged : asItIs;
  }
  function blur(points, from) {
    pen.save();
    pen.beginPath();
    for (const [x, y] of points.slice(from)) {
      pen.moveTo(x + unit / 28, y);
      pen.arc(x, y, unit / 28, 0, 7);
    }
    pen.clip();
    pen.drawImage(blurred, 0, 0);
    pen.restore();
  }
  function arrow(points) {
    const [[x, y], [u, v]] = [points[0], points.at(-1)];
    const angle = Math.atan2(v - y, u - x);
    const head = unit / 26;
    if (Math.hypot(u - x, v - y) < head / 2) return;
    for (const [colour, width] of [["#fff", unit / 90], ["#d3281e", unit / 150]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.lineCap = pen.lineJoin = "round";
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(u, v);
      for (const turn of [2.6, -2.6]) {
        pen.moveTo(u, v);
        pen.lineTo(u + head * Math.cos(angle + turn), v + head * Math.sin(angle + turn));
      }
      pen.stroke();
    }
  }

  const listening = new AbortController();
  const on = (target, kind, act) => target.addEventListener(kind, act, { signal: listening.signal });
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
  };
  let deed = null;
  on(canvas, "pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    deed = { tool: dialog.querySelector("[name=tool]:checked").value, points: [place(event)] };
    deeds.push(deed);
    draw();
  });
  on(canvas, "pointermove", (event) => {
    if (!deed) return;
    const [x, y] = deed.points.at(-1);
    const [u, v] = place(event);
    const steps = Math.max(1, Math.ceil(Math.hypot(u - x, v - y) / (unit / 60))); // no gaps where a finger is quick
    for (let n = 1; n <= steps; n += 1) deed.points.push([x + ((u - x) * n) / steps, y + ((v - y) * n) / steps]);
    if (deed.tool === "blur") blur(deed.points, deed.points.length - steps - 1);
    else draw();
  });
  for (const kind of ["pointerup", "pointercancel"]) on(canvas, kind, () => (deed = null));
  on(undo, "click", () => {
    deeds.pop();
    draw();
  });

  draw();
  dialog.showModal();
  done.focus();
  return new Promise((resolve) => {
    let result = null;
    on(dialog.querySelector("[data-cancel]"), "click", () => dialog.close());
    on(done, "click", () => canvas.toBlob((blob) => {
      result = blob;
      dialog.close();
    }, "image/jpeg", 0.86));
    on(dialog, "close", () => {
      listening.abort();
      canvas.width = canvas.height = 1; // nothing of it stays in memory
      resolve(result);
    });
  });
}

function copy(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext("2d");
}

// The same picture of squares so large that nobody is known by them: some forty across its longer side.
function coarse(source) {
  const scale = 40 / Math.max(source.width, source.height);
  const small = copy(Math.max(1, Math.round(source.width * scale)), Math.max(1, Math.round(source.height * scale)));
  small.imageSmoothingQuality = "high";
  small.drawImage(source, 0, 0, small.canvas.width, small.canvas.height);
  const large = copy(source.width, source.height);
  large.imageSmoothingEnabled = false;
  large.drawImage(small.canvas, 0, 0, source.width, source.height);
  return large.canvas;
}
