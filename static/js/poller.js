// Asks for news at 2, 5 or 10 s while the stream is lost, and says how it goes: one steady text while the server is away.
import { sayConnection } from "./connection.js";
import { sleep } from "./sleep.js";

const LOOK_MS = 250;
const TELL_AFTER_MS = 3_000;
const REQUEST_MS = 10_000;

export class Poller {
  /** `isLost()` is since when the stream is lost, or null; `isDue()` whether to poll by now. */
  constructor(source, { isLost, isDue, onRefused, onFailed }) {
    Object.assign(this, { source, isLost, isDue, onRefused, onFailed });
  }

  async run(signal) {
    let asked = 0;
    while (!signal.aborted) {
      await sleep(LOOK_MS, signal);
      if (signal.aborted || this.isLost() === null) continue;
      if (!this.isDue()) {
        if (Date.now() - this.isLost() > TELL_AFTER_MS) this.sayAway();
        continue;
      }
      if (Date.now() - asked < this.source.pollIntervalMs()) continue;
      await this.poll(signal);
      asked = Date.now();
    }
  }

  async poll(signal) {
    const { after } = this.source;
    let answer, html;
    try {
      const within = AbortSignal.timeout(REQUEST_MS);
      answer = await fetch(this.source.address("fragments"), { cache: "no-store", redirect: "error", signal: within });
      html = await answer.text();
    } catch {
      answer = null;
    }
    if (signal?.aborted || this.isLost() === null || this.source.after !== after) return; // the stream was faster
    if (answer && !answer.ok && answer.status < 500) return this.onRefused(answer.status);
    if (!answer?.ok) {
      this.onFailed();
      return this.sayAway();
    }
    sayConnection("polling", this.source.pollIntervalMs() / 1_000);
    await this.source.apply(html, answer.headers.get("x-last-event-id"));
  }

  sayAway() { sayConnection(navigator.onLine ? "reconnecting" : "offline"); }
}
