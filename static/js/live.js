// Keeps a page up to date: by stream, by polling while the stream is lost, not at all while nobody looks.
import { readStream, StreamRefused } from "./sse.js";

const QUIET_MS = 35_000; // the server sends a heartbeat every 15 s
const TELL_AFTER_MS = 3_000;
const POLL_AFTER_MS = 6_000;
const RETRY_WHILE_POLLING_MS = 10_000;
const MAX_BACKOFF_MS = 30_000;
const REST_AFTER_MS = 10_000;
const REQUEST_MS = 10_000;
const sleep = (ms, signal) => new Promise((done) => {
  const timer = setTimeout(done, ms);
  signal?.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

/** 2, 5 or 10 s by the age of the youngest live job (spec/ui.md). */
export function pollInterval(ageMs) {
  if (ageMs < 30_000) return 2_000;
  return ageMs < 120_000 ? 5_000 : 10_000;
}

/** Opens a window of its own: what stands on this page stays, and goes on when its tab is shown again. */
function signInLink() {
  const link = document.createElement("a");
  link.href = `/sign-in?next=${location.pathname}`;
  link.target = "_blank";
  link.textContent = "sign in again";
  return link;
}

class Live {
  constructor(source) {
    this.source = source;
    this.after = Number(source.dataset.liveAfter);
    this.running = null; // the AbortController of the present session
    this.lostSince = null;
    this.failures = 0;
  }

  address(kind) {
    const { live, liveJobs, liveAttempt } = this.source.dataset;
    const query = new URLSearchParams({ view: live, jobs: liveJobs });
    if (liveAttempt !== undefined) query.set("attempt", liveAttempt);
    if (kind === "fragments") query.set("after", this.after);
    return `/live/${kind}?${query}`;
  }

  hasLiveJobs() { return document.querySelector("[data-live-job]") !== null; }

  youngestAgeMs() {
    const born = [...document.querySelectorAll("[data-live-job]")].map((card) => Date.parse(card.dataset.liveJob));
    return Date.now() - Math.max(...born);
  }

  start() {
    if (this.running || document.hidden || !this.hasLiveJobs()) return;
    const session = this.running = new AbortController();
    this.lostSince = null;
    this.failures = 0;
    this.run(session).finally(() => { if (this.running === session) this.running = null; });
  }

  stop(state = "resting") {
    this.running?.abort();
    this.running = null;
    this.say(state);
  }

  async run(session) {
    const { signal } = session;
    const polling = this.pollWhileLost(signal);
    while (!signal.aborted && this.hasLiveJobs()) {
      await this.streamOnce(signal);
      if (signal.aborted || !this.hasLiveJobs()) break;
      this.lostSince ??= Date.now();
      this.failures += 1;
      await sleep(this.pause(), signal);
    }
    this.lostSince = null;
    if (!signal.aborted) this.say("resting");
    session.abort(); // the polling beside it ends too, so that a retry can begin a new session
    await polling;
  }

  pause() {
    if (this.isPolling()) return RETRY_WHILE_POLLING_MS;
    const backoff = Math.min(1_000 * 2 ** (this.failures - 1), MAX_BACKOFF_MS);
    return backoff * (0.7 + 0.6 * Math.random());
  }

  isPolling() {
    return this.lostSince !== null && (this.failures >= 2 || Date.now() - this.lostSince > POLL_AFTER_MS);
  }

  async streamOnce(signal) {
    const attempt = new AbortController();
    signal.addEventListener("abort", () => attempt.abort(), { once: true });
    let after = this.after;
    let watchdog;
    const onBytes = () => { clearTimeout(watchdog); watchdog = setTimeout(() => attempt.abort(), QUIET_MS); };
    try {
      for await (const message of readStream(this.address("stream"), { lastEventId: after, signal: attempt.signal, onBytes })) {
        this.lostSince = null; // the first event wins: polling stops before it is applied
        this.failures = 0;
        if (this.after !== after) return; // a poll was faster: this would repeat its lines, so ask anew
        this.say("live");
        if (message.event === "fragments") await this.apply(message.data, message.id);
        after = this.after;
      }
    } catch (error) {
      if (error instanceof StreamRefused) this.refused(error.status);
    } finally {
      clearTimeout(watchdog);
      attempt.abort();
    }
  }

  refused(status) {
    if (status === 404 || status === 403) this.stop("gone");
    else if (status === 401) this.stop("signed-out");
    else if (status === 503) this.failures = 2; // the server is full: poll without alarm
  }

  async pollWhileLost(signal) {
    let told = 0;
    while (!signal.aborted) {
      await sleep(250, signal);
      if (signal.aborted || this.lostSince === null) continue;
      if (!this.isPolling()) {
        if (Date.now() - this.lostSince > TELL_AFTER_MS) this.say("reconnecting");
        continue;
      }
      const every = pollInterval(this.youngestAgeMs());
      this.say("polling", every / 1000);
      if (Date.now() - told < every) continue;
      await this.poll();
      told = Date.now();
    }
  }

  async poll() {
    const { after } = this;
    try {
      const answer = await fetch(this.address("fragments"), { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(REQUEST_MS) });
      const html = await answer.text();
      if (this.lostSince === null || this.after !== after) return; // the stream was faster
      if (answer.ok) await this.apply(html, answer.headers.get("x-last-event-id"));
      else this.refused(answer.status);
    } catch {
      this.say(navigator.onLine ? "reconnecting" : "offline");
    }
  }

  async apply(html, id) {
    if (id) this.after = Number(id);
    if (html) await window.htmx.swap({ text: html, sourceElement: document.body, target: document.body, swap: "none" });
    const attempt = document.getElementById("log")?.dataset.attempt;
    if (attempt !== undefined) this.source.dataset.liveAttempt = attempt;
  }

  say(state, seconds) {
    const chip = document.getElementById("connection");
    if (!chip) return;
    const words = {
      live: "Live", reconnecting: "Reconnecting…", polling: `Checking every ${seconds} s`, offline: "Offline",
      gone: "No longer available", "signed-out": "Signed out:", resting: "",
    }[state];
    if (chip.dataset.state === state && chip.dataset.words === words) return;
    chip.dataset.state = state;
    chip.dataset.words = words;
    chip.textContent = words;
    chip.hidden = !words;
    if (state === "signed-out") chip.append(signInLink());
  }
}

export function startLive(source) {
  if (!source) return;
  const live = new Live(source);
  let resting;
  document.addEventListener("visibilitychange", async () => {
    clearTimeout(resting);
    if (document.hidden) {
      resting = setTimeout(() => live.stop(), REST_AFTER_MS);
    } else if (!live.running && live.hasLiveJobs()) {
      live.lostSince = Date.now(); // one look first, so that the page is right before the stream stands
      await live.poll();
      live.start();
    }
  });
  window.addEventListener("offline", () => live.say("offline"));
  window.addEventListener("online", () => { live.stop(); live.start(); });
  window.addEventListener("pagehide", () => live.stop());
  window.addEventListener("pageshow", (event) => { if (event.persisted) live.start(); });
  // Retry turns an ended job into a live one.
  document.addEventListener("htmx:after:swap", () => live.start());
  live.start();
}
