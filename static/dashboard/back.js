// The notice that something changed back: said once to a screen reader, on whichever page; the focus is not lost with it.
(() => {
  "use strict";
  const KEY = "midcall-told";
  // Browsers that keep other sites' frames from storing anything throw here; then every page of the panel tells anew.
  const stored = (() => { try { return sessionStorage; } catch { return null; } })();
  const known = new Set((stored?.getItem(KEY) ?? "").split(" "));
  function tell() {
    const fresh = [...document.querySelectorAll("#back [data-back]")].filter((each) => !known.has(each.dataset.back));
    if (!fresh.length) return;
    for (const each of fresh) known.add(each.dataset.back);
    stored?.setItem(KEY, [...known].slice(-50).join(" "));
    document.getElementById("say").textContent = fresh.map((each) => each.querySelector(".said").textContent).join(" ");
  }
  let pressed = null;
  document.addEventListener("click", ({ target }) => { pressed = target.closest("#back button"); });
  document.addEventListener("htmx:after:swap", () => {
    tell();
    if (pressed && !pressed.isConnected && document.activeElement === document.body) document.getElementById("main").focus();
  });
  tell();
})();
