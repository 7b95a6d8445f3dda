// One card a face: its picture, label, the seven probabilities as bars, the last minute.

import { colourOf, inkOn, labels, paintSwatch } from "./colours.js";
import { byId, degrees, element, percent, write } from "./dom.js";
import { pointable } from "./pointing.js";
import { STRIP_S, drawStrip } from "./timeline.js";

const STAYS_MS = 1500;     // a card outlives its face so long: detectors miss a frame now and then
const THUMBNAIL_MS = 400;
const MARGIN = 0.02;       // around a box, for the thumbnail
const COMPACT_FROM = 5;    // cards; with one less they stay as they are, so that they do not change all the time

const cards = new Map();   // by camera and track

export function showFaces(frames, { memory, tiles }) {
  const now = performance.now();
  for (const frame of frames) {
    for (const face of frame.faces.filter(({ shown }) => shown)) {
      const key = `${face.track_id} ${frame.camera}`;
      if (!cards.has(key)) cards.set(key, newCard(frame.camera, face.track_id));
      const card = cards.get(key);
      card.seen_ms = now;
      fillCard(card, face, frames.length > 1);
      drawThumbnail(card, tiles.get(frame.camera), now);
    }
  }
  for (const [key, card] of cards) {
    const age_ms = now - card.seen_ms;
    if (age_ms > STAYS_MS || !frames.some(({ camera }) => camera === card.camera)) cards.delete(key);
    card.node.classList.toggle("gone", age_ms > 300);
  }
  place([...cards.values()].filter(({ seen_ms }) => seen_ms === now).length);
  drawStrips(memory);
  const isShown = frames.length > 0;
  if (tiles.size === 0) countFaces(frames.flatMap(({ faces }) => faces.filter(({ shown }) => shown)).length);
  byId("no-faces").hidden = cards.size > 0;
  write(byId("no-faces"), isShown ? "No face in the picture" : "No picture");
}

// As many as are in the picture: cards of those that have just left are not counted.
export function countFaces(count) {
  write(byId("face-count"), count ? String(count) : "");
}

// Cards that stay are not touched, so that their bars move instead of jumping. They become small by
// how many faces are seen, and large again only when cards of those who have left are gone, too.
function place(seen) {
  const box = byId("faces");
  const wanted = [...cards.values()].map(({ node }) => node);
  const gone = [...box.children].filter((node) => !wanted.includes(node));
  const hadFocus = gone.includes(document.activeElement);
  for (const node of gone) node.remove();
  wanted.forEach((node, at) => { if (box.children[at] !== node) box.insertBefore(node, box.children[at] || null); });
  const isCompact = box.classList.contains("compact");
  box.classList.toggle("compact", isCompact ? wanted.length >= COMPACT_FROM - 1 : seen >= COMPACT_FROM);
  if (wanted.length > 0 && !wanted.some(({ tabIndex }) => tabIndex === 0)) wanted[0].tabIndex = 0;
  if (hadFocus) wanted[0]?.focus({ preventScroll: true });
}

// One of the cards is reached with Tab, the others from there with arrow keys.
export function setUpFaces() {
  byId("faces").addEventListener("keydown", (event) => {
    const all = [...byId("faces").children];
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = all.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    all[(at + step + all.length) % all.length].focus();
  });
  byId("faces").addEventListener("focusin", ({ target }) => {
    for (const card of byId("faces").children) card.tabIndex = card === target ? 0 : -1;
  });
}

function drawStrips(memory) {
  const now = memory.now;
  const byCamera = new Map();
  for (const { camera, track, strip } of cards.values()) {
    if (!byCamera.has(camera)) byCamera.set(camera, memory.stretches(camera, now - STRIP_S));
    drawStrip(strip, byCamera.get(camera).get(track) || [], now);
  }
}

function newCard(camera, track) {
  const node = byId("face-template").content.firstElementChild.cloneNode(true);
  node.querySelector(".bars").replaceChildren(...bars(labels()));
  node.querySelector(".number").textContent = track;
  pointable(node, camera, track);
  return { camera, track, node, strip: node.querySelector(".strip"), thumbnail: node.querySelector(".thumbnail"), seen_ms: 0, drawn_ms: 0 };
}

export function bars(all) {
  return all.map((label) => {
    const row = element("li");
    row.dataset.label = label;
    const bar = element("span", "bar");
    const inner = element("span", "fill");
    inner.style.backgroundColor = colourOf(label);
    bar.append(inner);
    row.append(element("span", "name", label), bar, element("span", "value"));
    return row;
  });
}

export function fillBars(list, probabilities, label) {
  for (const row of list.children) {
    const value = probabilities ? probabilities[row.dataset.label] : 0;
    row.classList.toggle("chosen", row.dataset.label === label);
    row.querySelector(".fill").style.width = `${value * 100}%`;
    write(row.querySelector(".value"), probabilities ? percent(value) : "–");
  }
}

function fillCard({ node, camera, track }, face, namesCamera) {
  write(node.querySelector(".label"), face.label || "not classified yet");
  write(node.querySelector(".confidence"), face.confidence === null ? "" : percent(face.confidence));
  paintNumber(node.querySelector(".number"), face.label);
  fillBars(node.querySelector(".bars"), face.smoothed, face.label);
  write(node.querySelector(".pose"), poseText(face));
  write(node.querySelector(".track"), namesCamera ? `${camera} · ${track}` : "");
}

// The number that the box has, in the colour of its label.
export function paintNumber(node, label) {
  paintSwatch(node, label);
  node.style.color = inkOn(colourOf(label));
}

// Returns how a head is turned, nothing where the detector does not tell.
export function poseText({ roll_deg: roll, yaw_deg: yaw, pitch_deg: pitch }) {
  return roll === null ? "" : `roll ${degrees(roll)} · yaw ${degrees(yaw)} · pitch ${degrees(pitch)}`;
}

// What has been cut out so far is not seen any more.
export function clearThumbnails() {
  for (const card of cards.values()) {
    card.drawn_ms = 0;
    card.thumbnail.hidden = true;
    const { width, height } = card.thumbnail;
    card.thumbnail.getContext("2d").clearRect(0, 0, width, height);
  }
}

// Cut out of the picture that is shown, so that it is blurred where that is.
function drawThumbnail(card, picture, now) {
  card.thumbnail.hidden = !picture;
  const box = picture?.frame?.faces.find(({ track_id: track }) => track === card.track)?.box;
  if (!box || now - card.drawn_ms < THUMBNAIL_MS) return;
  card.drawn_ms = now;
  const scale = picture.canvas.width / picture.frame.width;
  const side = Math.max(box.w, box.h) * (1 + 2 * MARGIN) * scale;
  const left = (box.x + box.w / 2) * scale - side / 2;
  const top = (box.y + box.h / 2) * scale - side / 2;
  const { width, height } = card.thumbnail;
  card.thumbnail.getContext("2d").drawImage(picture.canvas, left, top, side, side, 0, 0, width, height);
}
