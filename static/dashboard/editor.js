// The form: what has been changed, what changed in Genesys meanwhile. What a person typed is never replaced.
(() => {
  "use strict";
  const form = document.getElementById("editor");
  const closed = () => document.getElementById("notice")?.dataset.closed;
  if (!form) { // nothing could be changed; as soon as it can, the page has a form, and nothing typed is lost
    document.addEventListener("htmx:after:swap", () => closed() === "" && location.reload());
    return;
  }
  const save = document.getElementById("save");
  const say = form.dataset; // its words, in the language of the page
  const fill = (words, value) => words.replace("{value}", () => value);
  const control = (field) => field.querySelector("[name^='set.']");
  const was = (field) => field.querySelector("[name^='was.']");
  const line = (text) => text.replace(/\r\n?/g, "\n"); // as every browser does it
  const fields = () => [...form.querySelectorAll("[data-field]")].filter((each) => control(each) && was(each));
  const isHalf = (field) => control(field).validity?.badInput ?? false; // a date half typed, or of no such day, reads as none
  const isChanged = (field) => isHalf(field) || line(control(field).value) !== line(was(field).value);

  function put(field, value) {
    const input = control(field);
    if (input.matches("select") && ![...input.options].some((each) => each.value === value)) input.add(new Option(value, value));
    input.value = value;
    if (line(input.value) !== line(value)) input.replaceWith(plain(input, value));
  }

  // A date that is none, or lines in a field of one line, would show as something else, and be saved as that.
  function plain(input, value) {
    const area = document.createElement("textarea");
    for (const name of ["name", "id", "aria-describedby"]) area.setAttribute(name, input.getAttribute(name) ?? "");
    area.rows = 3;
    area.value = value;
    return area;
  }

  // `data-now`: what Genesys shows, where nothing of ours is on its way.
  function follow(field) {
    const now = field.querySelector("[data-now]")?.dataset.now;
    const clash = field.querySelector(".clash");
    if (now === undefined) return; // nothing new is known: a choice that is open stays open
    field.dataset.seen = now;
    if (line(now) === line(was(field).value)) { clash.hidden = true; return; }
    if (!isChanged(field) || (!isHalf(field) && line(control(field).value) === line(now))) {
      put(field, now);
      was(field).value = now;
      clash.hidden = true;
    } else {
      clash.querySelector(".said").textContent = now === "" ? say.wordCleared : fill(say.wordChanged, now);
      clash.querySelector("[data-mine]").textContent = fill(say.wordMine, short(control(field).value));
      clash.querySelector("[data-theirs]").textContent = fill(say.wordTheirs, short(now));
      clash.hidden = false;
    }
  }

  const short = (text) => (text.length > 40 ? `${text.slice(0, 39)}…` : text) || say.wordEmpty;

  function show() {
    let changes = 0, clashes = 0;
    for (const field of fields()) {
      follow(field);
      field.classList.toggle("changed", isChanged(field));
      if (isChanged(field)) changes += 1;
      if (!field.querySelector(".clash").hidden) clashes += 1;
    }
    const changed = fields().filter(isChanged);
    const half = changed.find(isHalf);
    const told = changed.filter((field) => !isHalf(field)).map((field) => ({ field, before: was(field).value, after: control(field).value }));
    form.dispatchEvent(new CustomEvent("midcall:changes", { bubbles: true, detail: { changes: told, fields: fields() } }));
    for (const box of form.querySelectorAll("details")) if (box.querySelector(".changed, .clash:not([hidden])")) box.open = true;
    save.textContent = changes ? (changes > 1 ? say.wordSaveAll.replace("{n}", changes) : say.wordSaveOne) : say.wordSave;
    // Not `disabled`: the focus would fall off the page when it has been pressed with the keyboard.
    save.setAttribute("aria-disabled", String(!changes || clashes > 0 || Boolean(half) || Boolean(form.dataset.closed)));
    light(changes);
    document.getElementById("discard").hidden = !changes && !form.querySelector(":is([data-free], #free > *):not(:has(.badge[data-state])), #errors > *");
    document.getElementById("why").textContent =
      form.dataset.closed || (clashes ? say.wordChoose : half ? say.wordHalf.replace("{label}", () => half.dataset.label) : changes ? "" : say.wordNothing);
    return changes;
  }

  // The light tells of what was saved. What is only typed is lost by a transfer all the same.
  let lit = null; // as the server made it last
  function light(changes) {
    const shown = document.querySelector("#light .light");
    if (!shown) return;
    if (!("unsaved" in shown.dataset)) lit = shown.cloneNode(true);
    const made = lit.cloneNode(true);
    if (changes) {
      const words = changes > 1 ? say.wordUnsavedAll.replace("{n}", changes) : say.wordUnsavedOne;
      const icon = made.querySelector("use");
      made.dataset.unsaved = "";
      if (["safe", "none"].includes(made.dataset.light)) {
        made.className = "light warn";
        made.dataset.light = "unsaved";
        icon.setAttribute("href", icon.getAttribute("href").replace(/#.*/, "#pencil"));
        made.lastChild.textContent = words;
      } else made.append(` · ${words}`);
    }
    if (!made.isEqualNode(shown)) shown.replaceWith(made);
  }

  function choose(field, seen) {
    was(field).value = seen;
    field.querySelector(".clash").hidden = true;
  }

  // An answer about what has been discarded meanwhile, and was not saved, is about nothing.
  let discarded = 0;
  const own = (ctx) => ctx?.sourceElement === form;
  const isCheck = (ctx) => ctx.request.action.includes("check=1");
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => { if (own(ctx)) ctx.discarded = discarded; });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    if (own(ctx) && ctx.discarded !== discarded && (isCheck(ctx) || [409, 422].includes(ctx.response.status))) event.preventDefault();
  });

  // As the page would show it anew: without what was added to it, said about it or proposed for it.
  function discard() {
    discarded += 1;
    for (const each of form.querySelectorAll("[data-free], #free > *")) each.remove();
    for (const each of fields()) {
      unoffer(control(each), was(each).value);
      put(each, was(each).value);
      control(each).removeAttribute("aria-invalid");
      each.querySelector(".error").replaceChildren();
      each.querySelector(".clash").hidden = true;
    }
    document.getElementById("errors").replaceChildren();
    const here = new URL(location.href);
    const proposed = [...here.searchParams.keys()].filter((name) => name.startsWith("set."));
    for (const name of proposed) here.searchParams.delete(name);
    if (proposed.length) history.replaceState(history.state, "", here);
  }

  // A choice that is none was offered only to show what was wrong.
  function unoffer(input, value) {
    if (input.matches("select[aria-invalid]")) for (const each of [...input.options]) if (each.defaultSelected && each.value !== value) each.remove();
  }

  // An answer is about what was sent. Whoever types on meanwhile, or saves again, is not held up and loses nothing.
  const sending = { now: false, again: false, typed: [] };
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => { if (own(ctx)) sending.now = true; });
  document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
    const left = own(ctx) && ctx.discarded !== discarded; // what was discarded too late was saved all the same
    sending.typed = left ? [] : fields().map((field) => [field, control(field).value]);
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (!own(ctx)) return;
    const again = sending.again && (isCheck(ctx) || ctx.response?.status === 200);
    sending.now = sending.again = false;
    if (again) setTimeout(() => form.requestSubmit(save)); // once htmx has let go of this one
  });
  document.addEventListener("submit", (event) => {
    const idle = save.getAttribute("aria-disabled") === "true";
    if (event.target !== form || !(idle || sending.now)) return;
    sending.again ||= !idle;
    if (idle) fields().filter(isHalf).slice(0, 1).forEach((field) => control(field).focus());
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  form.addEventListener("keyup", ({ target }) => target.type === "date" && show()); // half of one is no input yet
  form.addEventListener("click", ({ target }) => {
    const field = target.closest("[data-field]");
    if (target.closest("[data-mine]")) choose(field, field.dataset.seen);
    else if (target.closest("[data-theirs]")) { put(field, field.dataset.seen); choose(field, field.dataset.seen); }
    else if (target.closest("#discard")) discard();
    else return;
    show();
    (field ? control(field) : save).focus();
  });
  // Once marked as wrong, a field is judged anew when it is left; never while typing.
  form.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (target.closest("[data-field]")?.contains(relatedTarget)) return; // on to its own question
    if (target.getAttribute("aria-invalid") === "true" && !["save", "discard"].includes(relatedTarget?.id))
      htmx.ajax("POST", `${form.getAttribute("action")}?check=1`, { source: form, target: "#poll", swap: "outerMorph" });
  });
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (closed() !== undefined && !("gone" in document.body.dataset)) form.dataset.closed = closed();
    for (const [field, text] of sending.typed) if (field.isConnected && line(control(field).value) !== line(text)) put(field, text);
    show();
    if (detail.ctx.response?.status === 422 && detail.ctx.sourceElement === form) form.querySelector("[aria-invalid=true]")?.focus();
    for (const fresh of form.querySelectorAll("[data-fresh]")) {
      const first = document.getElementById(fresh.id);
      if (first !== fresh) fresh.remove(); // it has its field already
      delete first.dataset.fresh;
      control(first)?.focus();
      document.getElementById("new-key").value = "";
    }
  });
  // Nothing can be saved any more: what was typed stays, to be read and copied.
  document.addEventListener("midcall:gone", () => {
    form.dataset.closed = say.wordGone;
    const typed = fields().filter(isChanged).map((field) => `${field.dataset.label}: ${control(field).value}`);
    document.getElementById("copy-typed").dataset.copy = typed.join("\n");
    for (const id of ["typed", "copy-typed"]) document.getElementById(id).hidden = !typed.length;
    show();
  });
  addEventListener("beforeunload", (event) => { if (show()) event.preventDefault(); });
  show();
})();
