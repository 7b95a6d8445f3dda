// How the pipeline does, in one word, and what that word means.

import { isOffline } from "./cameras.js";
import { percent } from "./dom.js";

const SLOW_MS = 250;     // half of MAX_FRAME_AGE_MS: so long a live picture waits for its labels
const MANY_DROPS = 0.05; // of the frames that came within the window
const WINDOW_MS = 10_000;

const CAUSES = {
  superseded: "newer ones came before a detector was free, so more detectors would help",
  too_old: "they were older than MAX_FRAME_AGE_MS when their turn came",
  ring_full: "shared memory was full",
  unreadable: "no detector could read them",
  publisher_slow: "the publisher did not take them in time",
};

const past = new Map();  // by camera: {at_ms, captured, failed, dropped}, oldest first

// Takes in the status and returns {word, kind, meaning} of the cameras that are shown.
export function conditionOf(status, cameras) {
  for (const camera of status.cameras) note(camera);
  for (const name of past.keys()) if (!status.cameras.some(({ camera }) => camera === name)) past.delete(name);
  const offline = cameras.filter(isOffline).length;
  if (!status.broker.connected) return bad("no connection", "The broker does not answer.");
  if (cameras.length === 0) return plain("waiting", "No camera is running.");
  if (offline) return bad("offline", offline < cameras.length ? `${offline} of ${cameras.length} cameras send nothing.` : "No pictures come.");
  if (!status.ready) return bad("not working", sentence(status.problems[0].text));
  if (cameras.every(({ ended }) => ended)) return plain("finished", "The recording is at its end.");
  return ofFrames(cameras);
}

function ofFrames(cameras) {
  const { captured, failed, dropped } = recent(cameras);
  if (failed > 0) return bad("failing", "Frames were given up, for every worker that tried one died of it. The log says more.");
  const all = [...dropped.values()].reduce((sum, count) => sum + count, 0);
  if (captured > 0 && all > MANY_DROPS * captured) return bad("dropping frames", dropsInWords(all / captured, dropped));
  if (cameras.every(({ newest }) => !newest)) return plain("starting", "No picture has come yet.");
  if (captured > 0 && cameras.every(({ fps }) => fps === 0)) return bad("stuck", "Frames come, and none is shown.");
  const live = cameras.filter(({ mode, ended }) => mode === "live" && !ended);
  const delays = live.map(({ age_ms: age }) => age.p95).filter((value) => value !== null);
  if (delays.length === 0) return good("Every frame is analysed.");
  const slowest = Math.round(Math.max(...delays));
  if (slowest > SLOW_MS) return bad("slow", `One picture in 20 has a delay of ${slowest} ms or more.`);
  return good(`19 of 20 pictures have a delay of less than ${slowest} ms.`);
}

function dropsInWords(share, dropped) {
  const [[cause]] = [...dropped].sort(([, a], [, b]) => b - a);
  const why = CAUSES[cause] ?? cause.replaceAll("_", " ");
  return `${percent(share)} of the frames of the last ${WINDOW_MS / 1000} seconds were dropped: ${why}.`;
}

function note({ camera, captured, failed, dropped }) {
  const seen = past.get(camera) ?? [];
  if (seen.at(-1)?.captured > captured) seen.length = 0;  // counted from nothing again
  const now = performance.now();
  seen.push({ at_ms: now, captured, failed, dropped });
  while (seen[0].at_ms < now - WINDOW_MS) seen.shift();
  past.set(camera, seen);
}

// Returns what has been counted within the window.
function recent(cameras) {
  const sum = { captured: 0, failed: 0, dropped: new Map() };
  for (const { camera } of cameras) {
    const [first, last] = [past.get(camera)[0], past.get(camera).at(-1)];
    sum.captured += last.captured - first.captured;
    sum.failed += last.failed - first.failed;
    for (const [cause, count] of Object.entries(last.dropped)) {
      const more = count - (first.dropped[cause] ?? 0);
      if (more > 0) sum.dropped.set(cause, (sum.dropped.get(cause) ?? 0) + more);
    }
  }
  return sum;
}

const plain = (word, meaning) => ({ word, kind: "", meaning });
const good = (meaning) => ({ word: "good", kind: "good", meaning });
const bad = (word, meaning) => ({ word, kind: "bad", meaning });
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
