// What this page shows of jobs: where its news come from, whether more will come, and how they are put in.

export class LiveSource {
  constructor(element) {
    this.element = element;
    this.after = Number(element.dataset.liveAfter);
  }

  address(kind, extra = {}) {
    const { live, liveJobs, liveAttempt } = this.element.dataset;
    const query = live === "rows" ? new URLSearchParams(location.search) : new URLSearchParams({ jobs: liveJobs });
    query.set("view", live);
    if (liveAttempt !== undefined) query.set("attempt", liveAttempt);
    if (kind === "fragments") query.set("after", this.after);
    for (const [name, value] of Object.entries(extra)) if (value !== null) query.set(name, value);
    return `/live/${kind}?${query}`;
  }

  /** A list always lives: any moment somebody may launch a job. */
  hasMoreToCome() {
    return this.element.dataset.live === "rows" || document.querySelector("[data-live-job]") !== null;
  }

  /** 2, 5 or 10 s by the age of the youngest live job (spec/ui.md); 10 without one. */
  pollIntervalMs() {
    const born = [...document.querySelectorAll("[data-live-job]")].map((card) => Date.parse(card.dataset.liveJob));
    const ageMs = Date.now() - Math.max(...born);
    if (ageMs < 30_000) return 2_000;
    return ageMs < 120_000 ? 5_000 : 10_000;
  }

  async apply(html, id) {
    if (id) this.after = Number(id);
    if (html) await window.htmx.swap({ text: html, sourceElement: document.body, target: document.body, swap: "none" });
    const attempt = document.getElementById("log")?.dataset.attempt;
    if (attempt !== undefined) this.element.dataset.liveAttempt = attempt;
  }
}
