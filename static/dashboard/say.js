// Say it when an edit becomes final: a screen reader hears that, and no refresh of a table.
(() => {
  "use strict";
  const states = new Map();
  const badges = () => document.querySelectorAll("[data-tell]");
  const remember = () => { for (const each of badges()) states.set(each.dataset.tell, each.dataset.state); };
  remember();
  document.addEventListener("htmx:after:swap", () => {
    const news = { say: [], alarm: [] };
    for (const each of badges()) {
      const before = states.get(each.dataset.tell);
      if (before && before !== each.dataset.state && "final" in each.dataset)
        news[each.dataset.state === "confirmed" ? "say" : "alarm"].push(`${each.dataset.name}: ${each.textContent.trim()}`);
    }
    for (const place in news) if (news[place].length) document.getElementById(place).textContent = news[place].join("; ");
    remember();
  });
})();
