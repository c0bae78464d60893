"""How long the job of a worker that died (kill -9) waits for another one, with the default lease of 20 seconds."""

import time
from pathlib import Path

from tests.processes import Portal, start_site, until

ROUNDS = 3
LIMIT_S = 30


def run(scratch: Path, dsn: str, portal: Portal) -> None:
    """Print each round: from the kill to the second attempt in another process."""
    print(f"\nA worker is killed; its job runs again (limit {LIMIT_S} s)")
    for number in range(ROUNDS):
        first = start_site(scratch, dsn, portal, {"WORKERS": "1", "POLL_SECONDS": "2"})
        ana = first.as_user()
        job_id = ana.launch("create-api-key", count=1_000, pause_s=0.1)
        until(lambda: ana.job(job_id)["progress"]["currentStep"], 30, "the first step")  # noqa: B023
        with start_site(scratch, dsn, portal, {"WORKERS": "1", "POLL_SECONDS": "2"}) as second:
            bob = second.as_user()
            first.process.kill()
            first.process.wait()
            killed = time.monotonic()
            again = until(lambda: (job := bob.job(job_id))["attempt"] == 2 and job, 60, "the second attempt")  # noqa: B023
            took = time.monotonic() - killed
            back_off = again["retryDelayMs"] / 1_000
            bob.post(f"/api/jobs/{job_id}/stop")
            bob.wait_for(job_id)
        claimable = took - back_off
        verdict = "" if claimable <= LIMIT_S else "  TOO LONG"
        print(f"  round {number + 1}: taken over after {claimable:4.1f} s, running again after {took:4.1f} s{verdict}")
