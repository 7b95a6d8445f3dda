// Boxes and labels over a picture: as SVG, which is sharp at any size, or painted into a picture to save.
// Lengths are pixels of the frame; `scale` is how many of the screen one of them is.

import { colourOf, inkOn, isUncertain } from "./colours.js";
import { pointable } from "./pointing.js";

const SVG = "http://www.w3.org/2000/svg";
const FONT = "system-ui, sans-serif";
const REFERENCE_PX = 540;     // of height: there lines are 2 px wide and letters 14 high, as in the server's pictures
const LEAST_LETTERS_PX = 12;  // of the screen
const WIDER = 1.25;           // than its box a label may be so many times
const PADDING = 0.35;         // of the letters
const HALO_COLOUR = "#181818";

const widths = new Map();     // of texts, in their letters' size
const drawn = new WeakMap();  // by SVG, its marks by number

// Shows the faces of a frame, {width, height, faces}, and no others.
export function drawMarks(svg, frame, source, scale) {
  if (!drawn.has(svg)) drawn.set(svg, new Map());
  const marks = drawn.get(svg);
  const faces = frame && scale > 0 ? frame.faces : [];
  for (const [number, { node }] of marks) {
    if (faces.some(({ track_id: wanted }) => wanted === number)) continue;
    node.remove();
    marks.delete(number);
  }
  if (faces.length === 0) return;
  set(svg, { viewBox: `0 0 ${frame.width} ${frame.height}` });
  svg.style.setProperty("--line", `${Math.max(1.5, thickness(frame, scale))}px`);
  for (const face of faces) {
    const number = face.track_id;
    if (!marks.has(number)) marks.set(number, newMark(svg, source, number));
    place(marks.get(number), layOut(face, frame, scale));
  }
}

// Paints the same into a picture of the frame's own size.
export function paintMarks(context, frame) {
  const line = Math.max(1, thickness(frame, 1));
  const laid = frame.faces.map((face) => layOut(face, frame, 1));
  for (const { box, colour, dashed } of laid) {
    context.setLineDash([]);
    outline(context, box, HALO_COLOUR, line + 2);
    if (dashed) context.setLineDash([5 * line, 5 * line]);
    outline(context, box, colour, line);
  }
  for (const { bar, text, letters, colour } of laid) {
    context.fillStyle = colour;
    context.fillRect(bar.x, bar.y, bar.w, bar.h);
    context.fillStyle = inkOn(colour);
    context.font = `600 ${letters}px ${FONT}`;
    context.textBaseline = "middle";
    context.fillText(text, bar.x + PADDING * letters, bar.y + bar.h / 2);
  }
}

function outline(context, { x, y, w, h }, colour, line) {
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(x, y, w, h);
}

const thickness = ({ width, height }, scale) => (2 * scale * Math.min(height, width * 0.75)) / REFERENCE_PX;

// The label stands over the box, or inside where there is no room; it says what fits.
function layOut(face, frame, scale) {
  const { box } = face;
  const room = Math.max(0, WIDER * box.w - 2 * PADDING * LEAST_LETTERS_PX / scale);
  const wanted = Math.max(LEAST_LETTERS_PX / scale, 7 * thickness(frame, 1));
  const text = texts(face).find((one) => widthOf(one) * LEAST_LETTERS_PX / scale <= room) ?? String(face.track_id);
  const letters = Math.max(LEAST_LETTERS_PX / scale, Math.min(wanted, room / widthOf(text)));
  const bar = { w: (widthOf(text) + 2 * PADDING) * letters, h: 1.5 * letters };
  bar.x = Math.max(0, Math.min(box.x, frame.width - bar.w));
  bar.y = Math.max(0, Math.min(box.y < bar.h ? box.y : box.y - bar.h, frame.height - bar.h));
  return { box, bar, text, letters, colour: colourOf(face.label), dashed: isUncertain(face.label) };
}

// What a label may say, the longest first.
function texts({ track_id: number, label, confidence }) {
  if (!label) return [];
  const named = `${number} ${label}`;
  return confidence === null ? [named] : [`${named} ${Math.round(confidence * 100)} %`, named];
}

function widthOf(text) {
  if (!widths.has(text)) {
    if (widths.size > 2000) widths.clear();
    const context = document.createElement("canvas").getContext("2d");
    context.font = `600 100px ${FONT}`;
    widths.set(text, context.measureText(text).width / 100);
  }
  return widths.get(text);
}

function newMark(svg, source, number) {
  const made = (name, className) => {
    const node = document.createElementNS(SVG, name);
    node.setAttribute("class", className);
    return node;
  };
  const mark = {
    node: made("g", "mark"), halo: made("rect", "halo"), outline: made("rect", "outline"),
    bar: made("rect", "bar"), text: made("text", "text"),
  };
  mark.node.append(mark.halo, mark.outline, mark.bar, mark.text);
  pointable(mark.node, source, number);
  svg.append(mark.node);
  return mark;
}

function place(mark, { box, bar, text, letters, colour, dashed }) {
  const sides = ({ x, y, w, h }) => ({ x, y, width: w, height: h });
  set(mark.halo, sides(box));
  set(mark.outline, { ...sides(box), stroke: colour });
  mark.outline.classList.toggle("dashed", dashed);
  set(mark.bar, { ...sides(bar), fill: colour });
  set(mark.text, { x: bar.x + PADDING * letters, y: bar.y + bar.h / 2, "font-size": letters, fill: inkOn(colour) });
  if (mark.text.textContent !== text) mark.text.textContent = text;
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}
