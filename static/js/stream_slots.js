// Three streams for all pages of this browser: over HTTP/1.1 it holds six connections to a host, and needs the rest.

const SLOTS = 3;
const canCount = "locks" in navigator; // not without HTTPS, except on this machine itself

/** What the server is asked to count instead, where pages cannot count among themselves. */
export const MOST = canCount ? null : SLOTS;

/** Runs `work` while it holds one of the slots. Returns whether one was free. */
export async function withSlot(work) {
  if (!canCount) {
    await work();
    return true;
  }
  for (let number = 1; number <= SLOTS; number += 1) {
    const ran = await navigator.locks.request(`script-jobs-stream-${number}`, { ifAvailable: true }, async (lock) => {
      if (lock) await work();
      return lock !== null;
    });
    if (ran) return true;
  }
  return false;
}
