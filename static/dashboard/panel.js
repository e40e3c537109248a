// The panel's way in: a window signs somebody in and hands the sign-in over, or the person types the panel's code there.
(() => {
  "use strict";
  const door = () => document.getElementById("door");
  const show = (id, on) => document.getElementById(id)?.toggleAttribute("hidden", !on);
  const others = new BroadcastChannel("midcall-panel"); // panels beside this one share its cookie
  const POLL = 2000;
  let opened = null, polling = 0, turn = Promise.resolve(), waiting = 0;

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-sign-in]")) {
      event.preventDefault();
      const link = event.target.closest("a");
      opened = open(link.href, link.target, "popup,width=460,height=640");
      show("digits", true);
      clearInterval(polling);
      polling = setInterval(() => document.hidden || waiting || take(""), POLL);
    }
    if (event.target.closest("[data-new-door]")) newDoor();
  });

  addEventListener("message", async ({ origin, source, data }) => {
    if (origin !== location.origin || source !== opened || data?.midcall !== "code" || data.ask !== door()?.dataset.ask) return;
    if (await take(data.code)) source.postMessage({ midcall: "taken", ask: data.ask }, location.origin);
  });

  // One after the other: the sign-in is there for one of them only.
  function take(code) {
    waiting += 1;
    turn = turn.then(() => ask(code)).finally(() => { waiting -= 1; });
    return turn;
  }

  // Ask for the sign-in; says whether we are in.
  async function ask(code) {
    if (!door()) return false;
    const { ask: asked, secret, fetch: address } = door().dataset;
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ ask: asked, secret, code }) }).catch(() => null);
    if (!answer || answer.status === 202 || asked !== door()?.dataset.ask) return false;
    clearInterval(polling);
    if (answer.status !== 204) { show("digits", false); show("door-refused", true); return false; }
    others.postMessage("in");
    entered(answer.headers.get("Midcall-Token"));
    return true;
  }

  // What was typed stays: only a page that was nothing but the way in is left.
  function entered(token) {
    const { back } = door()?.dataset ?? {};
    if (back) { setTimeout(() => location.replace(back)); return; } // once the window has been told
    document.body.dataset.token = token;
    document.getElementById("door-place").replaceChildren();
    dispatchEvent(new Event("focus")); // the poll guard looks again
  }

  others.addEventListener("message", () => { if (door()) newDoor(); });
  // One of them may have come in between the making of this page and now.
  if (door()) fetch(document.getElementById("door-place").dataset.door).then(({ status }) => status === 204 && newDoor(), () => null);

  function newDoor() {
    clearInterval(polling);
    if (door()?.dataset.back) return location.replace(door().dataset.back);
    const place = document.getElementById("door-place");
    htmx.ajax("GET", place.dataset.door, { source: place, target: place, swap: "innerMorph" });
  }

  document.addEventListener("htmx:after:request", ({ detail }) => {
    const { status, headers } = detail.ctx.response;
    if (headers.has("Midcall-Token")) entered(headers.get("Midcall-Token")); // a panel beside this one has signed in
    else if ([401, 403].includes(status) && !door()) newDoor();
  });
})();
