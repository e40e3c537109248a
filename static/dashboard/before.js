// What will be saved: every changed value, before and after, by the save bar, as it is typed. Loaded before editor.js.
(() => {
  "use strict";
  const SHOWN = 3; // the bar must leave room for the fields
  const short = (text) => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

  function piece(tag, text, kind) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function line(change, words) {
    const made = document.createElement("li");
    const { label, near, service } = change.field.dataset;
    made.append(piece("b", label), " ", piece("del", short(change.before) || words.empty, change.before ? "" : "none"), " → ", piece("ins", short(change.after) || words.empty));
    if (near) made.append(" ", piece("span", words.near.replace("{near}", () => near), "caution conf"));
    if (service !== undefined) made.append(" ", piece("span", words.service, "caution warn"));
    return made;
  }

  // A change that needs a word is never among those left out.
  const first = (change) => (change.field.dataset.near || change.field.dataset.service !== undefined ? 0 : 1);

  document.addEventListener("midcall:changes", ({ detail: { changes, fields } }) => {
    for (const each of fields)
      if (!changes.some((change) => change.field === each)) each.querySelector(".proposed")?.remove();
    const box = document.getElementById("before");
    if (!box) return;
    box.hidden = !changes.length;
    const lines = [...changes].sort((one, other) => first(one) - first(other)).map((each) => line(each, box.dataset));
    const more = lines.length - SHOWN;
    if (more > 0) lines.splice(SHOWN, more, piece("li", box.dataset.more.replace("{n}", more), "low"));
    document.getElementById("before-changes").replaceChildren(...lines);
  });
})();
