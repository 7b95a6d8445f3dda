// The page: shows one camera's stream and asks the API twice a second for all the rest.

import { showFaces } from "./faces.js";
import { showHealth, showStoring } from "./health.js";

const POLL_MS = 500;
const AWAY_POLL_MS = 1000;
const ANSWER_TIMEOUT_MS = 4000;

const byId = (id) => document.getElementById(id);
let chosen = null;        // the name of the camera that is shown
let streaming = null;     // the camera whose stream the picture is connected to
let away = false;         // the last question to the API was not answered
let pictureBroken = false;

async function poll() {
  let wait = POLL_MS;
  try {
    const answer = await fetch("/api/status", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const status = await answer.json();
    if (away) streaming = null;  // the stream ended with the server: connect again
    away = false;
    byId("health").classList.remove("stale");
    show(status);
  } catch {
    away = true;
    wait = AWAY_POLL_MS;
    showAway();
  }
  setTimeout(poll, wait);
}

function show(status) {
  const cameras = status.cameras;
  if (!cameras.some((camera) => camera.camera === chosen)) {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const found = cameras.find((camera) => camera.camera === wanted) || cameras[0];
    chosen = found ? found.camera : null;
  }
  const camera = cameras.find((candidate) => candidate.camera === chosen) || null;
  showCameras(cameras);
  showPicture(camera);
  showNotices(notices(status, camera));
  showState(status, camera);
  showHealth(status, camera);
  showFaces(camera, status.expressions);
  showStoring(status.recording);
}

function showAway() {
  byId("health").classList.add("stale");
  showNotices(["The publisher does not answer. This page goes on by itself as soon as it does."]);
  setState("bad", "not connected");
  byId("picture").hidden = true;
  byId("no-picture").hidden = false;
  byId("no-picture").textContent = "No connection";
  showFaces(null, {});
}

function notices(status, camera) {
  const found = status.problems.slice();
  if (camera && status.broker.connected && !camera.online && !camera.ended) {
    const text = `camera ${camera.camera} is offline: ${camera.reason}`;
    if (!found.includes(text)) found.unshift(text);
  }
  if (status.recording.state === "stopped") found.push(`recording has stopped: ${status.recording.reason}`);
  if (pictureBroken) found.push("the picture cannot be loaded; trying again (too many viewers?)");
  return found;
}

function showNotices(texts) {
  const box = byId("notices");
  const key = texts.join("\n");
  if (box.dataset.key === key) return;  // so that screen readers are not told twice
  box.dataset.key = key;
  box.replaceChildren(...texts.map((text) => {
    const line = document.createElement("p");
    text.split("`").forEach((piece, at) => {
      const node = document.createElement(at % 2 ? "code" : "span");
      node.textContent = at === 0 ? piece.charAt(0).toUpperCase() + piece.slice(1) : piece;
      line.append(node);
    });
    return line;
  }));
}

function setState(kind, text) {
  byId("state").className = kind;
  if (byId("state-text").textContent !== text) byId("state-text").textContent = text;
}

function showState(status, camera) {
  if (!status.broker.connected || !camera) setState("bad", "waiting");
  else if (camera.ended) setState("", "ended");
  else if (!camera.online) setState("bad", "offline");
  else if (!status.ready) setState("bad", "live, with problems");
  else setState("good", camera.mode === "lossless" ? "analysing" : "live");
}

function showCameras(cameras) {
  const box = byId("cameras");
  box.hidden = cameras.length < 2;
  const key = JSON.stringify(cameras.map((camera) => camera.camera));
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    box.replaceChildren(...cameras.map((camera) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "radio");
      button.textContent = button.title = button.dataset.camera = camera.camera;
      button.addEventListener("click", () => choose(camera.camera));
      return button;
    }));
  }
  [...box.children].forEach((button, at) => {
    const isChosen = button.dataset.camera === chosen;
    button.setAttribute("aria-checked", String(isChosen));
    button.tabIndex = isChosen ? 0 : -1;
    button.classList.toggle("offline", !cameras[at].online && !cameras[at].ended);
  });
}

function choose(camera) {
  chosen = camera;
  history.replaceState(null, "", `#${encodeURIComponent(camera)}`);
  showPicture({ camera });
  byId("faces").replaceChildren();
  for (const button of byId("cameras").children) {
    button.setAttribute("aria-checked", String(button.dataset.camera === camera));
    button.tabIndex = button.dataset.camera === camera ? 0 : -1;
  }
}

// As in any group of radio buttons, arrow keys move the choice.
byId("cameras").addEventListener("keydown", (event) => {
  const buttons = [...byId("cameras").children];
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const at = buttons.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  const next = buttons[(at + step + buttons.length) % buttons.length];
  choose(next.dataset.camera);
  next.focus();
});

function showPicture(camera) {
  const picture = byId("picture");
  if (!camera) {
    streaming = null;
    picture.removeAttribute("src");
    picture.hidden = true;
    byId("no-picture").hidden = false;
    byId("no-picture").textContent = "Waiting for a camera";
    return;
  }
  if (camera.newest) {
    const { width, height } = camera.newest;
    picture.parentElement.style.setProperty("--ratio", String(width / height));
  }
  if (streaming === camera.camera) return;
  streaming = camera.camera;
  // The number makes the browser connect again to an address whose stream has ended.
  picture.src = `/video_feed/${encodeURIComponent(camera.camera)}?${Date.now()}`;
  picture.hidden = false;
  byId("no-picture").hidden = true;
}

byId("picture").addEventListener("load", () => { pictureBroken = false; });
byId("picture").addEventListener("error", () => {
  if (away || streaming === null) return;
  pictureBroken = true;
  byId("picture").hidden = true;
  byId("no-picture").hidden = false;
  byId("no-picture").textContent = "No picture";
  setTimeout(() => { streaming = null; }, 2000);  // the next answer connects again
});

poll();
