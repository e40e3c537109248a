// What the board holds on to: each poll says which rows are shown, and whether they may move. New ones are announced.
(() => {
  "use strict";
  const CALM = 30000; // nobody touched the page for so long: then its rows may change by themselves
  const rows = document.getElementById("rows");
  const poller = () => document.getElementById("poll");
  const touched = { at: Date.now(), back: false, show: false };
  const last = { mode: "", sent: "" };
  for (const name of ["keydown", "pointerdown", "pointermove", "scroll"])
    addEventListener(name, () => { touched.at = Date.now(); touched.back = false; }, { passive: true });
  document.addEventListener("visibilitychange", () => { touched.back = !document.hidden; });

  const atWork = () => rows.contains(document.activeElement) || rows.querySelector(":checked") || rows.matches(":hover");
  function mode() {
    if (touched.show) return "follow";
    if ("paused" in document.body.dataset) return "pause";
    const calm = touched.back || Date.now() - touched.at > CALM;
    return calm && !atWork() ? "follow" : "hold";
  }
  // Ids as bytes: two hundred fit into a header that every proxy passes on.
  function packed() {
    const bytes = [...rows.children].flatMap((row) => row.id.slice(1).replaceAll("-", "").match(/../g).map((hex) => parseInt(hex, 16)));
    return btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
  }
  document.addEventListener("htmx:config:request", ({ detail }) => {
    const { sourceElement, request } = detail.ctx;
    if (sourceElement !== poller()) return;
    last.sent = mode();
    request.headers["Midcall-Shown"] = `${last.sent} ${sourceElement.dataset.at} ${packed()}`;
    // Another way to answer is another answer, however new the last one was.
    if (last.sent !== last.mode || touched.show) delete request.headers["HX-PTag"];
  });
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (!detail.ctx.sourceElement.matches?.("[data-poll]")) return;
    last.mode = last.sent;
    if (last.sent === "follow") touched.show = touched.back = false;
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-show=here]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    touched.show = true;
    htmx.trigger(poller(), "wake");
    rows.closest("[tabindex]").focus({ preventScroll: true }); // the link goes away with what it announced
  });

  // The columns to choose from are many, and rarely looked at: they are no part of the page before.
  document.addEventListener("click", ({ target }) => {
    const dialog = document.getElementById("columns");
    if (target.closest("[data-open=columns]") && !dialog.firstElementChild)
      dialog.append(document.getElementById("columns-content").content.cloneNode(true));
  }, true);

  // A value belongs to "is exactly" only.
  const how = document.getElementById("how");
  const value = document.getElementById("value");
  const offer = () => { value.closest("div").hidden = how.value !== "is"; };
  how.addEventListener("change", offer);
  offer();
})();
