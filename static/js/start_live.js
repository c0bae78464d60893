// When a page lives: while its tab is shown, and again when it comes back, goes online, or has something to wait for.
import { sayConnection } from "./connection.js";
import { Live } from "./live.js";

const REST_AFTER_MS = 10_000;

export function startLive(element) {
  if (!element) return;
  const live = new Live(element);
  let resting;
  document.addEventListener("visibilitychange", async () => {
    clearTimeout(resting);
    if (document.hidden) {
      resting = setTimeout(() => live.stop(), REST_AFTER_MS);
    } else if (!live.running && live.source.hasMoreToCome()) {
      live.lostSince = Date.now(); // one look first, so that the page is right before the stream stands
      await live.poller.poll();
      live.start();
    }
  });
  window.addEventListener("offline", () => sayConnection("offline"));
  window.addEventListener("online", () => { live.stop(); live.start(); });
  window.addEventListener("pagehide", () => live.stop());
  window.addEventListener("pageshow", (event) => { if (event.persisted) live.start(); });
  // Retry turns an ended job into a live one.
  document.addEventListener("htmx:after:swap", () => live.start());
  live.start();
}
