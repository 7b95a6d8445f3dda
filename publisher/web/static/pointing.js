// The card and the box of one face point at each other: what is under the pointer or has the focus is
// shown on both. The focus is what a finger has.

let over = null;
let focused = null;

const keyOf = (source, number) => `${number} ${source}`;
const faceOf = (target) => target?.closest?.("[data-face]")?.dataset.face ?? null;
const pointed = () => over ?? focused;

// Makes a node one of those that stand for a face; `source` is its camera, or what else it is in.
export function pointable(node, source, number) {
  node.dataset.face = keyOf(source, number);
  node.classList.toggle("pointed", node.dataset.face === pointed());
}

export function setUpPointing() {
  const listen = (kind, change) => document.addEventListener(kind, (event) => {
    const before = pointed();
    change(event);
    if (pointed() !== before) show();
  });
  listen("pointerover", ({ target }) => { over = faceOf(target); });
  listen("pointerout", ({ relatedTarget }) => { over = faceOf(relatedTarget); });
  listen("focusin", ({ target }) => { focused = faceOf(target); });
  listen("focusout", ({ relatedTarget }) => { focused = faceOf(relatedTarget); });
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.(".mark")) cardOf(faceOf(target))?.focus();
  });
}

function show() {
  for (const node of document.querySelectorAll("[data-face]")) {
    node.classList.toggle("pointed", node.dataset.face === pointed());
  }
}

const cardOf = (face) => [...document.querySelectorAll(".face[data-face]")].find((card) => card.dataset.face === face);
