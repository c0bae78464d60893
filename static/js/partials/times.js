// Times in the reader's own zone, and lengths of time that tick.

const MOMENT = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function localTimes(within) {
  for (const node of within.querySelectorAll("time[datetime]")) {
    const moment = new Date(node.dateTime);
    node.title = moment.toISOString();
    node.textContent = (node.dataset.style === "moment" ? MOMENT : TIME).format(moment);
  }
}

/** Elapsed time since `data-since`; never negative, whatever the clock of this machine says. */
export function tick() {
  for (const node of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(node.dataset.since)) / 1000));
    node.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  }
}
