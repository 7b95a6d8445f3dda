// The figures under the picture, and whether anything is being stored.

const STAGES = ["capture", "detector", "classifier", "publisher"];
const byId = (id) => document.getElementById(id);

export function showHealth(status, camera) {
  const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
  const write = (id, value, unit = "") => {
    byId(id).textContent = value === null || value === undefined ? "–" : number.format(value) + unit;
  };
  write("fps", camera && camera.fps);
  write("age-p50", camera && camera.age_ms.p50, " ms");
  write("age-p95", camera && camera.age_ms.p95, " ms");
  write("published", camera && camera.published);
  if (camera && camera.mode === "lossless" && camera.total_frames > 0) {
    byId("published").textContent += ` of ${number.format(camera.total_frames)}`;
  }
  write("dropped", camera && camera.dropped_total);
  write("failed", camera && camera.failed);
  byId("failed").className = camera && camera.failed ? "bad" : "";
  write("in-flight", camera && camera.in_flight);
  write("viewers", status.viewers);
  byId("workers").textContent = STAGES.map((stage) => {
    const workers = status.workers[stage] || [];
    const rate = workers.reduce((sum, worker) => sum + worker.rate, 0);
    return `${workers.length} ${stage}${rate ? ` (${number.format(rate)}/s)` : ""}`;
  }).join(" · ");
  const causes = camera ? Object.entries(camera.dropped).filter(([, count]) => count > 0) : [];
  byId("drop-causes-row").hidden = causes.length === 0;
  byId("drop-causes").textContent = causes.map(([cause, count]) => `${cause.replaceAll("_", " ")} ${number.format(count)}`).join(" · ");
  const recording = status.recording;
  byId("recording-row").hidden = recording.state === "off";
  byId("recording").className = recording.state === "stopped" ? "bad" : "";
  byId("recording").textContent = recording.state === "stopped"
    ? `stopped after ${number.format(recording.records)}: ${recording.reason}`
    : `${number.format(recording.records)} in ${recording.path}`;
}

export function showStoring(recording) {
  byId("storing").textContent = recording.state === "on" ? "; right now results are being recorded" : "";
}
