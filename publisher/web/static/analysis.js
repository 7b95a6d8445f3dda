// Images that are dropped on the page or chosen: sent through the pipeline, drawn with their faces.

import { bars, fillBars, poseText } from "./faces.js";
import { byId, element, percent } from "./dom.js";
import { inkOn } from "./timeline.js";

const WIDEST_PX = 1280;
const LINE_SHARE = 0.004;  // of the picture's larger side

// Colours are looked up as late as they are needed: images may come before the first status.
export function takeImages(colourOf) {
  const input = byId("images");
  input.addEventListener("change", () => {
    analyseAll([...input.files], colourOf);
    input.value = "";
  });
  const isFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  for (const kind of ["dragenter", "dragover"]) {
    addEventListener(kind, (event) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      document.body.classList.add("dropping");
    });
  }
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!isFiles(event)) return;
    event.preventDefault();
    analyseAll([...event.dataTransfer.files], colourOf);
  });
  byId("close-analysis").addEventListener("click", () => {
    byId("analysed").replaceChildren();
    byId("analysis").hidden = true;
    byId("images").focus();
  });
}

async function analyseAll(files, colourOf) {
  if (files.length === 0) return;
  byId("analysis").hidden = false;
  byId("analysis").scrollIntoView({ block: "nearest" });
  const entries = files.map((file) => {
    const entry = element("article", "analysed");
    entry.append(element("h3", "", file.name), element("p", "quiet", "analysing …"));
    return entry;
  });
  byId("analysed").prepend(...entries);
  for (const [at, file] of files.entries()) await analyse(file, entries[at], colourOf);  // in turn: each may be large
}

async function analyse(file, entry, colourOf) {
  const words = entry.querySelector("p");
  try {
    const form = new FormData();
    form.append("image", file);
    const answer = await fetch("api/analyze", { method: "POST", body: form, headers: { Accept: "application/json" } });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    const { faces } = told.images[0];
    words.textContent = faces.length === 1 ? "1 face" : `${faces.length || "no"} faces`;
    entry.append(await drawMarked(file, faces, colourOf), list(faces, colourOf));
  } catch (error) {
    words.className = "bad";
    words.textContent = error instanceof TypeError ? "The publisher does not answer." : error.message;
  }
}

async function drawMarked(file, faces, colourOf) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, WIDEST_PX / Math.max(picture.width, picture.height));
  const canvas = element("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${file.name} with ${faces.length} faces marked`);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const line = Math.max(2, Math.max(canvas.width, canvas.height) * LINE_SHARE);
  context.lineWidth = line;
  context.font = `600 ${Math.round(line * 5)}px system-ui, sans-serif`;
  faces.forEach(({ box, label }, at) => {
    const [x, y, w, h] = [box.x, box.y, box.w, box.h].map((value) => value * scale);
    context.strokeStyle = context.fillStyle = colourOf(label);
    context.strokeRect(x, y, w, h);
    context.fillRect(x, y, line * 7, line * 7);
    context.fillStyle = inkOn(colourOf(label));
    context.fillText(String(at + 1), x + line * 1.5, y + line * 5.5);
  });
  return canvas;
}

function list(faces, colourOf) {
  const box = element("div", "analysed-faces");
  box.append(...faces.map((face, at) => {
    const part = element("section", "face");
    const head = element("h4");
    const swatch = element("span", "swatch");
    swatch.style.backgroundColor = colourOf(face.label);
    const sure = face.confidence === null ? "" : ` ${percent(face.confidence)}`;
    head.append(swatch, `${at + 1}: ${face.label}${sure}`);
    part.append(head);
    if (face.probabilities) {
      const rows = element("ul", "bars");
      rows.append(...bars(Object.keys(face.probabilities), colourOf));
      fillBars(rows, face.probabilities, face.label);
      part.append(rows);
    }
    const pose = poseText(face);
    if (pose) part.append(element("p", "pose", pose));
    return part;
  }));
  return box;
}
