// Files that the page makes.

import { element } from "./dom.js";

export function save(blob, name) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export const jpegOf = (canvas) => new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.92); });
