// Images that are dropped on the page or chosen: sent through the pipeline, shown with their faces.

import { downloads } from "./analysis_files.js";
import { byId, element, percent } from "./dom.js";
import { bars, fillBars, paintNumber, poseText } from "./faces.js";
import { drawMarks } from "./marks.js";
import { pointable } from "./pointing.js";

const WIDEST_PX = 1280;

let analysed = 0;

export function takeImages() {
  const input = byId("images");
  input.addEventListener("change", () => {
    analyseAll([...input.files]);
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
    analyseAll([...event.dataTransfer.files]);
  });
  byId("close-analysis").addEventListener("click", () => {
    byId("analysed").replaceChildren();
    byId("analysis").hidden = true;
    byId("images").focus();
  });
}

async function analyseAll(files) {
  if (files.length === 0) return;
  byId("analysis").hidden = false;
  say(`Analysing ${files.map(({ name }) => name).join(", ")}`);
  const entries = files.map((file) => {
    const entry = element("article", "analysed");
    entry.append(element("h3", "", file.name), element("p", "quiet", "analysing …"));
    return entry;
  });
  byId("analysed").prepend(...entries);
  bringIntoView(entries[0]);
  for (const [at, file] of files.entries()) {  // in turn: each may be large
    await analyse(file, entries[at]);
    if (at === 0) bringIntoView(entries[0]);  // only this one: the others would tear away whoever reads it
  }
}

// Only scrolls: the focus stays where it is.
function bringIntoView(entry) {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  entry.scrollIntoView({ block: "start", behavior: isCalm ? "instant" : "smooth" });
}

// For screen readers.
function say(text) {
  byId("said").textContent = text;
}

async function analyse(file, entry) {
  const words = entry.querySelector("p");
  try {
    const form = new FormData();
    form.append("image", file);
    const answer = await fetch("api/analyze", { method: "POST", body: form, headers: { Accept: "application/json" } });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    const [image] = told.images;
    analysed += 1;
    const frame = { ...image, faces: image.faces.map((face, at) => ({ ...face, track_id: at + 1 })) };
    const { length } = frame.faces;
    const result = element("div", "result");
    const source = `/image/${analysed}`;  // no camera's name has a slash
    result.append(await marked(file, frame, source), list(frame.faces, source));
    words.textContent = length === 1 ? "1 face" : `${length || "no"} faces`;
    entry.append(downloads(file, image, frame), result);
    say(`${file.name}: ${words.textContent}. ${frame.faces.map((face) => named(face)).join(", ")}`);
  } catch (error) {
    words.className = "bad";
    words.textContent = error instanceof TypeError ? "The publisher does not answer." : error.message;
    say(`${file.name}: ${words.textContent}`);
  }
}

const named = ({ track_id: number, label, confidence }) =>
  `${number}: ${label}${confidence === null ? "" : ` ${percent(confidence)}`}`;

// The image, and its boxes over it.
async function marked(file, frame, source) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, WIDEST_PX / Math.max(picture.width, picture.height));
  const node = element("figure", "pictured");
  const canvas = element("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${file.name}, faces marked`);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const marks = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  marks.setAttribute("class", "marks");
  marks.setAttribute("aria-hidden", "true");  // the list says the same
  node.append(canvas, marks);
  new ResizeObserver(() => drawMarks(marks, frame, source, canvas.clientWidth / frame.width)).observe(canvas);
  return node;
}

function list(faces, source) {
  const box = element("div", "analysed-faces");
  box.append(...faces.map((face) => {
    const part = element("section", "face");
    part.tabIndex = -1;  // for a finger: there may be many
    pointable(part, source, face.track_id);
    const head = element("h4");
    const number = element("span", "number", String(face.track_id));
    paintNumber(number, face.label);
    const sure = face.confidence === null ? "" : ` ${percent(face.confidence)}`;
    head.append(number, ` ${face.label}${sure}`);
    part.append(head);
    if (face.probabilities) {
      const rows = element("ul", "bars");
      rows.append(...bars(Object.keys(face.probabilities)));
      fillBars(rows, face.probabilities, face.label);
      part.append(rows);
    }
    const pose = poseText(face);
    if (pose) part.append(element("p", "pose", pose));
    return part;
  }));
  return box;
}
