// The token against forged posts follows the cookie: signing in again in another tab changes both. A panel has no such
// cookie: there the page holds the token, and panel.js puts in a new one.
(() => {
  "use strict";
  const token = () => document.body.dataset.token ?? cookie();
  const cookie = () => document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
  document.addEventListener("htmx:config:request", ({ detail }) => {
    const { request } = detail.ctx;
    request.headers["X-CSRFToken"] = token();
    request.headers["Midcall-Person"] = document.body.dataset.person ?? "";
    request.body?.delete?.("csrfmiddlewaretoken");
  });
  document.addEventListener("submit", ({ target }) => {
    const field = target.querySelector("[name=csrfmiddlewaretoken]");
    if (field && token()) field.value = token();
  });
})();
