// What this tab hears of the server, and which streams of pictures it may have. One worker has the
// stream of events for all tabs; where there is no such worker the tab has its own.

import { MOST_STREAMS } from "./allotment.js";
import { openEvents } from "./events.js";

const SILENT_MS = 8000;  // a worker tells every six seconds at least that the server is away

let line = null;     // to whoever has the stream: {say, leave}
let isAlone = false;
let streams = 0;     // of pictures that are wanted
let granted = null;  // the last answer: {streams, isGranted}

// Calls onShare where mayStream has another answer than before.
export function follow({ onFrame, onStatus, onAway, onCause, onHidden, onShare }) {
  const take = {
    frame: (data) => onFrame(JSON.parse(data)),
    status: (data) => { onStatus(JSON.parse(data)); line?.say(); },
    away: onAway,
    cause: (cause) => { if (cause.isUnknown) location.assign("login"); onCause(cause); },
    streams: (answer) => { granted = answer; onShare(); },
  };
  const tell = ({ kind, data }) => take[kind](data);
  const join = () => {
    line?.leave();
    line = isAlone ? ownLine(tell) : sharedLine(tell, { onSilent: join, onBroken: joinAlone });
  };
  const joinAlone = () => { isAlone = true; if (line) { join(); onShare(); } };
  const part = () => { line?.leave(); line = granted = null; };
  isAlone = !("SharedWorker" in window);
  // A tab that nobody sees leaves its connections to others.
  document.addEventListener("visibilitychange", () => {
    part();
    if (document.hidden) onHidden();
    else join();
  });
  addEventListener("pagehide", part);
  addEventListener("pageshow", ({ persisted }) => { if (persisted) join(); });
  if (!document.hidden) join();
}

// Returns whether this tab may have so many streams of pictures; null where that is not known yet.
export function mayStream(count) {
  if (isAlone) return count <= MOST_STREAMS;
  if (count !== streams) {
    streams = count;
    line?.say();
  }
  return granted?.streams === count ? granted.isGranted : null;
}

function ownLine(tell) {
  return { say: () => {}, leave: openEvents("events", tell) };
}

function sharedLine(tell, { onSilent, onBroken }) {
  const worker = new SharedWorker("static/shared.js", { type: "module" });
  const { port } = worker;
  let watchdog = 0;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(onSilent, SILENT_MS);
  };
  const say = () => port.postMessage({ streams });
  worker.onerror = onBroken;
  port.onmessage = ({ data }) => { alive(); tell(data); };
  alive();
  say();
  const leave = () => {
    clearTimeout(watchdog);
    port.postMessage({ isLeaving: true });
    port.close();
  };
  return { say, leave };
}
