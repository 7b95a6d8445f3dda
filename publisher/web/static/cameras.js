// Which cameras there are, and which of them are shown: one, or all.

import { byId, clock, element } from "./dom.js";

const ALL = Symbol("all cameras");
const ALL_HASH = "#/all";  // an encoded name of a camera holds no slash

let chosen = null;  // the name of a camera, ALL, or null for the first

export const isOffline = ({ online, ended }) => !online && !ended;

export function offlineSince({ offline_since: since }) {
  return since ? `offline since ${clock(Date.parse(since) / 1000)}` : "offline";
}

// The camera that the address names; people may type anything there.
function hashCamera() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

export function shownCameras(cameras) {
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

// As in any group of radio buttons, arrow keys move the choice.
export function setUpChooser() {
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
}

export function showChooser(cameras, onChoice) {
  const box = byId("cameras");
  box.hidden = cameras.length < 2;
  const names = [ALL, ...cameras.map(({ camera }) => camera)];
  const key = JSON.stringify(names.slice(1));
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    box.replaceChildren(...names.map((name) => choice(name, onChoice)));
  }
  const [first] = shownCameras(cameras);
  [...box.children].forEach((button, at) => {
    const isChosen = at === 0 ? chosen === ALL : chosen !== ALL && first?.camera === names[at];
    button.setAttribute("aria-checked", String(isChosen));
    button.tabIndex = isChosen ? 0 : -1;
    button.classList.toggle("offline", at > 0 && isOffline(cameras[at - 1]));
  });
}

function choice(name, onChoice) {
  const button = element("button", "", name === ALL ? "All cameras" : name);
  button.type = "button";
  button.setAttribute("role", "radio");
  button.title = button.textContent;
  button.addEventListener("click", () => {
    chosen = name;
    history.replaceState(null, "", name === ALL ? ALL_HASH : `#${encodeURIComponent(name)}`);
    onChoice();
  });
  return button;
}

// 0 is all of them.
export function chooseNumber(number) {
  if (!byId("cameras").hidden) byId("cameras").children[number]?.click();
}
