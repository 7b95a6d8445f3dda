// The pictures: one tile a camera that is shown, each connected to its stream.

import { isOffline, offlineSince } from "./cameras.js";
import { byId, element, write } from "./dom.js";
import { countFaces } from "./faces.js";
import { drawMarks, paintMarks } from "./marks.js";
import { followPictures, Refusal } from "./stream.js";

const SNAPSHOT_MS = 500;   // between pictures of a tile that may have no stream
const AGAIN_MS = 2000;
const FIRST_MS = 5000;     // so long a snapshot waits for a tile's first picture
const TAB = Math.random().toString(36).slice(2) || "0";  // all streams of this tab are one viewer

const tiles = new Map();   // by camera
let isFrozen = false;

// Shows these cameras and no others, as streams or as a picture now and then. An empty list is no
// picture at all.
export function showTiles(cameras, { blur, streams }) {
  const wanted = `boxes=0&blur=${blur ? 1 : 0}`;
  const names = cameras.map(({ camera }) => camera);
  for (const [name, tile] of tiles) if (!names.includes(name)) remove(name, tile);
  for (const camera of cameras) {
    const tile = tiles.get(camera.camera) || add(camera.camera);
    if (!isFrozen && (tile.query !== wanted || tile.streams !== streams)) connect(tile, wanted, streams);
    describe(tile, camera, names.length > 1);
  }
  byId("stage").classList.toggle("grid", names.length > 1);
  byId("waiting").hidden = names.length > 0;
}

export function reconnect() {
  for (const tile of tiles.values()) tile.query = null;
}

// Shows nothing of what has come so far: whoever asks for blurred faces sees no sharp one any more.
export function clearPictures() {
  for (const tile of tiles.values()) {
    disconnect(tile);
    empty(tile);
    mark(tile);
  }
}

// Returns the picture of each camera that has one, and the frame it is of; null where it is words.
export function pictures() {
  const loaded = [...tiles].filter(([, { canvas }]) => canvas.width > 0);
  return new Map(loaded.map(([name, { canvas, frame }]) => [name, { canvas, frame }]));
}

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

// Returns what is seen of a camera as one picture, null where nothing comes.
export async function pictureOf(camera, { boxes }) {
  await Promise.race([tiles.get(camera)?.first, pause(FIRST_MS)]);
  const { canvas, frame } = pictures().get(camera) ?? {};
  if (!canvas || !boxes || !frame) return canvas ?? null;
  const copy = element("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  paintMarks(context, frame);
  return copy;
}

export function freeze(frozen) {
  isFrozen = frozen;
  for (const tile of tiles.values()) disconnect(tile);
}

function add(name) {
  const tile = {
    name, query: null, streams: true, stop: new AbortController(), next: null,
    node: element("figure", "tile"), canvas: element("canvas"),
    marks: document.createElementNS("http://www.w3.org/2000/svg", "svg"),
    words: element("p", "words"), caption: element("figcaption"),
  };
  empty(tile);
  tile.canvas.setAttribute("role", "img");
  tile.canvas.setAttribute("aria-label", `Picture of ${name}`);
  tile.marks.setAttribute("class", "marks");
  tile.marks.setAttribute("aria-hidden", "true");  // the cards say the same
  tile.words.hidden = tile.caption.hidden = true;
  tile.node.append(tile.canvas, tile.marks, tile.words, tile.caption);
  tile.node.dataset.camera = name;
  tile.resized = new ResizeObserver(() => mark(tile));
  tile.resized.observe(tile.node);
  byId("tiles").append(tile.node);
  tiles.set(name, tile);
  return tile;
}

function empty(tile) {
  tile.frame = null;
  tile.canvas.width = tile.canvas.height = 0;
  tile.first = new Promise((done) => { tile.begin = done; });
}

function remove(name, tile) {
  disconnect(tile);
  tile.resized.disconnect();
  tile.node.remove();
  tiles.delete(name);
}

function connect(tile, wanted, streams) {
  disconnect(tile);
  Object.assign(tile, { query: wanted, streams });
  const { signal } = tile.stop;
  watch(tile, signal).catch((error) => {
    if (signal.aborted) return;
    if (error instanceof Refusal) refuse(tile, error.message);
    else tile.query = null;
  });
}

function disconnect(tile) {
  tile.stop.abort();
  tile.stop = new AbortController();
  tile.query = null;
  tile.next?.bitmap.close();
  tile.next = null;
}

async function watch(tile, signal) {
  const name = encodeURIComponent(tile.name);
  const path = tile.streams ? `video_feed/${name}` : `snapshot/${name}.jpg`;
  tile.canvas.dataset.source = path;
  const onPicture = (bitmap, frame) => take(tile, bitmap, frame);
  do {
    await followPictures(`${path}?${tile.query}&tab=${TAB}`, signal, onPicture);
    if (!tile.streams) await pause(SNAPSHOT_MS);
  } while (!tile.streams && !signal.aborted);
  if (!signal.aborted) tile.query = null;  // the next status connects again
}

function refuse(tile, reason) {
  const { signal } = tile.stop;
  tile.words.hidden = false;
  tile.words.textContent = `The picture cannot be loaded; trying again. ${reason}`;
  setTimeout(() => { if (!signal.aborted) tile.query = null; }, AGAIN_MS);  // the next status connects again
}

// Picture and boxes are shown together, with the screen's next picture.
function take(tile, bitmap, frame) {
  if (tile.next) tile.next.bitmap.close();
  else requestAnimationFrame(() => present(tile));
  tile.next = { bitmap, frame };
}

function present(tile) {
  if (!tile.next) return;
  const { bitmap, frame } = tile.next;
  tile.next = null;
  const { canvas } = tile;
  if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
  if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  tile.begin();
  tile.frame = frame;
  tile.words.hidden = true;
  mark(tile);
  countFaces([...tiles.values()].flatMap(({ frame: shown }) => shown?.faces ?? []).length);
}

function mark({ name, marks, node, frame }) {
  const scale = frame && Math.min(node.clientWidth / frame.width, node.clientHeight / frame.height);
  drawMarks(marks, frame, name, scale);
}

function describe(tile, camera, isOneOfMany) {
  if (camera.newest) {
    tile.node.style.setProperty("--ratio", String(camera.newest.width / camera.newest.height));
  }
  tile.caption.hidden = !isOneOfMany;
  tile.caption.classList.toggle("offline", isOffline(camera));
  write(tile.caption, isOffline(camera) ? `${camera.camera} · ${offlineSince(camera)}` : camera.camera);
}
