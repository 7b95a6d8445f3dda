// The page: follows the server's events and shows the cameras that are chosen.

import { takeImages } from "./analysis.js";
import { chooseNumber, isOffline, setUpChooser, showChooser, shownCameras } from "./cameras.js";
import { learnColours } from "./colours.js";
import { byId, write } from "./dom.js";
import { clearThumbnails, setUpFaces, showFaces } from "./faces.js";
import { showHealth, showStale, showStoring } from "./health.js";
import { setUpKeys } from "./keys.js";
import { follow, mayStream } from "./live.js";
import { Memory } from "./memory.js";
import { noticesOf, showNotices } from "./notices.js";
import { options, setUpOptions } from "./options.js";
import { clearPictures, freeze, pictureOf, pictures, reconnect, showTiles } from "./picture.js";
import { setUpPointing } from "./pointing.js";
import { jpegOf, save } from "./saving.js";
import { drawScene, setUpTimeline } from "./timeline.js";
import { setUpToolbar } from "./toolbar.js";

const DRAW_MS = 100;

const memory = new Memory();
const newest = new Map();   // by camera, its last frame
let status = null;          // the server's last
let away = true;
let isFull = false;         // why it is away: as many pages are open as may be
let drawn_ms = 0;
let frozenAt = null;

function onFrame(frame) {
  newest.set(frame.camera, frame);
  memory.add(frame);
}

async function onStatus(told) {
  status = told;
  learnColours(status.expressions);
  if (away) {
    away = isFull = false;
    reconnect();  // streams ended with the server
    showStale(false);
    await memory.load().catch(() => {});  // without it the timeline begins now
    if (away) return;
  }
  for (const { camera, newest: last } of status.cameras) {
    if (last && !newest.has(camera)) newest.set(camera, { camera, ...last });
  }
  showStatus();
}

function onAway() {
  setState("bad", "not connected");
  const text = isFull
    ? "As many pages are open as may be (PUBLISHER_MAX_VIEWERS). This one goes on by itself when another is closed."
    : "The publisher does not answer. This page goes on by itself as soon as it does.";
  showNotices([{ text }]);
  disconnect("No connection");
}

function onCause(cause) {
  isFull = cause.isFull;
  if (away && !document.hidden) onAway();  // else it has changed meanwhile
}

// Who may have streams of pictures has changed.
function onShare() {
  if (status !== null && !away) showPictures(shownCameras(status.cameras));
}

function disconnect(words) {
  away = true;
  showStale(true);
  if (options.frozen) return;
  place([], options);
  write(byId("waiting"), words);
  newest.clear();
}

function showStatus() {
  const cameras = shownCameras(status.cameras);
  showChooser(status.cameras, showStatus);
  showNotices(noticesOf(status, cameras, frozenAt));
  showState(cameras);
  showHealth(status, cameras);
  showStoring(status);
  showPictures(cameras);
}

// Where the pictures have gone, their place and that of the faces keep their size: nothing jumps.
function place(cameras, look) {
  const [stage, faces] = [byId("stage"), byId("faces").parentElement];
  const { width, height } = stage.getBoundingClientRect();
  const { height: faces_px } = faces.getBoundingClientRect();
  const hadPictures = byId("tiles").children.length > 0;
  showTiles(cameras, look);
  const isHeld = cameras.length === 0 && !options.dataOnly;
  if (isHeld && !hadPictures) return;
  stage.style.aspectRatio = isHeld ? `${width} / ${height}` : "";
  faces.style.minHeight = isHeld ? `${faces_px}px` : "";
}

function showPictures(cameras) {
  const wanted = options.dataOnly ? [] : cameras;
  const streams = mayStream(options.frozen ? 0 : wanted.length);
  if (options.frozen || streams === null) return;  // the answer comes at once
  place(wanted, { ...options, streams });
  write(byId("waiting"), status.cameras.length ? "" : "Waiting for a camera");
}

function drawFrame(now_ms) {
  requestAnimationFrame(drawFrame);
  if (now_ms - drawn_ms < DRAW_MS || options.frozen || status === null) return;
  drawn_ms = now_ms;
  const cameras = away ? [] : shownCameras(status.cameras);
  const live = cameras.filter((camera) => !isOffline(camera));
  const frames = live.map(({ camera }) => newest.get(camera)).filter(Boolean);
  const tiles = options.dataOnly ? new Map() : pictures();
  showFaces(frames, { memory, tiles });
  if (!away) drawScene(memory, cameras.map(({ camera }) => camera));
}

function setState(kind, text) {
  byId("state").className = kind;
  write(byId("state-text"), text);
}

function showState(cameras) {
  const offline = cameras.filter(isOffline).length;
  if (options.frozen) setState("", "frozen");
  else if (!status.broker.connected || cameras.length === 0) setState("bad", "waiting");
  else if (cameras.every(({ ended }) => ended)) setState("", "ended");
  else if (offline) setState("bad", cameras.length > 1 ? `${offline} of ${cameras.length} offline` : "offline");
  else if (!status.ready) setState("bad", "live, with problems");
  else setState("good", cameras.some(({ mode }) => mode === "lossless") ? "analysing" : "live");
}

function onOption(name) {
  if (name === "frozen") {
    frozenAt = options.frozen ? Date.now() / 1000 : null;
    freeze(options.frozen);
  }
  if (name === "blur" && options.blur) {
    clearPictures();
    clearThumbnails();
  }
  onChange();
}

function onChange() {
  if (status === null) return;  // nothing is shown yet
  if (away) onAway();
  else showStatus();
}

// Saves the picture that is seen.
async function onSnapshot() {
  if (!status || options.dataOnly) return;
  for (const { camera } of shownCameras(status.cameras)) {
    const picture = await pictureOf(camera, options);
    if (!picture) continue;
    const at = new Date().toISOString().replaceAll(":", "");
    save(await jpegOf(picture), `${camera.replaceAll(/[^\w.-]+/g, "_")}-${at}.jpg`);
  }
}

setUpOptions(onOption, { onSnapshot, onCamera: chooseNumber });
setUpKeys(onChange);
setUpToolbar(byId("tools"));
setUpTimeline();
setUpChooser();
setUpFaces();
setUpPointing();
takeImages();
follow({ onFrame, onStatus, onAway, onCause, onShare, onHidden: () => disconnect("Connecting") });
requestAnimationFrame(drawFrame);
