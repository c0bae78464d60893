"""Claiming: a worker takes the next jobs, each with a lease on it and a fence for every later write."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.jobs import ClaimedJob, SealedPayload

# The rule, and why it is safe under concurrency, stand at the function (migrations/sql/0007_claim.up.sql). It
# is a transaction in itself, and brings the checkpoints of earlier attempts along.
_CLAIM = text("select * from public.script_jobs_claim(:worker_id, :lease_s, :job_types, :share, :wanted)")


@dataclass(frozen=True, slots=True)
class Claims:
    """What was claimed. `is_more`: the claim stopped before it had seen the whole line, so look again at once."""

    jobs: list[ClaimedJob]
    is_more: bool


async def claim_next_jobs(
    connection: AsyncConnection, *, worker_id: str, lease_s: float, job_types: Sequence[str], share: int, wanted: int
) -> Claims:
    """Take up to `wanted` jobs that may run: highest priority first, then oldest.

    `lease_s` is how long (seconds) a job stays with this worker without a renewal. `share` is how many jobs one
    organisation may run while another one waits; 0 means any number.
    """
    values = {"worker_id": worker_id, "lease_s": lease_s, "job_types": list(job_types), "share": share}
    rows = (await connection.execute(_CLAIM, values | {"wanted": wanted})).mappings().all()
    taken = [row for row in rows if row["id"] is not None]
    jobs = [_claimed({**row}) for row in taken]
    return Claims(jobs, is_more=len(rows) > len(taken))


def _claimed(values: dict[str, Any]) -> ClaimedJob:
    values |= {"payload": SealedPayload(values["payload"]), "checkpoints": values["checkpoints"] or {}}
    return ClaimedJob(**values)


async def claim_next_job(
    connection: AsyncConnection, *, worker_id: str, lease_s: float, job_types: Sequence[str], share: int = 0
) -> ClaimedJob | None:
    """Take one job; None when there is none that may run."""
    while True:
        claims = await claim_next_jobs(
            connection, worker_id=worker_id, lease_s=lease_s, job_types=job_types, share=share, wanted=1
        )
        if claims.jobs or not claims.is_more:
            return claims.jobs[0] if claims.jobs else None
