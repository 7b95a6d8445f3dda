// What expressions look like. The colours are the server's; uncertain is a grey as neutral is, so it is
// striped, and the box of such a face is dashed: that is seen whatever colours somebody sees.

const OTHER_COLOURS = { "turned away": "#565D6B" };  // these two are those of the pictures
const UNKNOWN_COLOUR = "#8A8F98";
const STRIPE_COLOUR = "#F4F5F7";
const STRIPES_PX = 6;

let expressions = {};
let pattern = null;

export function learnColours(told) {
  expressions = told;
}

// Colours are looked up as late as they are needed: images may come before the first status.
export const colourOf = (label) => expressions[label] || OTHER_COLOURS[label] || UNKNOWN_COLOUR;

export const labels = () => Object.keys(expressions);

export const isUncertain = (label) => label === "uncertain";

// Black or white, whichever contrasts more: above this relative luminance it is black (WCAG 2.2).
const EVEN = 0.179;

export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > EVEN ? "#000" : "#fff";
}

export function paintSwatch(node, label) {
  node.style.backgroundColor = colourOf(label);
  node.classList.toggle("striped", isUncertain(label));
}

// Returns what a canvas is filled with for what is uncertain.
export function stripes() {
  if (pattern) return pattern;
  const tile = document.createElement("canvas");
  tile.width = tile.height = STRIPES_PX;
  const context = tile.getContext("2d");
  context.fillStyle = UNKNOWN_COLOUR;
  context.fillRect(0, 0, STRIPES_PX, STRIPES_PX);
  context.strokeStyle = STRIPE_COLOUR;
  context.lineWidth = 2;
  context.beginPath();
  for (const start of [-STRIPES_PX, 0, STRIPES_PX]) {  // also the corners that a line only touches
    context.moveTo(start - 1, STRIPES_PX + 1);
    context.lineTo(start + STRIPES_PX + 1, -1);
  }
  context.stroke();
  pattern = context.createPattern(tile, "repeat");
  return pattern;
}
