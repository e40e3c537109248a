// Shortcuts. Single keys rest while somebody types, and where they are switched off.
(() => {
  "use strict";
  const typing = (element) => element.matches("input:not([type=checkbox]), select, textarea, [contenteditable]");
  const links = () => [...document.querySelectorAll("a.open")];
  const at = () => links().findIndex((each) => each.closest("tr, li")?.contains(document.activeElement));
  const step = (by) => {
    const all = links();
    if (!all.length) return;
    const from = at();
    all[from < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, from + by))].focus();
  };
  // Not `autofocus`: browsers complain about it in a frame of another site.
  const show = (id) => { const dialog = document.getElementById(id); dialog.showModal(); dialog.querySelector(".primary")?.focus(); };
  const click = (selector) => document.querySelector(selector)?.click();
  const single = {
    "/": () => document.querySelector("[data-search]")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    x: () => document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
    e: () => document.querySelector("#editor [name^='set.']")?.focus(),
    n: () => click("[data-show]"),
    p: () => click("[data-pause]"),
    "[": () => click("[rel=prev]"),
    "]": () => click("[rel=next]"),
    "?": () => show("keys"),
  };
  // On some keyboards a bracket is typed with AltGr or Option: that is no chord.
  const chord = ({ key, altKey, ctrlKey, metaKey }) => metaKey || (altKey ? !"[]".includes(key) : ctrlKey);
  const place = (key) => /^[a-z]$/.test(key) && document.querySelector(`[data-go="${key}"]`);
  let going = 0;

  document.addEventListener("keydown", (event) => {
    const key = event.shiftKey ? event.key : event.key.toLowerCase(); // caps lock is no wish for something else
    const editor = document.getElementById("editor");
    if (editor && (event.ctrlKey || event.metaKey) && ["s", "enter"].includes(key)) {
      event.preventDefault(); // the browser would save the page
      if (!document.querySelector("dialog[open]")) editor.requestSubmit(document.getElementById("save"));
      return;
    }
    if (key === "escape") return escape(event);
    if (chord(event) || document.body.dataset.keys === "off") return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (Date.now() - going < 1000 && place(key)) place(key).click();
    else if (key === "g") going = Date.now();
    else if (single[key]) { event.preventDefault(); single[key](); }
  });

  // Out of a field first; then back to where one came from.
  function escape(event) {
    if (document.querySelector("dialog[open]")) return;
    if (typing(event.target)) { event.target.blur(); return; }
    click("[data-close]");
  }
  document.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-open]");
    if (opener) show(opener.dataset.open);
    const copy = target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(() => { const say = document.getElementById("say"); say.textContent = say.dataset.copied; });
  });
  document.querySelector("[data-focus-back]")?.focus();
  if (location.hash.startsWith("#l")) document.getElementById(location.hash.slice(1))?.focus();
})();
