// The figures under the picture, and whether anything is being stored.

import { byId, element } from "./dom.js";

const STAGES = ["capture", "detector", "classifier", "publisher"];
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

// Of several cameras: sums, and the oldest picture.
export function showHealth(status, cameras) {
  const sum = (of) => (cameras.length ? cameras.reduce((total, camera) => total + of(camera), 0) : null);
  const oldest = (of) => {
    const known = cameras.map(of).filter((value) => value !== null);
    return known.length ? Math.max(...known) : null;
  };
  write("fps", sum(({ fps }) => fps));
  write("age-p50", oldest(({ age_ms: age }) => age.p50), " ms");
  write("age-p95", oldest(({ age_ms: age }) => age.p95), " ms");
  write("published", sum(({ published }) => published));
  const total = sum(({ mode, total_frames: frames }) => (mode === "lossless" ? frames : 0));
  if (total) byId("published").textContent += ` of ${number.format(total)}`;
  write("dropped", sum(({ dropped_total: dropped }) => dropped));
  write("failed", sum(({ failed }) => failed));
  byId("failed").className = sum(({ failed }) => failed) ? "bad" : "";
  write("in-flight", sum(({ in_flight: frames }) => frames));
  write("viewers", status.viewers);
  showWorkers(status.workers);
  showCauses(cameras);
  showRecording(status);
}

function write(id, value, unit = "") {
  byId(id).textContent = value === null || value === undefined ? "–" : number.format(value) + unit;
}

function showWorkers(byStage) {
  byId("workers").replaceChildren(...STAGES.map((stage) => {
    const workers = byStage[stage] || [];
    const rate = workers.reduce((sum, worker) => sum + worker.rate, 0);
    const unit = stage === "classifier" ? "faces/s" : "frames/s";
    const text = workers.length ? `${workers.length} ${stage} ${number.format(rate)} ${unit}` : `no ${stage}`;
    const chip = element("span", workers.length ? "chip" : "chip bad", text);
    chip.title = workers.map(({ name, rate: own }) => `${name}: ${number.format(own)} ${unit}`).join("\n");
    return chip;
  }));
}

function showCauses(cameras) {
  const causes = new Map();
  for (const { dropped } of cameras) {
    for (const [cause, count] of Object.entries(dropped)) causes.set(cause, (causes.get(cause) || 0) + count);
  }
  const found = [...causes].filter(([, count]) => count > 0);
  byId("drop-causes-row").hidden = found.length === 0;
  byId("drop-causes").textContent = found.map(([cause, count]) => `${cause.replaceAll("_", " ")} ${number.format(count)}`).join(" · ");
}

function showRecording({ recording, pictures }) {
  byId("recording-row").hidden = recording.state === "off";
  byId("recording").className = recording.state === "stopped" ? "bad" : "";
  byId("recording").textContent = recording.state === "stopped"
    ? `stopped after ${number.format(recording.records)}: ${recording.reason}`
    : `${number.format(recording.records)} in ${recording.path}`;
  byId("pictures-row").hidden = pictures.length === 0;
  byId("pictures").className = pictures.some(({ state }) => state === "stopped") ? "bad" : "";
  byId("pictures").textContent = pictures.map((one) => {
    const leftOut = one.left_out ? `, ${number.format(one.left_out)} left out` : "";
    return one.state === "stopped"
      ? `stopped after ${number.format(one.pictures)}: ${one.reason}`
      : `${number.format(one.pictures)} in ${one.path}${leftOut}`;
  }).join(" · ");
}

export function showStoring(status) {
  const isOn = ({ state }) => state === "on";
  const kinds = [];
  if (isOn(status.recording)) kinds.push("results");
  if (status.pictures.some(isOn)) kinds.push("pictures");
  byId("storing").textContent = kinds.length ? `; right now ${kinds.join(" and ")} are being recorded` : "";
}
