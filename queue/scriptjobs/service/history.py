"""History: what past jobs say of the time that a job takes and of when it starts."""

import time

from scriptjobs.database import Connection
from scriptjobs.estimates import MIN_SAMPLES, Estimate, Sample, estimate, starts_in_ms
from scriptjobs.job_types import JobTypes
from scriptjobs.store.waiting import read_ahead, read_samples

# A type's history changes with each job that completes; nobody sees the difference of a minute.
KEPT_S = 60.0
USUAL_MS = 60_000


class History:
    """Keeps each type's newest samples for a minute. Durations are nobody's secret, so all organisations share them.

    It reads in the transaction of whoever asks: a request that waited for a second connection while it holds one
    would, in a rush, wait for others that do the same.
    """

    def __init__(self, job_types: JobTypes) -> None:
        self._job_types = job_types
        self._samples: dict[str, tuple[float, list[Sample]]] = {}

    async def estimate(self, connection: Connection, job_type: str, size: int | None) -> Estimate:
        """How long a job takes; the fixed duration of its type while fewer than five say."""
        known = job_type in self._job_types.names
        usual_ms = self._job_types.get(job_type).expected_ms if known else USUAL_MS
        return estimate(await self._samples_of(connection, job_type), size, usual_ms)

    async def starts_in_ms(self, connection: Connection, *, before: int, slots: int, share: int) -> float | None:
        """When the job behind the first `before` jobs of the line starts: a simulation over what runs and waits. None
        when a type is involved of which too little is known.
        """
        jobs = await read_ahead(connection, before=before, share=share)
        running: list[float] = []
        ahead: list[float] = []
        for job in jobs:
            expected = await self.estimate(connection, job.job_type, job.size)
            if expected.samples < MIN_SAMPLES:
                return None
            if job.ran_ms is None:
                ahead.append(expected.p50_ms)
            else:
                running.append(max(0.0, expected.p50_ms - job.ran_ms))
        return starts_in_ms(slots, running, ahead)

    async def _samples_of(self, connection: Connection, job_type: str) -> list[Sample]:
        read_at, samples = self._samples.get(job_type, (0.0, []))
        if not read_at or time.monotonic() - read_at > KEPT_S:
            samples = await read_samples(connection, job_type)
            self._samples[job_type] = (time.monotonic(), samples)
        return samples
