// The stream of events: frames as they are published, the status every second.

const RETRY_MS = 1000;
const SILENT_MS = 5000;  // the status comes every second: whoever says nothing so long is gone

export function follow({ onFrame, onStatus, onAway, onCause, onHidden }) {
  let source = null;
  let watchdog = 0;
  let next = 0;
  const connect = () => {
    if (document.hidden) return;
    source = new EventSource("events");
    source.addEventListener("frame", (event) => { alive(); onFrame(JSON.parse(event.data)); });
    source.addEventListener("status", (event) => { alive(); onStatus(JSON.parse(event.data)); });
    source.addEventListener("error", again);  // also where the browser itself would give up
    alive();
  };
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(again, SILENT_MS);
  };
  const leave = () => {
    source?.close();
    clearTimeout(watchdog);
    clearTimeout(next);
  };
  const again = () => {
    leave();
    onAway();
    askWhy(onCause);
    next = setTimeout(connect, RETRY_MS);
  };
  // All tabs of a browser share six connections to a server: those that nobody sees leave them to others.
  document.addEventListener("visibilitychange", () => {
    leave();
    if (document.hidden) onHidden();
    else connect();
  });
  connect();
}

// A stream does not say why there is none: a pipeline that was started anew does not know this browser
// any more, or as many pages are open as may be.
async function askWhy(onCause) {
  const answer = await fetch("events", { method: "HEAD" }).catch(() => null);
  if (answer?.status === 401) location.assign("login");
  onCause({ isFull: answer?.status === 503 });
}
