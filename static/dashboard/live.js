// The poll guard: when to ask, what to do when nobody answers, what the chip says. The asking itself is htmx's.
(() => {
  "use strict";
  const poller = () => document.querySelector("[data-poll]");
  const part = (id) => document.getElementById(id);
  const line = { failures: 0, until: 0, timer: 0, out: false, gone: false, paused: null, seen: null, good: new Date(), input: Date.now() };
  const IDLE = 120000; // without input for so long, every 5 s is often enough where nothing is on its way
  const REFUSALS = [400, 413, 429, 503]; // answered so by Midcall itself, nothing has been done; a proxy cannot know
  const isPoll = (event) => event.detail.ctx?.sourceElement?.matches?.("[data-poll]");
  const wake = () => poller() && htmx.trigger(poller(), "wake");
  const clock = (date) => date.toLocaleTimeString("en-GB", { timeZone: document.body.dataset.zone });

  document.addEventListener("htmx:before:request", (event) => {
    if (!isPoll(event)) return;
    const now = Date.now();
    const idle = event.target.hasAttribute("data-calm") && now - line.input > IDLE && now - line.good < 4500;
    const paused = line.paused && !event.target.hasAttribute("data-counts"); // who counts what is new asks on
    line.missed ||= !line.seen;
    if (document.hidden || !line.seen || paused || idle || now < line.until) event.preventDefault();
  });

  document.addEventListener("htmx:after:request", (event) => {
    const { response, sourceElement } = event.detail.ctx;
    const { status, headers } = response;
    if (status === 401 || (status === 403 && !isPoll(event))) return signedOut();
    // Only what is asked for the page as a whole can say that it is gone; and only Midcall itself, no proxy.
    if (status === 404 && sourceElement.matches("main [data-poll], #editor") && headers.has("X-Request-Id")) return gone();
    if (status === 404 && !isPoll(event)) return wake(); // what was asked for is not there: the poll knows more
    if ([200, 409, 422].includes(status) && writes(event.detail.ctx)) answered(status);
    if (sourceElement.closest("#back")) return wake(); // what was done there shows on the page as well
    if (!isPoll(event)) return;
    // Only Midcall itself names the age of what it shows: a proxy's page, with any status, is no answer.
    if ((status !== 200 && status !== 304) || !headers.has("Midcall-Heard")) {
      if (!headers.get("HX-Redirect")) event.preventDefault();
      if (!headers.get("HX-Redirect")) failed(Number(headers.get("Retry-After")) || 0);
      return;
    }
    heard(headers.get("Midcall-Heard"));
    line.failures = line.until = 0;
    line.out = false;
    line.good = new Date();
    show();
  });
  document.addEventListener("htmx:error", (event) => {
    if (isPoll(event)) failed(0);
    else if (writes(event.detail.ctx)) doubt("unsent");
  });
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    const { status, headers } = ctx.response;
    if (!writes(ctx) || [401, 403, 404, 409, 422].includes(status)) return;
    doubt(REFUSALS.includes(status) && headers.has("X-Request-Id") ? "refused" : "unsent");
  });
  // A question about a field, and a look at something, leave nothing in doubt.
  function writes(ctx) {
    return ctx?.request?.method !== "GET" && !ctx?.request?.action.includes("check=1");
  }
  function doubt(id) {
    if (part("refused")) part("refused").hidden = true;
    part(id)?.removeAttribute("hidden");
  }
  function answered(status) {
    if (part("refused")) part("refused").hidden = true;
    if (part("unsent") && status === 200) part("unsent").hidden = true;
  }

  function failed(retryAfter) {
    line.failures += 1;
    const wait = Math.max(retryAfter * 1000, Math.min(30000, 1000 * 2 ** line.failures) * (0.9 + Math.random() / 5));
    line.until = Date.now() + wait;
    clearTimeout(line.timer);
    line.timer = setTimeout(() => { line.until = 0; wake(); }, wait);
    show();
  }
  function signedOut() {
    line.out = true;
    line.until = Infinity;
    show();
  }
  function gone() {
    line.gone = true;
    line.until = Infinity;
    part("gone")?.removeAttribute("hidden");
    document.body.dataset.gone = "";
    for (const each of document.querySelectorAll("[data-when-gone]")) each.textContent = each.dataset.whenGone;
    document.dispatchEvent(new CustomEvent("midcall:gone"));
    show();
  }
  function tryNow() {
    line.until = 0;
    clearTimeout(line.timer);
    wake();
  }

  // --- What is shown ---
  function heard(text) {
    const chip = part("chip");
    if (chip && text !== null) chip.dataset.heard = text;
    if (chip) chip.since = Date.now();
  }
  function show() {
    const lost = line.failures > 1;
    part("offline")?.toggleAttribute("hidden", !lost || line.out);
    part("signed-out")?.toggleAttribute("hidden", !line.out);
    if (!lost && !line.out && !line.gone) delete document.body.dataset.line; else document.body.dataset.line = "down";
    if (lost) offline(Math.ceil((line.until - Date.now()) / 1000));
    chip(lost);
  }
  // Said once: only what stands outside the alert counts down.
  function offline(seconds) {
    const [words, wait] = [part("offline-words"), part("offline-wait")];
    put(words, words.dataset.words.replace("{time}", clock(line.good)));
    put(wait, seconds > 0 ? wait.dataset.words.replace("{n}", seconds) : wait.dataset.now);
  }
  function put(element, words) {
    if (element.textContent !== words) element.textContent = words;
  }
  function chip(lost) {
    const chip = part("chip");
    if (!chip) return;
    chip.since ??= Date.now();
    const [silence, how] = chip.dataset.heard.split(" ");
    const age = silence === "never" ? Infinity : Number(silence) + (Date.now() - chip.since) / 1000;
    const say = chip.dataset;
    const stale = Number.isFinite(age) ? say.stale.replace("{time}", clock(new Date(Date.now() - age * 1000))) : say.never;
    let [tone, words] = how === "read" ? ["info", say.read.replace("{n}", Math.round(age))] : ["ok", say.live.replace("{n}", Math.round(age))];
    if (age > 120) [tone, words] = ["bad", stale];
    else if (age > 45 || how === "down") [tone, words] = ["warn", stale];
    const fresh = poller()?.dataset.new;
    if (line.paused) [tone, words] = ["idle", say.paused.replace("{time}", clock(line.paused)) + (fresh ? ` · ${fresh}` : "")];
    if (line.gone) [tone, words] = ["idle", say.gone];
    if (lost || line.out) [tone, words] = ["bad", line.out ? say.out : say.lost];
    chip.className = `chip ${tone}`;
    put(chip, words);
  }
  setInterval(() => document.hidden || (part("chip") && show()), 1000);

  if (poller()) show();
  const wide = matchMedia("(width >= 48rem)").matches;
  for (const each of document.querySelectorAll("[data-wide]")) {
    each.open = wide;
    each.removeAttribute("data-wide"); // until then the sheet keeps it folded on a narrow screen
  }

  // --- When to wake ---
  document.addEventListener("visibilitychange", () => document.hidden || again());
  addEventListener("focus", () => line.out && again());
  addEventListener("online", tryNow);
  for (const name of ["keydown", "pointerdown"]) addEventListener(name, () => { line.input = Date.now(); });
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  new IntersectionObserver(([entry]) => {
    const before = line.seen;
    line.seen = entry.isIntersecting;
    if (line.seen && (before === false || line.missed)) wake();
    line.missed = false;
  }).observe(document.documentElement);
  function again() {
    if (line.out) line.until = 0;
    wake();
  }
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-try-now]")) tryNow();
    if (target.closest("[data-dismiss]")) target.closest(".banner").hidden = true;
    const pause = target.closest("[data-pause]");
    if (pause) {
      line.paused = line.paused ? null : new Date();
      document.body.toggleAttribute("data-paused", Boolean(line.paused));
      pause.setAttribute("aria-pressed", String(Boolean(line.paused)));
      pause.querySelector("span").textContent = line.paused ? pause.dataset.resume : pause.dataset.pause;
      show();
      wake();
    }
  });
  document.addEventListener("htmx:after:swap", show);
})();
