// What sticks to the edges of the screen: how high it is just now, so that it covers nothing that has the focus.
(() => {
  "use strict";
  const root = document.documentElement;
  const part = (selector) => document.querySelector(selector);
  const height = (element) => element?.offsetHeight ?? 0;
  const sticks = () => [part("#top"), part("#notices"), part("#errors"), part(".savebar")].filter(Boolean);
  let before = 0;

  function measure() {
    const top = height(part("#top")) || height(part("#notices")); // a narrow screen lets the pages' bar go
    const said = part("#errors");
    const errors = said && getComputedStyle(said).position === "sticky" ? height(said) : 0;
    const bottom = height(part(".savebar"));
    root.style.setProperty("--top", `${top}px`);
    root.style.setProperty("--told", `${top + errors}px`);
    root.style.setProperty("--bottom", `${bottom}px`);
    const all = top + errors + bottom;
    if (all > before) uncover(document.activeElement);
    before = all;
  }
  function uncover(at) {
    if (at?.matches("main :is(a, button, input, select, textarea)") && !at.closest(".savebar, #errors")) at.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("htmx:after:swap", measure); // before anything else looks for its place on the page
  const observer = new ResizeObserver(measure);
  for (const each of sticks()) observer.observe(each);
  measure();
})();
