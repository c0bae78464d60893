// The log follows its end until the reader scrolls up, and again when they come back; it keeps its newest 2,000 lines.

const MOST_LINES = 2_000;
const NEAR_END_PX = 24;

export function followLog() {
  const isAtEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
  document.addEventListener("scroll", (event) => {
    if (event.target.id === "log-lines") event.target.toggleAttribute("data-follow", isAtEnd(event.target));
  }, true);
  const settle = () => {
    const log = document.getElementById("log-lines");
    if (!log) return;
    while (log.children.length > MOST_LINES) log.firstElementChild.remove();
    if (log.hasAttribute("data-follow")) log.scrollTop = log.scrollHeight;
  };
  document.addEventListener("htmx:after:swap", settle);
  settle();
}
