// Expressions over time: a strip for one face, lanes for the whole scene.

import { colourOf, inkOn, isUncertain, paintSwatch, stripes } from "./colours.js";
import { byId, element, paper, percent, write } from "./dom.js";
import { FEW_LANES, pack } from "./lanes.js";
import { KEPT_S } from "./memory.js";
import { markMoment, setUpMoment } from "./moment.js";

export const STRIP_S = 60;
const LEAST_S = 60;
const LANE_REM = 1.125;
const NAME_SIZE = 0.6;  // of a lane's height

let showsAll = false;   // of the lanes
let scene = null;       // what is drawn
let begun = Infinity;   // the oldest moment that there ever was

export function setUpTimeline() {
  setUpMoment(() => { if (scene) drawLanes(); });
  byId("all-lanes").addEventListener("click", () => {
    showsAll = !showsAll;
    if (scene) showLanes();
  });
}

export function drawStrip(canvas, stretches, now) {
  const { context, width, height } = paper(canvas);
  paint(context, stretches, now - STRIP_S, now, { left: 0, top: 0, width, height });
  const last = stretches.at(-1);
  canvas.setAttribute("aria-label", `last ${STRIP_S} seconds${last ? `, now ${last.label}` : ""}`);
}

// Begins with a minute and grows with what is remembered. Stays, once it is shown, where it is.
export function drawScene(memory, cameras) {
  if (cameras.length === 0) return;
  const now = memory.now;
  begun = Math.min(begun, memory.oldest(cameras) ?? now);
  const from = Math.max(now - KEPT_S, Math.min(now - LEAST_S, begun));
  const faces = cameras.flatMap((camera) => [...memory.stretches(camera, from)].map(([track, stretches]) => (
    { key: `${track} ${camera}`, name: cameras.length > 1 ? `${camera} ${track}` : String(track), stretches }
  )));
  scene = { faces, from, to: now, lanes: pack(faces) };
  byId("timeline").hidden = false;
  const shares = cameras.map((camera) => memory.shares(camera, from));
  showShares(shares.length === 1 ? shares[0] : []);
  write(byId("since"), ago(now - from));
  showLanes();
}

function ago(seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
  return `${minutes} min${rest ? ` ${rest} s` : ""} ago`;
}

function showLanes() {
  const { faces, lanes } = scene;
  const more = lanes.slice(FEW_LANES).flat().length;
  scene.shown = showsAll ? lanes : lanes.slice(0, FEW_LANES);
  const button = byId("all-lanes");
  button.hidden = more === 0;
  button.setAttribute("aria-expanded", String(showsAll));
  write(button, showsAll ? "Show fewer" : `+${more} more`);
  const canvas = byId("lanes");
  canvas.style.height = `${Math.max(1, scene.shown.length) * LANE_REM}rem`;
  const many = faces.length === 1 ? "1 face" : `${faces.length} faces`;
  canvas.setAttribute("aria-label", `Timeline, ${many}${more && !showsAll ? `, ${more} of them not shown` : ""}`);
  drawLanes();
}

function drawLanes() {
  const { shown, from, to } = scene;
  const { context, width, height } = paper(byId("lanes"));
  const lanePx = height / Math.max(1, shown.length);
  context.font = `${NAME_SIZE * lanePx}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  shown.forEach((lane, at) => {
    const area = { left: 0, top: at * lanePx + 2, width, height: lanePx - 4 };
    for (const { name, stretches } of lane) {
      paint(context, stretches, from, to, area);
      writeName(context, name, stretches, (at) => Math.max(0, (width * (at - from)) / (to - from)), area);
    }
  });
  markMoment(scene, { context, width, height, lanePx });
}

function writeName(context, name, stretches, x, area) {
  const left = x(stretches[0].from);
  const { width } = context.measureText(name);
  if (x(stretches.at(-1).to) - left < width + 8) return;  // no room for it
  const under = stretches.findLast((stretch) => x(stretch.from) <= left + 4 + width / 2);
  context.fillStyle = inkOn(colourOf(under.label));
  context.fillText(name, left + 4, area.top + area.height / 2);
}

function showShares(shares) {
  byId("shares").replaceChildren(...shares.filter(({ share }) => share >= 0.005).map(({ label, share }) => {
    const item = element("li");
    const swatch = element("span", "swatch");
    paintSwatch(swatch, label);
    item.append(swatch, element("span", "", `${label} ${percent(share)}`));
    return item;
  }));
}

function paint(context, stretches, from, to, area) {
  const x = (at) => area.left + area.width * Math.max(0, Math.min(1, (at - from) / (to - from)));
  for (const stretch of stretches) {
    context.fillStyle = isUncertain(stretch.label) ? stripes() : colourOf(stretch.label);
    const left = x(stretch.from);
    context.fillRect(left, area.top, Math.max(1, x(stretch.to) - left), area.height);
  }
}
