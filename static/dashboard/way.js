// The way back from an interaction or an edit leads to the list it was opened in: with its search, filters and page.
(() => {
  "use strict";
  // Browsers that keep other sites' frames from storing anything throw here; then only the page before is known.
  const stored = (() => { try { return sessionStorage; } catch { return null; } })();
  const name = (path) => `midcall-list ${document.body.dataset.person ?? ""} ${path}`;
  document.addEventListener("click", ({ target }) => {
    const link = target.closest("#rows a.open");
    if (link) stored?.setItem(name(location.pathname), `#${link.id} ${location.search}`);
  });
  const came = document.referrer ? new URL(document.referrer) : null;
  const fresh = !stored || history.length === 1; // opened in a tab of its own: nothing is stored there
  function left({ pathname, hash }) {
    const [row, search] = (stored?.getItem(name(pathname)) ?? "").split(" ");
    if (row && row === hash) return search;
    return fresh && came?.origin === location.origin && came.pathname === pathname ? came.search : "";
  }
  for (const each of document.querySelectorAll("a[data-close][href*='#l']")) {
    const search = left(each);
    if (search) each.search = search;
  }
})();
