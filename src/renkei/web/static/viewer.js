// The viewer: no menus that save, and a word where a film does not play on this device.
const main = document.querySelector(".viewer-main");
for (const kind of ["contextmenu", "dragstart"]) {
  main.addEventListener(kind, (event) => event.target.closest("img, video") && event.preventDefault());
}
const video = main.querySelector("video");
if (video) {
  const word = main.querySelector("[data-unplayable]");
  const tell = () => {
    word.hidden = false;
    video.hidden = true;
  };
  const hevc = video.dataset.codec === "hevc";
  if (hevc && !video.canPlayType('video/mp4; codecs="hvc1.1.6.L93.B0"')) tell();
  video.addEventListener("error", tell);
}
