// After a swap: tell a screen reader which jobs changed their state, keep the title true, and the focus somewhere sensible.

/** What each job on the page says of itself, by element id. */
function announcements() {
  return new Map([...document.querySelectorAll("[data-announce]")].map((card) => [card.id, card.dataset.announce]));
}

export function keepAttention() {
  let before = announcements();
  let focused = null;
  document.addEventListener("focusin", (event) => { focused = event.target; });
  document.addEventListener("htmx:after:swap", () => {
    const now = announcements();
    // The status, not each percent: a progress bar that talks is switched off.
    const changed = [...now].filter(([id, words]) => before.has(id) && before.get(id) !== words);
    if (changed.length) document.getElementById("announcer").textContent = changed.map(([, words]) => words).join(". ");
    before = now;
    const titled = document.querySelector("[data-title]");
    if (titled) document.title = titled.dataset.title;
    // When the focused control went away with its state, the focus goes to the job's heading.
    if (focused && !focused.isConnected && document.activeElement === document.body) {
      focused = null;
      document.querySelector(".job-card__title")?.focus({ preventScroll: true });
    }
  });
}
