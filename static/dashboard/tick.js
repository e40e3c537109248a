// Durations, once a second; and the zone in which the server writes times of day.
(() => {
  "use strict";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // In a frame of another site only such a cookie is kept.
  const kept = "panel" in document.body.dataset ? "path=/panel/; secure; samesite=none; partitioned" : "path=/; samesite=lax";
  document.cookie = `tz=${zone}; max-age=31536000; ${kept}`;
  const server = Number(document.querySelector("meta[name=now]")?.content) * 1000;
  const ahead = server ? Date.now() - server : 0;
  // A row that is over stands still.
  const ticking = (each) => !each.textContent || !each.closest(".over");
  const two = (number) => String(number).padStart(2, "0");
  function write() {
    if (document.hidden) return;
    for (const each of document.querySelectorAll("time[data-tick]")) {
      if (!ticking(each)) continue;
      const seconds = Math.max(0, Math.floor((Date.now() - ahead - Date.parse(each.dateTime)) / 1000));
      const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
      const text = hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
      if (each.textContent !== text) each.textContent = text;
    }
  }
  write();
  setInterval(write, 1000);
  document.addEventListener("htmx:after:swap", write);
})();
