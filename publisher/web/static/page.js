// The page: follows the server's events and shows the cameras that are chosen.

import { takeImages } from "./analysis.js";
import { byId, clock, element, write } from "./dom.js";
import { showFaces } from "./faces.js";
import { showHealth, showStoring } from "./health.js";
import { follow } from "./live.js";
import { Memory } from "./memory.js";
import { options, setUpOptions } from "./options.js";
import { freeze, frozenPicture, pictures, reconnect, showTiles, snapshotAddress } from "./picture.js";
import { drawScene } from "./timeline.js";

const DRAW_MS = 100;
const ALL = Symbol("all cameras");
const ALL_HASH = "#/all";  // an encoded name of a camera holds no slash

const memory = new Memory();
const newest = new Map();   // by camera, its last frame
let status = null;          // the server's last
let chosen = null;          // the name of a camera, ALL, or null for the first
let away = true;
let drawn_ms = 0;
let frozenAt = 0;

const colourOf = (label) => (status && status.expressions[label]) || "#8A8F98";

function onFrame(frame) {
  newest.set(frame.camera, frame);
  memory.add(frame);
}

async function onStatus(told) {
  status = told;
  if (away) {
    away = false;
    reconnect();  // streams ended with the server
    byId("health").classList.remove("stale");
    await memory.load().catch(() => {});  // without it the timeline begins now
    if (away) return;
  }
  for (const { camera, newest: last } of status.cameras) {
    if (last && !newest.has(camera)) newest.set(camera, { camera, ...last });
  }
  show();
}

function onAway() {
  away = true;
  byId("health").classList.add("stale");
  setState("bad", "not connected");
  showNotices(["The publisher does not answer. This page goes on by itself as soon as it does."]);
  if (options.frozen) return;
  showTiles([], options);
  write(byId("waiting"), "No connection");
  newest.clear();
}

// The camera that the address names; people may type anything there.
function hashCamera() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

// The cameras that are shown: one, or all.
function shownCameras() {
  const { cameras } = status;
  if (cameras.length < 2 && chosen === ALL) chosen = null;
  if (chosen === null && location.hash) {
    const wanted = hashCamera();
    if (location.hash === ALL_HASH && cameras.length > 1) chosen = ALL;
    else if (cameras.some(({ camera }) => camera === wanted)) chosen = wanted;
  }
  if (chosen === ALL) return cameras;
  const found = cameras.find(({ camera }) => camera === chosen) || cameras[0];
  return found ? [found] : [];
}

function show() {
  const cameras = shownCameras();
  showCameras(status.cameras, cameras);
  showNotices(notices(cameras));
  showState(cameras);
  showHealth(status, cameras);
  showStoring(status);
  if (options.frozen) return;
  showTiles(options.dataOnly ? [] : cameras, options);
  write(byId("waiting"), status.cameras.length ? "" : "Waiting for a camera");
  byId("waiting").hidden = cameras.length > 0;
}

function draw(now_ms) {
  requestAnimationFrame(draw);
  if (now_ms - drawn_ms < DRAW_MS || options.frozen || status === null) return;
  drawn_ms = now_ms;
  const cameras = away ? [] : shownCameras();
  const live = cameras.filter(({ online, ended }) => online || ended);
  const frames = live.map(({ camera }) => newest.get(camera)).filter(Boolean);
  const tiles = options.dataOnly ? new Map() : pictures();
  showFaces(frames, { colours: status.expressions, colourOf, memory, tiles });
  if (!away) drawScene(memory, cameras.map(({ camera }) => camera), colourOf);
}

function notices(cameras) {
  const found = status.problems.slice();
  for (const { camera, online, ended, reason, offline_since: since } of cameras) {
    if (!status.broker.connected || online || ended) continue;
    const text = `camera ${camera} is offline`;
    const at = found.findIndex((problem) => problem.startsWith(text));
    if (at >= 0) found.splice(at, 1);
    found.unshift(`${text}${since ? ` since ${clock(Date.parse(since) / 1000)}` : ""}: ${reason}`);
  }
  if (status.recording.state === "stopped") found.push(`recording has stopped: ${status.recording.reason}`);
  for (const one of status.pictures) {
    if (one.state === "stopped") found.push(`the recording of pictures has stopped: ${one.reason}`);
  }
  if (options.frozen) found.push(`Frozen at ${clock(frozenAt)}: what happens now is not shown. Press P to go on.`);
  return found;
}

function showNotices(texts) {
  const box = byId("notices");
  const key = texts.join("\n");
  if (box.dataset.key === key) return;  // so that screen readers are not told twice
  box.dataset.key = key;
  box.replaceChildren(...texts.map((text) => {
    const line = element("p");
    text.split("`").forEach((piece, at) => {
      line.append(element(at % 2 ? "code" : "span", "", at === 0 ? piece.charAt(0).toUpperCase() + piece.slice(1) : piece));
    });
    return line;
  }));
}

function setState(kind, text) {
  byId("state").className = kind;
  write(byId("state-text"), text);
}

function showState(cameras) {
  const offline = cameras.filter(({ online, ended }) => !online && !ended).length;
  if (options.frozen) setState("", "frozen");
  else if (!status.broker.connected || cameras.length === 0) setState("bad", "waiting");
  else if (cameras.every(({ ended }) => ended)) setState("", "ended");
  else if (offline) setState("bad", cameras.length > 1 ? `${offline} of ${cameras.length} offline` : "offline");
  else if (!status.ready) setState("bad", "live, with problems");
  else setState("good", cameras.some(({ mode }) => mode === "lossless") ? "analysing" : "live");
}

function showCameras(cameras, shown) {
  const box = byId("cameras");
  box.hidden = cameras.length < 2;
  const names = [ALL, ...cameras.map(({ camera }) => camera)];
  const key = JSON.stringify(names.slice(1));
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    box.replaceChildren(...names.map((name) => {
      const button = element("button", "", name === ALL ? "All cameras" : name);
      button.type = "button";
      button.setAttribute("role", "radio");
      button.title = button.textContent;
      button.addEventListener("click", () => choose(name));
      return button;
    }));
  }
  [...box.children].forEach((button, at) => {
    const isChosen = at === 0 ? chosen === ALL : chosen !== ALL && shown[0]?.camera === names[at];
    button.setAttribute("aria-checked", String(isChosen));
    button.tabIndex = isChosen ? 0 : -1;
    button.classList.toggle("offline", at > 0 && !cameras[at - 1].online && !cameras[at - 1].ended);
  });
}

function choose(name) {
  chosen = name;
  history.replaceState(null, "", name === ALL ? ALL_HASH : `#${encodeURIComponent(name)}`);
  show();
}

// As in any group of radio buttons, arrow keys move the choice.
byId("cameras").addEventListener("keydown", (event) => {
  const buttons = [...byId("cameras").children];
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const at = buttons.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  const next = buttons[(at + step + buttons.length) % buttons.length];
  next.click();
  next.focus();
});

function onChange(name) {
  if (name === "frozen") {
    frozenAt = Date.now() / 1000;
    freeze(options.frozen);
  }
  if (status === null) return;  // nothing is shown yet
  if (away) onAway();
  else show();
}

function onCamera(number) {
  if (!status || number > status.cameras.length || status.cameras.length < 2) return;
  choose(number === 0 ? ALL : status.cameras[number - 1].camera);
}

// Saves the picture that is seen: the frozen one, or the next.
async function onSnapshot() {
  if (!status || options.dataOnly) return;
  for (const { camera } of shownCameras()) {
    const frozen = frozenPicture(camera);
    const jpeg = frozen
      ? await new Promise((done) => frozen.toBlob(done, "image/jpeg", 0.92))
      : await fetch(snapshotAddress(camera)).then((answer) => (answer.ok ? answer.blob() : null), () => null);
    if (!jpeg) continue;
    const link = element("a");
    link.href = URL.createObjectURL(jpeg);
    link.download = `${camera.replaceAll(/[^\w.-]+/g, "_")}-${new Date().toISOString().replaceAll(":", "")}.jpg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

setUpOptions(onChange, { onSnapshot, onCamera });
takeImages(colourOf);
follow({ onFrame, onStatus, onAway });
requestAnimationFrame(draw);
