// Pictures over HTTP, each with the faces that are in it: a line of JSON, then the JPEG.

const TYPE = "application/octet-stream";  // who asks for this draws the boxes
const NEWLINE = 10;

// Calls `onPicture` with each picture that there is time for, a bitmap that is to be closed, and the frame
// it is of; null where it is words. Returns when the server ends it; throws where it does not answer.
export async function followPictures(address, signal, onPicture) {
  const answer = await fetch(address, { headers: { Accept: TYPE }, cache: "no-store", signal });
  if (!answer.ok) throw new Refusal((await answer.text()).trim().split("\n").at(-1));
  const reader = answer.body.getReader();
  const pictures = new Pictures();
  let newest = null;
  let isDecoding = false;
  const decode = async () => {
    if (isDecoding) return;
    isDecoding = true;
    while (newest) {
      const { jpeg, frame } = newest;
      newest = null;
      const bitmap = await createImageBitmap(jpeg).catch(() => null);  // one that is damaged is left out
      if (signal.aborted) bitmap?.close();
      else if (bitmap) onPicture(bitmap, frame);
    }
    isDecoding = false;
  };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    newest = pictures.take(value) ?? newest;
    decode();
  }
}

// The server's own words.
export class Refusal extends Error {}

class Pictures {
  #chunks = [];
  #size = 0;
  #wanted = 1;  // with so many bytes there is more to be found

  // Takes in what has come; returns the newest picture that is whole, null where none is.
  take(chunk) {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    let newest = null;
    while (this.#size >= this.#wanted) {
      const bytes = this.#join();
      const start = bytes.indexOf(NEWLINE) + 1;
      if (start === 0) this.#wanted = this.#size + 1;
      else if (start === 1) this.#keep(bytes.subarray(start));  // between two pictures
      else {
        const { bytes: length, frame } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, start)));
        this.#wanted = start + length;
        if (this.#size < this.#wanted) continue;
        newest = { jpeg: new Blob([bytes.subarray(start, this.#wanted)], { type: "image/jpeg" }), frame };
        this.#keep(bytes.subarray(this.#wanted));
      }
    }
    return newest;
  }

  #join() {
    if (this.#chunks.length === 1) return this.#chunks[0];
    const joined = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [joined];
    return joined;
  }

  #keep(rest) {
    this.#chunks = rest.length ? [rest] : [];
    this.#size = rest.length;
    this.#wanted = 1;
  }
}
