// A form that somebody has begun to fill in is not left without a question. The editor asks for itself.
(() => {
  "use strict";
  let touched = Boolean(document.querySelector("[data-guard=typed]")); // it came back with what was typed
  document.addEventListener("input", ({ target }) => { if (target.closest("[data-guard]")) touched = true; });
  document.addEventListener("submit", () => { touched = false; });
  addEventListener("beforeunload", (event) => { if (touched) event.preventDefault(); });
})();
