// What is wrong or unusual, in words above the picture.

import { isOffline, offlineSince } from "./cameras.js";
import { byId, clock, element } from "./dom.js";
import { keys } from "./keys.js";

// Returns what there is to tell: {text, command}, as the problems of the status are.
export function noticesOf(status, cameras, frozenAt) {
  const offline = status.broker.connected ? cameras.filter(isOffline) : [];
  const isTold = ({ kind, camera }) => kind === "camera_offline" && offline.some((one) => one.camera === camera);
  const found = offline.map((one) => ({ text: `camera ${one.camera} is ${offlineSince(one)}: ${one.reason}` }));
  found.push(...status.problems.filter((problem) => !isTold(problem)));
  if (status.results.state === "stopped") found.push({ text: `recording has stopped: ${status.results.reason}` });
  for (const { state, reason } of status.recordings) {
    if (state === "stopped") found.push({ text: `the recording of pictures has stopped: ${reason}` });
  }
  if (frozenAt !== null) {
    found.push({ text: `Frozen at ${clock(frozenAt)}: what happens now is not shown. Press ${keys.areOn ? "Freeze or P" : "Freeze"} to go on.` });
  }
  return found;
}

export function showNotices(notices) {
  const box = byId("notices");
  const key = notices.map(({ text }) => text).join("\n");
  if (box.dataset.key === key) return;  // so that screen readers are not told twice
  box.dataset.key = key;
  box.replaceChildren(...notices.map(line));
}

function line({ text, command }) {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  const made = element("p");
  const [before, after] = command ? sentence.split(command) : [sentence];
  made.append(before);
  if (command) made.append(element("code", "", command), after);
  return made;
}
