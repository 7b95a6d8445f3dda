// One card a face: its label and the seven probabilities as bars.

const byId = (id) => document.getElementById(id);

export function showFaces(camera, colours) {
  const isShown = camera && camera.newest && (camera.online || camera.ended);
  const faces = isShown ? camera.newest.faces : [];
  byId("face-count").textContent = faces.length > 1 ? String(faces.length) : "";
  byId("no-faces").hidden = faces.length > 0;
  byId("no-faces").textContent = isShown ? "No face in the picture" : "No picture";
  const box = byId("faces");
  const cards = new Map([...box.children].map((card) => [card.dataset.track, card]));
  const wanted = faces.map((face) => {
    const key = `${camera.camera}/${face.track_id}`;
    const card = cards.get(key) || newCard(key, colours);
    fill(card, face, colours);
    return card;
  });
  // Cards that stay are not touched, so that their bars move instead of jumping.
  const keep = new Set(wanted);
  for (const card of [...box.children]) if (!keep.has(card)) card.remove();
  wanted.forEach((card, at) => { if (box.children[at] !== card) box.insertBefore(card, box.children[at] || null); });
}

function newCard(key, colours) {
  const card = byId("face-template").content.firstElementChild.cloneNode(true);
  card.dataset.track = key;
  card.querySelector(".bars").replaceChildren(...Object.entries(colours).map(([label, colour]) => {
    const row = document.createElement("li");
    row.dataset.label = label;
    const [name, bar, value, inner] = ["name", "bar", "value", "fill"].map((kind) => {
      const span = document.createElement("span");
      span.className = kind;
      return span;
    });
    name.textContent = label;
    inner.style.backgroundColor = colour;
    bar.append(inner);
    row.append(name, bar, value);
    return row;
  }));
  return card;
}

function fill(card, face, colours) {
  const percent = (value) => `${Math.round(value * 100)} %`;
  card.querySelector(".label").textContent = face.label || "not classified yet";
  card.querySelector(".confidence").textContent = face.label ? percent(face.confidence) : "";
  card.querySelector(".track").textContent = `face ${face.track_id}`;
  card.querySelector(".swatch").style.backgroundColor = face.label ? colours[face.label] : "";
  for (const row of card.querySelectorAll(".bars li")) {
    const value = face.smoothed ? face.smoothed[row.dataset.label] : 0;
    row.classList.toggle("chosen", row.dataset.label === face.label);
    row.querySelector(".fill").style.width = `${value * 100}%`;
    row.querySelector(".value").textContent = face.smoothed ? percent(value) : "–";
  }
}
