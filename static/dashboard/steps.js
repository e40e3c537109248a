// What can be done about an attribute goes away once it is done: the focus stays at the line that says what came of it.
(() => {
  "use strict";
  const line = (element) => element?.closest(".status")?.id;
  let at; // where the focus was, or the pointer
  document.addEventListener("click", ({ target }) => { at = target.closest(".steps button") ? line(target) : undefined; });
  document.addEventListener("htmx:before:swap", () => { at = line(document.activeElement) ?? at; });
  document.addEventListener("htmx:after:swap", () => {
    if (document.activeElement !== document.body) at = undefined;
    if (!at) return;
    const said = document.getElementById(at);
    said?.focus();
    if (document.activeElement === document.body) said?.closest("[data-field]")?.querySelector("[name^='set.']").focus(); // there is nothing to say
  });
})();
