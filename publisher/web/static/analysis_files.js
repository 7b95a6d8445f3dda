// The result of an analysed image as files to keep.

import { labels } from "./colours.js";
import { element } from "./dom.js";
import { paintMarks } from "./marks.js";
import { jpegOf, save } from "./saving.js";

const WIDEST_PX = 4096;  // a canvas of more pixels is refused by some browsers
const BOX = ["x", "y", "w", "h"];
const POSE = ["roll_deg", "yaw_deg", "pitch_deg"];

// Returns the buttons. `image` is the server's answer, `frame` the same with numbered faces.
export function downloads(file, image, frame) {
  const stem = file.name.replace(/\.[^.]*$/, "");
  const makers = {
    JSON: async () => save(new Blob([`${JSON.stringify(image, null, 2)}\n`], { type: "application/json" }), `${stem}.json`),
    CSV: async () => save(new Blob([csvOf(frame)], { type: "text/csv" }), `${stem}.csv`),
    Picture: async () => save(await jpegOf(await painted(file, frame)), `${stem}-faces.jpg`),
  };
  const line = element("p", "downloads", "Save as ");
  line.append(...Object.entries(makers).map(([name, make]) => {
    const button = element("button", "", name);
    button.type = "button";
    button.addEventListener("click", make);
    return button;
  }));
  return line;
}

// One row a face; an image without any has one row, as records of a frame have. Names are those of records.
function csvOf({ name, width, height, faces }) {
  const columns = ["source", "width", "height", "face", ...BOX, ...labels(), "label", "confidence", ...POSE];
  const rows = (faces.length ? faces : [{}]).map((face) => [
    name, width, height, face.track_id,
    ...BOX.map((side) => face.box?.[side]),
    ...labels().map((label) => face.probabilities?.[label]),
    face.label, face.confidence, ...POSE.map((angle) => face[angle]),
  ]);
  return [columns, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function cell(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function painted(file, frame) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, WIDEST_PX / Math.max(picture.width, picture.height));
  const canvas = element("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext("2d");
  context.scale(canvas.width / frame.width, canvas.height / frame.height);
  context.drawImage(picture, 0, 0, frame.width, frame.height);
  picture.close();
  paintMarks(context, frame);
  return canvas;
}
