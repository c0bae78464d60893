// Keeps a page up to date: by stream, by polling while no stream comes through, not at all while nobody looks.
import { sayConnection } from "./connection.js";
import { LiveSource } from "./live_source.js";
import { Poller } from "./poller.js";
import { sleep } from "./sleep.js";
import { MOST, withSlot } from "./stream_slots.js";
import { readWatched } from "./watched_stream.js";

const POLL_AFTER_MS = 4_000;
const RETRY_WHILE_POLLING_MS = 10_000;
const RETRY_HELD_BACK_MS = 30_000;
const MAX_BACKOFF_MS = 30_000;

export class Live {
  constructor(element) {
    this.source = new LiveSource(element);
    this.running = null; // the AbortController of the present session
    this.lostSince = null;
    this.failures = 0;
    this.isHeldBack = false; // something on the way lets streams through late or never
    this.poller = new Poller(this.source, {
      isLost: () => this.lostSince,
      isDue: () => this.isPolling(),
      onRefused: (status) => this.refused(status),
      onFailed: () => { this.isHeldBack = false; }, // the server itself is away
    });
  }

  start() {
    if (this.running || document.hidden || !this.source.hasMoreToCome()) return;
    const session = this.running = new AbortController();
    this.lostSince = Date.now(); // until the first message
    this.failures = 0;
    this.run(session).finally(() => { if (this.running === session) this.running = null; });
  }

  stop(state = "resting") {
    this.running?.abort();
    this.running = null;
    sayConnection(state);
  }

  async run(session) {
    const { signal } = session;
    const polling = this.poller.run(signal);
    while (!signal.aborted && this.source.hasMoreToCome()) {
      const hadSlot = await withSlot(() => this.streamOnce(signal));
      if (signal.aborted || !this.source.hasMoreToCome()) break;
      this.lostSince ??= Date.now();
      this.failures = hadSlot ? this.failures + 1 : 2; // other pages of this browser have the streams: poll
      await sleep(this.pause(), signal);
    }
    this.lostSince = null;
    if (!signal.aborted) sayConnection("resting");
    session.abort(); // the polling beside it ends too, so that a retry can begin a new session
    await polling;
  }

  pause() {
    if (this.isHeldBack) return RETRY_HELD_BACK_MS;
    if (this.isPolling()) return RETRY_WHILE_POLLING_MS;
    const backoff = Math.min(1_000 * 2 ** (this.failures - 1), MAX_BACKOFF_MS);
    return backoff * (0.7 + 0.6 * Math.random());
  }

  isPolling() {
    return this.lostSince !== null && (this.failures >= 2 || Date.now() - this.lostSince > POLL_AFTER_MS);
  }

  async streamOnce(signal) {
    if (this.isHeldBack && !(await this.read(signal)).isProved) return;
    this.isHeldBack = false;
    let { after } = this.source;
    await this.read(signal, async (message) => {
      if (message.event === "goodbye") return this.bid(message.data);
      this.lostSince = null; // the first event wins: polling stops before it is applied
      this.failures = 0;
      if (this.source.after !== after) return true; // a poll was faster: this would repeat its lines, so ask anew
      sayConnection("live");
      await this.source.apply(message.data, message.id);
      after = this.source.after;
      return false;
    });
  }

  async read(signal, take) {
    const address = this.source.address("stream", { most: MOST });
    const end = await readWatched(address, { lastEventId: this.source.after, signal, take });
    if (end.isSilent) this.isHeldBack = true;
    if (end.refused) this.refused(end.refused);
    return end;
  }

  bid(reason) {
    if (reason === "signed-out") this.refused(401);
    else if (reason === "gone") this.refused(404);
    return true;
  }

  refused(status) {
    if (status === 404 || status === 403) this.stop("gone");
    else if (status === 401) this.stop("signed-out");
    else if (status === 503) this.failures = 2; // the server is full: poll without alarm
  }
}
