// The server's stream of events, opened again whenever it ends. Runs in a page, or in the worker
// that all pages of a browser share.

const RETRY_MS = 1000;
const SILENT_MS = 5000;  // the status comes every second: whoever says nothing so long is gone

// Tells of what comes as it comes, {kind, data}: "frame" and "status" with the server's text, "away"
// where the stream has ended, and then "cause". Returns what closes it.
export function openEvents(address, tell) {
  let source = null;
  let watchdog = 0;
  let next = 0;
  let isClosed = false;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(again, SILENT_MS);
  };
  const connect = () => {
    source = new EventSource(address);
    for (const kind of ["frame", "status"]) {
      source.addEventListener(kind, ({ data }) => { alive(); tell({ kind, data }); });
    }
    source.addEventListener("error", again);  // also where the browser itself would give up
    alive();
  };
  const leave = () => {
    source.close();
    clearTimeout(watchdog);
    clearTimeout(next);
  };
  const again = () => {
    leave();
    tell({ kind: "away" });
    askWhy(address).then((data) => { if (!isClosed) tell({ kind: "cause", data }); });
    next = setTimeout(connect, RETRY_MS);
  };
  connect();
  return () => { isClosed = true; leave(); };
}

// A stream does not say why there is none: a pipeline that was started anew does not know this browser
// any more, or as many pages are open as may be.
async function askWhy(address) {
  const answer = await fetch(address, { method: "HEAD" }).catch(() => null);
  return { isUnknown: answer?.status === 401, isFull: answer?.status === 503 };
}
