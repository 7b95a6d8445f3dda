// The page: shows one camera's stream and asks the API twice a second for all the rest.
"use strict";

const POLL_MS = 500;
const AWAY_POLL_MS = 1000;
const ANSWER_TIMEOUT_MS = 4000;
const STAGES = [["capture", "capture"], ["detector", "detector"], ["classifier", "classifier"], ["publisher", "publisher"]];

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
    show(status);
  } catch (error) {
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

function showHealth(status, camera) {
  const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
  const write = (id, value, unit = "") => {
    byId(id).textContent = value === null || value === undefined ? "–" : number.format(value) + unit;
  };
  write("fps", camera && camera.fps);
  write("age-p50", camera && camera.age_ms.p50, " ms");
  write("age-p95", camera && camera.age_ms.p95, " ms");
  write("published", camera && camera.published);
  if (camera && camera.total_frames > 0) {
    byId("published").textContent += ` of ${number.format(camera.total_frames)}`;
  }
  write("dropped", camera && camera.dropped_total);
  write("failed", camera && camera.failed);
  byId("failed").className = camera && camera.failed ? "bad" : "";
  write("in-flight", camera && camera.in_flight);
  write("viewers", status.viewers);
  byId("workers").textContent = STAGES.map(([role, name]) => {
    const workers = status.workers[role] || [];
    const rate = workers.reduce((sum, worker) => sum + worker.rate, 0);
    return `${workers.length} ${name}${rate ? ` (${number.format(rate)}/s)` : ""}`;
  }).join(" · ");
  const causes = camera ? Object.entries(camera.dropped).filter(([, count]) => count > 0) : [];
  byId("drop-causes-row").hidden = causes.length === 0;
  byId("drop-causes").textContent = causes.map(([cause, count]) => `${cause.replaceAll("_", " ")} ${number.format(count)}`).join(" · ");
  const recording = status.recording;
  byId("recording-row").hidden = recording.state === "off";
  byId("recording").className = recording.state === "stopped" ? "bad" : "";
  byId("recording").textContent = recording.state === "stopped"
    ? `stopped after ${number.format(recording.records)}: ${recording.reason}`
    : `${number.format(recording.records)} in ${recording.path}`;
}

function showFaces(camera, colours) {
  const faces = camera && camera.newest && (camera.online || camera.ended) ? camera.newest.faces : [];
  byId("face-count").textContent = faces.length > 1 ? String(faces.length) : "";
  byId("no-faces").hidden = faces.length > 0;
  const box = byId("faces");
  const cards = new Map([...box.children].map((card) => [card.dataset.track, card]));
  const wanted = faces.map((face) => {
    const key = `${chosen}/${face.track_id}`;
    const card = cards.get(key) || newCard(key, colours);
    fill(card, face, colours);
    return card;
  });
  // Cards that stay are not touched, so that their bars move instead of jumping.
  const keep = new Set(wanted);
  for (const card of [...box.children]) if (!keep.has(card)) card.remove();
  wanted.forEach((card, at) => { if (box.children[at] !== card) box.insertBefore(card, box.children[at] || null); });
}

function newCard(key, colours) {
  const card = byId("face-template").content.firstElementChild.cloneNode(true);
  card.dataset.track = key;
  card.querySelector(".bars").replaceChildren(...Object.entries(colours).map(([label, colour]) => {
    const row = document.createElement("li");
    row.dataset.label = label;
    const [name, bar, value, inner] = ["name", "bar", "value", "fill"].map((kind) => {
      const span = document.createElement("span");
      span.className = kind;
      return span;
    });
    name.textContent = label;
    inner.style.backgroundColor = colour;
    bar.append(inner);
    row.append(name, bar, value);
    return row;
  }));
  return card;
}

function fill(card, face, colours) {
  const percent = (value) => `${Math.round(value * 100)} %`;
  card.querySelector(".label").textContent = face.label || "not classified yet";
  card.querySelector(".confidence").textContent = face.label ? percent(face.confidence) : "";
  card.querySelector(".track").textContent = `face ${face.track_id}`;
  card.querySelector(".swatch").style.backgroundColor = face.label ? colours[face.label] : "";
  for (const row of card.querySelectorAll(".bars li")) {
    const value = face.smoothed ? face.smoothed[row.dataset.label] : 0;
    row.classList.toggle("chosen", row.dataset.label === face.label);
    row.querySelector(".fill").style.width = `${value * 100}%`;
    row.querySelector(".value").textContent = face.smoothed ? percent(value) : "–";
  }
}

function showStoring(recording) {
  byId("storing").textContent = recording.state === "on" ? "; right now results are being recorded" : "";
}

poll();
