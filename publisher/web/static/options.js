// The buttons under the picture, their keys, and what they remember.

import { byId } from "./dom.js";
import { isShortcut } from "./keys.js";

const KEPT = ["boxes", "blur", "dataOnly"];
const KEYS = { p: "frozen", b: "boxes", u: "blur", d: "dataOnly" };

export const options = { frozen: false, boxes: true, blur: false, dataOnly: false };

export function setUpOptions(onChange, { onSnapshot, onCamera }) {
  for (const name of KEPT) {
    const kept = localStorage.getItem(name);
    if (kept !== null) options[name] = kept === "1";
  }
  for (const name of Object.keys(options)) byId(name).addEventListener("click", () => toggle(name, onChange));
  byId("snapshot").addEventListener("click", onSnapshot);
  byId("fullscreen").addEventListener("click", toggleFullScreen);
  document.addEventListener("fullscreenchange", () => press("fullscreen", document.fullscreenElement !== null));
  addEventListener("keydown", (event) => {
    if (!isShortcut(event)) return;
    const key = event.key.toLowerCase();
    if (key in KEYS) toggle(KEYS[key], onChange);
    else if (key === "s") onSnapshot();
    else if (key === "f") toggleFullScreen();
    else if (/^[0-9]$/.test(key)) onCamera(Number(key));
  });
  showOptions();
}

function toggle(name, onChange) {
  if (byId(name).disabled) return;
  options[name] = !options[name];
  if (KEPT.includes(name)) localStorage.setItem(name, options[name] ? "1" : "0");
  showOptions();
  onChange(name);
}

function showOptions() {
  for (const [name, isOn] of Object.entries(options)) press(name, isOn);
  Object.assign(byId("stage").dataset, { boxes: options.boxes, dataOnly: options.dataOnly });
  for (const name of ["snapshot", "fullscreen"]) byId(name).disabled = options.dataOnly;
  byId("boxes").disabled = options.dataOnly;
  byId("blur").disabled = options.dataOnly || options.frozen;
}

function press(name, isOn) {
  byId(name).setAttribute("aria-pressed", String(isOn));
}

function toggleFullScreen() {
  if (options.dataOnly) return;
  if (document.fullscreenElement) document.exitFullscreen();
  else byId("stage").requestFullscreen().catch(() => {});  // refused where the page is framed
}
