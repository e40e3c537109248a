// The window a panel has opened to sign somebody in: hand the sign-in over, if the panel can still be reached.
(() => {
  "use strict";
  const place = document.getElementById("window");
  const give = document.getElementById("give");
  const panel = window.opener;
  if (!give || !panel || document.getElementById("typed-error").textContent) return; // then it is done by hand
  const show = (id, on) => document.getElementById(id).toggleAttribute("hidden", !on);
  const { ask, code } = place.dataset;
  show("confirm", false);
  show("handing", true);
  if (!code) return give.submit();
  const byHand = setTimeout(() => { show("handing", false); show("confirm", true); }, 3000);
  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== location.origin || source !== panel || data?.midcall !== "taken" || data.ask !== ask) return;
    clearTimeout(byHand);
    show("handing", false);
    show("confirm", false);
    show("handed", true);
    close();
  });
  panel.postMessage({ midcall: "code", ask, code }, location.origin);
})();
