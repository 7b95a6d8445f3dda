// Keys that do something by themselves, without Ctrl or Alt: what there is, and the switch that turns
// them off for who speaks to a computer or hits keys by accident (WCAG 2.1.4).

import { byId, element } from "./dom.js";

const OTHERS = [["1 … 9", "Choose a camera"], ["0", "All cameras"]];

export const keys = { areOn: localStorage.getItem("keys") !== "0" };

// Returns whether a key that was pressed is a shortcut's, and not meant for something else.
// The switch has the focus for a moment after its panel has closed.
export function isShortcut({ ctrlKey, metaKey, altKey, target }) {
  const isElsewhere = byId("keys").open || target.matches("input:not(#keys-on), textarea, select");
  return keys.areOn && !(ctrlKey || metaKey || altKey) && !isElsewhere;
}

export function setUpKeys(onChange) {
  const dialog = byId("keys");
  const choice = byId("keys-on");
  const buttons = [...document.querySelectorAll("[aria-keyshortcuts]")].map(
    (button) => ({ button, key: button.getAttribute("aria-keyshortcuts"), title: button.title }),
  );
  const rows = buttons.map(({ key, title }) => [key.toUpperCase(), withoutKey(title)]);
  byId("keys-list").replaceChildren(...[...rows, ...OTHERS].map(row));
  const show = () => {
    choice.checked = keys.areOn;
    for (const { button, key, title } of buttons) {
      button.title = keys.areOn ? title : withoutKey(title);
      if (keys.areOn) button.setAttribute("aria-keyshortcuts", key);
      else button.removeAttribute("aria-keyshortcuts");
    }
  };
  choice.addEventListener("change", () => {
    keys.areOn = choice.checked;
    localStorage.setItem("keys", keys.areOn ? "1" : "0");
    show();
    onChange();
  });
  byId("help").addEventListener("click", () => dialog.showModal());
  addEventListener("keydown", (event) => { if (event.key === "?" && isShortcut(event)) dialog.showModal(); });
  dialog.addEventListener("click", ({ target }) => { if (target === dialog) dialog.close(); });  // beside it
  show();
}

const withoutKey = (title) => title.replace(/ \(.\)$/, "");

function row([key, does]) {
  const made = element("div");
  const term = element("dt");
  term.append(element("kbd", "", key));
  made.append(term, element("dd", "", does));
  return made;
}
