// What the timeline tells of one moment: under the pointer, where it was clicked or tapped, or where
// the arrow keys have led.

import { byId, clock, write } from "./dom.js";

const STEP_S = 1;
const LEAP_S = 10;
const NEAR_PX = 3;  // a face that is shown for a moment is narrower than a pointer is sure

let hover = null;   // {x, y} of the pointer, in CSS pixels of the canvas
let pinned = null;  // {at, lane}
let drawn = null;   // the scene, and its size

export function setUpMoment(redraw) {
  const canvas = byId("lanes");
  const place = ({ offsetX, offsetY }) => ({ x: offsetX, y: offsetY });
  const change = (act) => (event) => { act(event); redraw(); };
  canvas.addEventListener("pointermove", change((event) => { hover = place(event); }));
  canvas.addEventListener("pointerleave", change(() => { hover = null; }));
  canvas.addEventListener("click", change((event) => {
    if (!drawn) return;
    const moment = momentAt(place(event));
    pinned = faceAt(moment) ? moment : null;
    tell();
  }));
  canvas.addEventListener("keydown", (event) => {
    if (!drawn || event.ctrlKey || event.metaKey || event.altKey || !move(event.key)) return;
    event.preventDefault();
    hover = null;
    redraw();
    tell();
  });
}

// Returns whether the key is one of ours.
function move(key) {
  const { from, to, shown } = drawn.scene;
  const last = Math.max(0, shown.length - 1);
  const now = pinned ?? { at: to, lane: 0 };
  const moved = {
    ArrowLeft: { at: now.at - STEP_S }, ArrowRight: { at: now.at + STEP_S },
    PageDown: { at: now.at - LEAP_S }, PageUp: { at: now.at + LEAP_S },
    Home: { at: from }, End: { at: to },
    ArrowUp: { lane: now.lane - 1 }, ArrowDown: { lane: now.lane + 1 },
  }[key];
  if (key === "Escape" && pinned) {
    pinned = null;
    return true;
  }
  if (moved) {
    const { at, lane } = { ...now, ...moved };
    pinned = { at: Math.max(from, Math.min(to, at)), lane: Math.max(0, Math.min(last, lane)) };
  }
  return moved !== undefined;
}

// Draws the line and the words; called whenever the lanes have been drawn.
export function markMoment(scene, size) {
  drawn = { scene, size };
  if (pinned && pinned.at < scene.from) pinned = null;  // it has left the timeline
  const moment = hover ? momentAt(hover) : pinned;
  const box = byId("moment");
  box.hidden = moment === null;
  if (moment === null) return;
  const { context, width, height, lanePx } = size;
  const x = (width * (moment.at - scene.from)) / (scene.to - scene.from);
  context.fillStyle = getComputedStyle(byId("lanes")).color;
  context.fillRect(x - 0.5, 0, 1, height);
  context.fillRect(x - 2.5, moment.lane * lanePx + 2, 5, lanePx - 4);
  write(box, wordsFor(moment));
  box.style.left = `${Math.max(0, Math.min(width - box.offsetWidth, x - box.offsetWidth / 2))}px`;
}

function momentAt({ x, y }) {
  const { scene: { from, to, shown }, size: { width, lanePx } } = drawn;
  const lane = Math.max(0, Math.min(shown.length - 1, Math.floor(y / lanePx)));
  return { at: from + (to - from) * Math.max(0, Math.min(1, x / width)), lane };
}

// Returns the face at a moment and what it looked like; undefined where there is none.
function faceAt({ at, lane }) {
  const { scene, size } = drawn;
  const near_s = (NEAR_PX * (scene.to - scene.from)) / size.width;
  const found = (scene.shown[lane] ?? []).flatMap((face) => face.stretches.map(
    (stretch) => ({ face, label: stretch.label, far_s: Math.max(stretch.from - at, at - stretch.to, 0) }),
  )).filter(({ far_s: far }) => far <= near_s);
  return found.sort((a, b) => a.far_s - b.far_s)[0];
}

function wordsFor(moment) {
  const found = faceAt(moment);
  return `${clock(moment.at)} · ${found ? `face ${found.face.name} · ${found.label}` : "no face here"}`;
}

// What a slider says to a screen reader.
function tell() {
  const { from, to } = drawn.scene;
  const canvas = byId("lanes");
  canvas.setAttribute("aria-valuemax", String(Math.round(to - from)));
  canvas.setAttribute("aria-valuenow", String(Math.round((pinned?.at ?? to) - from)));
  canvas.setAttribute("aria-valuetext", pinned ? wordsFor(pinned) : "no moment is chosen");
}
