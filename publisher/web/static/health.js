// How the pipeline does, in a word and in figures, and what is being recorded.

import { conditionOf } from "./condition.js";
import { byId, element, write } from "./dom.js";

const STAGES = ["capture", "detector", "classifier", "publisher"];
const isStopped = ({ state }) => state === "stopped";
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

// Of several cameras: sums, and the oldest picture.
export function showHealth(status, cameras) {
  const sum = (of) => (cameras.length ? cameras.reduce((total, camera) => total + of(camera), 0) : null);
  const oldest = (of) => {
    const known = cameras.map(of).filter((value) => value !== null);
    return known.length ? Math.max(...known) : null;
  };
  showCondition(conditionOf(status, cameras));
  showFigure("fps", sum(({ fps }) => fps));
  showFigure("delay-p50", oldest(({ age_ms: age }) => age.p50), " ms");
  showFigure("delay-p95", oldest(({ age_ms: age }) => age.p95), " ms");
  showFigure("published", sum(({ published }) => published));
  const total = sum(({ mode, total_frames: frames }) => (mode === "lossless" ? frames : 0));
  if (total) byId("published").textContent += ` of ${number.format(total)}`;
  showFigure("dropped", sum(({ dropped_total: dropped }) => dropped));
  showFigure("failed", sum(({ failed }) => failed));
  byId("failed").className = sum(({ failed }) => failed) ? "bad" : "";
  showFigure("in-flight", sum(({ in_flight: frames }) => frames));
  showFigure("viewers", status.viewers);
  showWorkers(status.workers);
  showRestarts(status);
  showCauses(cameras);
  const { results, recordings } = status;
  showStored("results", results.state === "off" ? [] : [results], ({ records }) => records);
  showStored("recordings", recordings, ({ pictures }) => pictures);
}

function showCondition({ word, kind, meaning }) {
  byId("condition").className = kind;
  write(byId("condition"), word);
  write(byId("meaning"), meaning);
}

// Without a server all that is left is what it said last.
export function showStale(isStale) {
  for (const id of ["health", "rec"]) byId(id).classList.toggle("stale", isStale);
  if (isStale) showCondition({ word: "unknown", kind: "bad", meaning: "The figures are those from before." });
}

function showFigure(id, value, unit = "") {
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

function showRestarts({ broker, workers }) {
  const all = [{ name: "broker", ...broker }, ...Object.values(workers).flat()];
  const found = all.filter(({ restarts }) => restarts > 0);
  byId("restarts-row").hidden = found.length === 0;
  byId("restarts").textContent = found.map(({ name, restarts, restart_reason: reason }) => `${name} ${number.format(restarts)}×, the last time because it ${reason}`).join(" · ");
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

function showStored(id, all, countOf) {
  byId(`${id}-row`).hidden = all.length === 0;
  byId(id).className = all.some(isStopped) ? "bad" : "";
  byId(id).textContent = all.map((one) => {
    const count = number.format(countOf(one));
    const leftOut = one.left_out ? `, ${number.format(one.left_out)} left out` : "";
    return isStopped(one) ? `stopped after ${count}: ${one.reason}` : `${count} in ${one.path}${leftOut}`;
  }).join(" · ");
}

// Says in the header what is written and where, and in the footer that it is.
export function showStoring({ results, recordings }) {
  const isOn = ({ state }) => state === "on";
  const pictures = recordings.filter(isOn);
  const kinds = [isOn(results) && "results", pictures.length && "pictures"].filter(Boolean).join(" and ");
  const places = [isOn(results) && `results in ${results.path}`, ...pictures.map(({ path }) => `pictures in ${path}`)];
  const words = `Recording: ${places.filter(Boolean).join(", ")}`;
  byId("rec").hidden = !kinds;
  byId("rec").title = words;
  byId("rec").setAttribute("aria-label", words);
  write(byId("storing"), kinds ? `; right now ${kinds} are being recorded` : "");
}
