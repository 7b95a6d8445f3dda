// A toolbar is one stop of the Tab key; arrows, Home and End lead through it
// (https://www.w3.org/WAI/ARIA/apg/patterns/toolbar/).

export function setUpToolbar(bar) {
  const all = () => [...bar.querySelectorAll("button, input")];
  const items = () => all().filter(({ disabled, hidden }) => !disabled && !hidden);
  const enter = (chosen) => {
    for (const item of all()) item.tabIndex = item === chosen ? 0 : -1;
  };
  const repair = () => {  // the one stop may have been disabled
    if (!items().some(({ tabIndex }) => tabIndex === 0)) enter(items()[0]);
  };
  bar.addEventListener("focusin", ({ target }) => enter(target));
  bar.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const open = items();
    const at = open.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: open.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    open[(to + open.length) % open.length].focus();
  });
  const changes = { attributeFilter: ["disabled", "hidden"], childList: true, subtree: true };
  new MutationObserver(repair).observe(bar, changes);
  enter(items()[0]);
}
