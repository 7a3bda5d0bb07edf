// A signature drawn by finger, pen or mouse. What is sent are points in whole numbers on a field
// three times as wide as high; the server draws them again.
const SIDE = 1000;
const MOST = 5500;

for (const box of document.querySelectorAll("[data-sign]")) {
  const pad = box.querySelector(".signature-pad");
  const canvas = box.querySelector("canvas");
  const field = box.querySelector("input[name=drawing]");
  const paint = canvas.getContext("2d");
  let strokes = [];
  let now = null;
  try {
    strokes = JSON.parse(field.value || "[]");
  } catch {
    strokes = [];
  }
  if (!Array.isArray(strokes)) strokes = [];
  pad.hidden = false;

  const points = () => strokes.reduce((sum, one) => sum + one.length, 0);

  function draw() {
    const { clientWidth: wide, clientHeight: high } = canvas;
    if (!wide) return;
    const dense = devicePixelRatio || 1;
    canvas.width = wide * dense;
    canvas.height = high * dense;
    paint.scale((wide * dense) / (3 * SIDE), (high * dense) / SIDE);
    paint.lineWidth = 18;
    paint.lineCap = paint.lineJoin = "round";
    paint.strokeStyle = getComputedStyle(canvas).color;
    for (const stroke of strokes) {
      paint.beginPath();
      paint.moveTo(...stroke[0]);
      for (const point of stroke.length > 1 ? stroke : [...stroke, ...stroke]) paint.lineTo(...point);
      paint.stroke();
    }
  }

  function place(event) {
    const area = canvas.getBoundingClientRect();
    const x = Math.round(((event.clientX - area.left) / area.width) * 3 * SIDE);
    const y = Math.round(((event.clientY - area.top) / area.height) * SIDE);
    return [Math.min(3 * SIDE, Math.max(0, x)), Math.min(SIDE, Math.max(0, y))];
  }

  function keep() {
    field.value = strokes.length ? JSON.stringify(strokes) : "";
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || points() > MOST || strokes.length > 190) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    now = [place(event)];
    strokes.push(now);
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!now || points() > MOST) return;
    const [x, y] = place(event);
    const [lastX, lastY] = now[now.length - 1];
    if (Math.abs(x - lastX) + Math.abs(y - lastY) < 8) return;
    now.push([x, y]);
    draw();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => {
      now = null;
      keep();
    });
  }
  box.querySelector("[data-clear]").addEventListener("click", () => {
    strokes = [];
    keep();
    draw();
  });
  new ResizeObserver(draw).observe(canvas);
  draw();
}
