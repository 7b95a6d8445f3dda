// What every part of the page needs of the document.

export const byId = (id) => document.getElementById(id);

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// Screen readers are told only of what has changed.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const percent = (share) => `${Math.round(share * 100)} %`;

export const degrees = (angle) => `${Math.round(angle)}°`.replace("-", "−").replace("−0°", "0°");

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString();
}

// Makes a canvas as sharp as the screen; returns its context, in CSS pixels, and its size in them.
export function paper(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
