// A worker that all tabs of a browser share: one stream of events for all, and who has streams of pictures.

import { allot } from "./allotment.js";
import { openEvents } from "./events.js";

const GONE_MS = 5000;  // nothing tells of a tab that has crashed, but it answers no status any more

const tabs = new Map();  // by port, in the order in which they came: {streams, isGranted, heard_ms}
let close = null;
let lastStatus = null;   // so that a tab that comes later need not wait for the next

addEventListener("connect", ({ ports: [port] }) => {
  port.onmessage = ({ data }) => (data.isLeaving ? leave(port) : hear(port, data.streams));
});

function hear(port, streams) {
  const isNew = !tabs.has(port);
  const tab = { isGranted: null, ...tabs.get(port), heard_ms: performance.now() };
  if (tab.streams !== streams) Object.assign(tab, { streams, isGranted: null });
  tabs.set(port, tab);
  if (isNew && lastStatus) port.postMessage(lastStatus);
  close ??= openEvents("../events", tellAll);
  share();
}

function leave(port) {
  tabs.delete(port);
  if (tabs.size > 0) return share();
  close?.();
  close = lastStatus = null;
}

function tellAll(message) {
  if (message.kind === "status") {
    lastStatus = message;
    const gone = [...tabs].filter(([, { heard_ms: heard }]) => performance.now() - heard > GONE_MS);
    for (const [port] of gone) leave(port);
  }
  if (message.kind === "away") lastStatus = null;
  for (const port of tabs.keys()) port.postMessage(message);
}

function share() {
  const granted = allot([...tabs.values()].map(({ streams }) => streams));
  [...tabs].forEach(([port, tab], at) => {
    if (tab.isGranted === granted[at]) return;
    tab.isGranted = granted[at];
    port.postMessage({ kind: "streams", data: { streams: tab.streams, isGranted: tab.isGranted } });
  });
}
