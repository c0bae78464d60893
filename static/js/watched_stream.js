// Reads a stream under a watchdog that starts with the request: something on the way may hold back even the headers.
import { readStream, StreamRefused } from "./sse.js";

const QUIET_MS = 12_000; // the server sends a heartbeat every 5 s
const PROOF_MS = 2_000; // bytes that come so long after the first ones were not held back

/**
 * Gives each message to `take`, until that returns true or the stream ends. Without `take` it reads until the stream has
 * proved that it comes through. Returns {isProved, isSilent, refused}: `isSilent` when nothing came for too long,
 * `refused` is the status of an answer that was no stream.
 */
export async function readWatched(address, { lastEventId, signal, take }) {
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  signal.addEventListener("abort", abort, { once: true });
  const end = { isProved: false, isSilent: false, refused: 0 };
  let watchdog, began;
  const rewind = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => { end.isSilent = true; abort(); }, QUIET_MS);
  };
  const onBytes = () => {
    rewind();
    began ??= Date.now();
    end.isProved = Date.now() - began >= PROOF_MS;
    if (end.isProved && !take) abort();
  };
  rewind();
  try {
    for await (const message of readStream(address, { lastEventId, signal: attempt.signal, onBytes })) {
      if (await take?.(message)) break;
    }
  } catch (error) {
    if (error instanceof StreamRefused) end.refused = error.status; // all else is a line that was lost
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener("abort", abort);
    abort();
  }
  return end;
}
