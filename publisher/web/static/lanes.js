// Which face is drawn in which lane of the timeline: those that come one after another share one.

export const FEW_LANES = 8;    // as many are shown unless all are asked for
const APART_S = 1;             // between two faces in one lane, where there is room
const NEXT_S = 0.3;            // what is drawn of two faces that follow each other may overlap so much

const kept = new Map();        // by face: faces stay in their lane as older ones leave the picture

// Takes faces {key, stretches}. Returns the lanes, each a list of faces; those that are many come last.
export function pack(faces) {
  const lanes = [];
  for (const key of kept.keys()) if (!faces.some((face) => face.key === key)) kept.delete(key);
  const ordered = [...faces].sort((a, b) => begin(a) - begin(b));
  for (const face of ordered.filter(({ key }) => kept.has(key))) {
    const at = kept.get(face.key);
    if (isFree(lanes, at, face, -NEXT_S)) put(lanes, at, face);
    else kept.delete(face.key);  // who had left is back, and somebody else is there
  }
  for (const face of ordered.filter(({ key }) => !kept.has(key))) {
    const at = laneFor(lanes, face);
    if (at < FEW_LANES) kept.set(face.key, at);  // else it is looked for again: one may become free
    put(lanes, at, face);
  }
  return Array.from(lanes, (lane) => lane ?? []);
}

function laneFor(lanes, face) {
  const free = (apart_s) => (at) => isFree(lanes, at, face, apart_s);
  const few = Array.from({ length: FEW_LANES }, (_, at) => at);
  const more = Array.from({ length: lanes.length + 1 }, (_, at) => at);
  return few.find(free(APART_S)) ?? few.find(free(-NEXT_S)) ?? more.find(free(APART_S)) ?? lanes.length;
}

const isFree = (lanes, at, face, apart_s) => (lanes[at] ?? []).every((other) => gap(face, other) >= apart_s);

function put(lanes, at, face) {
  (lanes[at] ??= []).push(face);
}

const begin = ({ stretches }) => stretches[0].from;
const end = ({ stretches }) => stretches.at(-1).to;
const gap = (one, other) => Math.max(begin(one) - end(other), begin(other) - end(one));
