// Expressions over time: a strip for one face, lanes for the whole scene.

import { byId, element, paper, percent } from "./dom.js";
import { KEPT_S } from "./memory.js";

export const STRIP_S = 60;
const MOST_LANES = 8;
const LANE_REM = 1.125;
const NAME_SIZE = 0.6;  // of a lane's height
const APART_S = 1;      // between two faces in one lane

export function drawStrip(canvas, stretches, now, colourOf) {
  const { context, width, height } = paper(canvas);
  paint(context, stretches, now - STRIP_S, now, { left: 0, top: 0, width, height }, colourOf);
  const last = stretches.at(-1);
  canvas.setAttribute("aria-label", `last ${STRIP_S} seconds${last ? `, now ${last.label}` : ""}`);
}

// Faces that come one after another share a lane.
export function drawScene(memory, cameras, colourOf) {
  const now = memory.now;
  const from = now - KEPT_S;
  const faces = cameras.flatMap((camera) => [...memory.stretches(camera, from)].map(
    ([track, stretches]) => ({ name: cameras.length > 1 ? `${camera} ${track}` : String(track), stretches }),
  ));
  const lanes = pack(faces);
  byId("timeline").hidden = lanes.length === 0;
  if (lanes.length === 0) return;
  const canvas = byId("lanes");
  canvas.style.height = `${lanes.length * LANE_REM}rem`;
  const { context, width, height } = paper(canvas);
  const lanePx = height / lanes.length;
  context.font = `${NAME_SIZE * lanePx}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  lanes.forEach((lane, at) => {
    const area = { left: 0, top: at * lanePx + 2, width, height: lanePx - 4 };
    for (const { name, stretches } of lane) {
      paint(context, stretches, from, now, area, colourOf);
      const x = (at) => Math.max(0, (width * (at - from)) / KEPT_S);
      const left = x(stretches[0].from);
      const { width: nameWidth } = context.measureText(name);
      if (x(stretches.at(-1).to) - left < nameWidth + 8) continue;  // no room for it
      const under = stretches.findLast((stretch) => x(stretch.from) <= left + 4 + nameWidth / 2);
      context.fillStyle = inkOn(colourOf(under.label));
      context.fillText(name, left + 4, area.top + area.height / 2);
    }
  });
  const shares = cameras.map((camera) => memory.shares(camera, from));
  showShares(shares.length === 1 ? shares[0] : [], colourOf);
  canvas.setAttribute("aria-label", `${faces.length} faces in the last 5 minutes`);
}

// Puts each face into the first lane that is free by then; what finds none is left out.
function pack(faces) {
  const lanes = [];
  for (const face of faces.sort((a, b) => a.stretches[0].from - b.stretches[0].from)) {
    const start = face.stretches[0].from - APART_S;
    const lane = lanes.find((taken) => taken.at(-1).stretches.at(-1).to <= start);
    if (lane) lane.push(face);
    else if (lanes.length < MOST_LANES) lanes.push([face]);
  }
  return lanes;
}

// Black or white, whichever reads better (ITU-R BT.601 luma).
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 125 ? "#000" : "#fff";
}

function showShares(shares, colourOf) {
  byId("shares").replaceChildren(...shares.filter(({ share }) => share >= 0.005).map(({ label, share }) => {
    const item = element("li");
    const swatch = element("span", "swatch");
    swatch.style.backgroundColor = colourOf(label);
    item.append(swatch, element("span", "", `${label} ${percent(share)}`));
    return item;
  }));
}

function paint(context, stretches, from, to, area, colourOf) {
  const x = (at) => area.left + area.width * Math.max(0, Math.min(1, (at - from) / (to - from)));
  for (const stretch of stretches) {
    context.fillStyle = colourOf(stretch.label);
    const left = x(stretch.from);
    context.fillRect(left, area.top, Math.max(1, x(stretch.to) - left), area.height);
  }
}
