// What the faces of the last minutes looked like, a few samples a second.

export const KEPT_S = 300;
const APART_S = 0.24;
const GAP_S = 1.0;  // a face not seen for longer leaves a gap

export class Memory {
  #samples = new Map();  // by camera, oldest first: {at, faces}
  #ahead_s = 0;          // of the server's clock before this one

  // Starts with what the server remembers; throws where it does not answer.
  async load() {
    const answer = await fetch(`api/history?since=-${KEPT_S}`, { cache: "no-store" });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const history = await answer.json();
    this.#ahead_s = history.now - Date.now() / 1000;
    this.#samples.clear();
    for (const { camera, at, faces } of history.samples) this.#of(camera).push({ at, faces });
  }

  get now() { return Date.now() / 1000 + this.#ahead_s; }

  add(frame) {
    const at = Date.parse(frame.captured_at) / 1000;
    const samples = this.#of(frame.camera);
    const last = samples.at(-1);
    if (last && at < last.at - GAP_S) samples.length = 0;  // the server's clock was put back
    else if (last && at - last.at < APART_S) return;
    samples.push({ at, faces: frame.faces });
    while (samples.length && samples[0].at < this.now - KEPT_S) samples.shift();
  }

  // Returns when the first sample that is kept of these cameras was taken; null without any.
  oldest(cameras) {
    const firsts = cameras.map((camera) => this.#of(camera)[0]).filter(Boolean);
    return firsts.length ? Math.min(...firsts.map(({ at }) => at)) : null;
  }

  // Returns, by track, the stretches of one label: {from, to, label}. Only faces that were shown.
  stretches(camera, since) {
    const tracks = new Map();
    for (const { at, faces } of this.#of(camera)) {
      if (at < since) continue;
      for (const face of faces) {
        if (!face.shown || !face.label) continue;
        if (!tracks.has(face.track_id)) tracks.set(face.track_id, []);
        const before = tracks.get(face.track_id);
        const last = before.at(-1);
        if (last && at - last.to < GAP_S) last.to = at;
        if (last && last.to === at && last.label === face.label) continue;
        before.push({ from: at, to: at + APART_S, label: face.label });
      }
    }
    return tracks;
  }

  // Returns the share of the time that each label had, over all faces.
  shares(camera, since) {
    const seconds = new Map();
    let all = 0;
    for (const stretches of this.stretches(camera, since).values()) {
      for (const { from, to, label } of stretches) {
        seconds.set(label, (seconds.get(label) || 0) + to - from);
        all += to - from;
      }
    }
    return [...seconds].map(([label, of]) => ({ label, share: of / all })).sort((a, b) => b.share - a.share);
  }

  #of(camera) {
    if (!this.#samples.has(camera)) this.#samples.set(camera, []);
    return this.#samples.get(camera);
  }
}
