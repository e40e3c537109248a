// The way back from an interaction or an edit leads to the list as it was left: with its search, filters and page.
(() => {
  "use strict";
  // Browsers that keep other sites' frames from storing anything throw here; then only the last page is known.
  const stored = (() => { try { return sessionStorage; } catch { return null; } })();
  const name = (path) => `midcall-list ${document.body.dataset.person ?? ""} ${path}`;
  const came = document.referrer ? new URL(document.referrer) : null; // opened in a tab of its own, nothing is stored yet
  const last = (path) => (came?.origin === location.origin && came.pathname === path && !came.searchParams.toString().includes("set.") ? came.search : "");
  const left = (path) => stored?.getItem(name(path)) ?? last(path);
  if (document.querySelector("main #rows")) stored?.setItem(name(location.pathname), location.search);
  for (const each of document.querySelectorAll("a[data-close]")) if (!each.search && left(each.pathname)) each.search = left(each.pathname);
})();
