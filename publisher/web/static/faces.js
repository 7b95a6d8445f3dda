// One card a face: its picture, label, the seven probabilities as bars, the last minute.

import { byId, degrees, element, percent, write } from "./dom.js";
import { STRIP_S, drawStrip } from "./timeline.js";

const STAYS_MS = 1500;     // a card outlives its face so long: detectors miss a frame now and then
const THUMBNAIL_MS = 400;
const MARGIN = 0.02;       // around a box, for the thumbnail

const cards = new Map();   // by camera and track

export function showFaces(frames, { colours, colourOf, memory, tiles }) {
  const now = performance.now();
  for (const frame of frames) {
    for (const face of frame.faces.filter(({ shown }) => shown)) {
      const key = `${face.track_id} ${frame.camera}`;
      if (!cards.has(key)) cards.set(key, newCard(frame.camera, face.track_id, { colours, colourOf }, frames.length > 1));
      const card = cards.get(key);
      card.seen_ms = now;
      fillCard(card, face, colourOf);
      drawThumbnail(card, face, frame, tiles.get(frame.camera), now);
    }
  }
  for (const [key, card] of cards) {
    const age_ms = now - card.seen_ms;
    if (age_ms > STAYS_MS || !frames.some(({ camera }) => camera === card.camera)) cards.delete(key);
    card.node.classList.toggle("gone", age_ms > 300);
  }
  place();
  drawStrips(memory, colourOf);
  const isShown = frames.length > 0;
  byId("face-count").textContent = cards.size > 1 ? String(cards.size) : "";
  byId("no-faces").hidden = cards.size > 0;
  write(byId("no-faces"), isShown ? "No face in the picture" : "No picture");
}

// Cards that stay are not touched, so that their bars move instead of jumping.
function place() {
  const box = byId("faces");
  const wanted = [...cards.values()].map(({ node }) => node);
  for (const node of [...box.children]) if (!wanted.includes(node)) node.remove();
  wanted.forEach((node, at) => { if (box.children[at] !== node) box.insertBefore(node, box.children[at] || null); });
}

function drawStrips(memory, colourOf) {
  const now = memory.now;
  const byCamera = new Map();
  for (const { camera, track, strip } of cards.values()) {
    if (!byCamera.has(camera)) byCamera.set(camera, memory.stretches(camera, now - STRIP_S));
    drawStrip(strip, byCamera.get(camera).get(track) || [], now, colourOf);
  }
}

function newCard(camera, track, { colours, colourOf }, namesCamera) {
  const node = byId("face-template").content.firstElementChild.cloneNode(true);
  node.querySelector(".bars").replaceChildren(...bars(Object.keys(colours), colourOf));
  node.querySelector(".track").textContent = namesCamera ? `${camera} · ${track}` : `face ${track}`;
  return { camera, track, node, strip: node.querySelector(".strip"), thumbnail: node.querySelector(".thumbnail"), seen_ms: 0, drawn_ms: 0 };
}

export function bars(labels, colourOf) {
  return labels.map((label) => {
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

function fillCard({ node }, face, colourOf) {
  write(node.querySelector(".label"), face.label || "not classified yet");
  write(node.querySelector(".confidence"), face.confidence === null ? "" : percent(face.confidence));
  node.querySelector(".swatch").style.backgroundColor = colourOf(face.label);
  fillBars(node.querySelector(".bars"), face.smoothed, face.label);
  write(node.querySelector(".pose"), poseText(face));
}

// Returns how a head is turned, nothing where the detector does not tell.
export function poseText({ roll_deg: roll, yaw_deg: yaw, pitch_deg: pitch }) {
  return roll === null ? "" : `roll ${degrees(roll)} · yaw ${degrees(yaw)} · pitch ${degrees(pitch)}`;
}

// Cut out of the picture that is shown, so that it is blurred where that is.
function drawThumbnail(card, { box }, frame, picture, now) {
  card.thumbnail.hidden = !picture;
  if (!picture || now - card.drawn_ms < THUMBNAIL_MS) return;
  card.drawn_ms = now;
  const scale = picture.naturalWidth / frame.width;
  const side = Math.max(box.w, box.h) * (1 + 2 * MARGIN) * scale;
  const left = (box.x + box.w / 2) * scale - side / 2;
  const top = (box.y + box.h / 2) * scale - side / 2;
  const { width, height } = card.thumbnail;
  card.thumbnail.getContext("2d").drawImage(picture, left, top, side, side, 0, 0, width, height);
}
