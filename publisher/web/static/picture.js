// The pictures: one tile a camera that is shown, each connected to its stream.

import { isOffline, offlineSince } from "./cameras.js";
import { byId, element, write } from "./dom.js";

const SNAPSHOT_MS = 500;   // between pictures of a tile that may have no stream
const AGAIN_MS = 2000;
const TAB = Math.random().toString(36).slice(2) || "0";  // all streams of this tab are one viewer

const tiles = new Map();   // by camera
let query = "";
let isFrozen = false;

// Shows these cameras and no others, as streams or as a picture now and then. An empty list is no
// picture at all.
export function showTiles(cameras, { boxes, blur, streams }) {
  const wanted = `boxes=${boxes ? 1 : 0}&blur=${blur ? 1 : 0}`;
  const names = cameras.map(({ camera }) => camera);
  for (const [name, tile] of tiles) if (!names.includes(name)) remove(name, tile);
  for (const camera of cameras) {
    const tile = tiles.get(camera.camera) || add(camera.camera);
    const isAsWanted = tile.query === wanted && tile.streams === streams && !hasEnded(tile);
    if (!isFrozen && !isAsWanted) connect(tile, wanted, streams);
    describe(tile, camera, names.length > 1);
  }
  query = wanted;
  byId("stage").classList.toggle("grid", names.length > 1);
  byId("stage").hidden = names.length === 0 && byId("stage").dataset.dataOnly === "true";
  byId("waiting").hidden = names.length > 0;
}

export function reconnect() {
  for (const tile of tiles.values()) tile.query = null;
}

// No event says that a stream of pictures has ended. But the browser has no picture then.
const hasEnded = ({ streams, image, words }) =>
  streams && words.hidden && image.hasAttribute("src") && image.complete && !image.naturalWidth;

// Returns the picture of each camera that is loaded, or its frozen copy.
export function pictures() {
  const loaded = [...tiles].filter(([, { image }]) => image.naturalWidth > 0);
  return new Map(loaded.map(([name, { image }]) => [name, image]));
}

export const snapshotAddress = (camera) => `snapshot/${encodeURIComponent(camera)}.jpg?${query}`;

export function freeze(frozen) {
  isFrozen = frozen;
  for (const tile of tiles.values()) {
    tile.frozen.hidden = !frozen;
    if (!frozen) {
      tile.query = null;
      continue;
    }
    tile.frozen.width = tile.image.naturalWidth;
    tile.frozen.height = tile.image.naturalHeight;
    if (tile.image.naturalWidth) tile.frozen.getContext("2d").drawImage(tile.image, 0, 0);
    disconnect(tile);
  }
}

export const frozenPicture = (camera) => (isFrozen ? tiles.get(camera)?.frozen : null);

function add(name) {
  const tile = {
    name, query: null, streams: true, timer: 0,
    node: element("figure", "tile"), image: element("img"), frozen: element("canvas"),
    words: element("p", "words"), caption: element("figcaption"),
  };
  tile.image.alt = `Picture of ${name}`;
  tile.frozen.hidden = tile.words.hidden = tile.caption.hidden = true;
  tile.image.addEventListener("load", () => { if (tile.query) tile.words.hidden = true; });
  tile.image.addEventListener("error", () => retry(tile));
  tile.node.append(tile.image, tile.frozen, tile.words, tile.caption);
  tile.node.dataset.camera = name;
  byId("tiles").append(tile.node);
  tiles.set(name, tile);
  return tile;
}

function remove(name, tile) {
  disconnect(tile);
  tile.node.remove();
  tiles.delete(name);
}

function connect(tile, wanted, streams) {
  disconnect(tile);
  Object.assign(tile, { query: wanted, streams });
  const name = encodeURIComponent(tile.name);
  const path = streams ? `video_feed/${name}` : `snapshot/${name}.jpg`;
  const load = () => {
    if (!streams && tile.image.hasAttribute("src") && !tile.image.complete) return;
    // The number makes the browser ask again for an address that it has had.
    tile.image.src = `${path}?${wanted}&tab=${TAB}&n=${Date.now()}`;
  };
  load();
  if (!streams) tile.timer = setInterval(load, SNAPSHOT_MS);
}

function disconnect(tile) {
  clearInterval(tile.timer);
  tile.query = null;
  tile.image.removeAttribute("src");
}

function retry(tile) {
  if (!tile.query) return;
  tile.words.hidden = false;
  tile.words.textContent = "The picture cannot be loaded; trying again (too many viewers?)";
  setTimeout(() => { tile.query = null; }, AGAIN_MS);  // the next status connects again
}

function describe(tile, camera, isOneOfMany) {
  if (camera.newest) {
    tile.node.style.setProperty("--ratio", String(camera.newest.width / camera.newest.height));
  }
  tile.caption.hidden = !isOneOfMany;
  tile.caption.classList.toggle("offline", isOffline(camera));
  write(tile.caption, isOffline(camera) ? `${camera.camera} · ${offlineSince(camera)}` : camera.camera);
}
