"""Estimates: how long a job takes, learnt from those that ran, and when a waiting one starts. Pure."""

import heapq
from dataclasses import dataclass
from itertools import combinations
from statistics import median, quantiles

# Product page 3.9, ETA: with fewer samples the type's fixed duration is told.
MIN_SAMPLES = 5
# Pairs grow with the square; 60 sizes give 1,770 slopes, and their median no longer moves.
_FIT_SAMPLES = 60


@dataclass(frozen=True, slots=True)
class Sample:
    """One completed job: how long it ran (milliseconds), and how many items it had."""

    duration_ms: float
    size: int | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """A job that runs (for `ran_ms` so far) or stands before another one in the line."""

    job_type: str
    size: int | None
    ran_ms: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long a job takes: half of them are done after `p50_ms`, nine of ten after `p90_ms` (milliseconds).

    `samples` is how many jobs say so; 0 means that it is the type's fixed duration.
    """

    p50_ms: int
    p90_ms: int
    samples: int


def estimate(samples: list[Sample], size: int | None, usual_ms: int) -> Estimate:
    """The duration of a job with `size` items: a line a + b·n through the samples, by medians (Theil and Sen), so that
    a few stuck jobs do not bend it. Where no size is known, the quantiles of the samples.
    """
    if len(samples) < MIN_SAMPLES:
        return Estimate(usual_ms, usual_ms, 0)
    slope = _slope([(sample.size, sample.duration_ms) for sample in samples[:_FIT_SAMPLES] if sample.size is not None])
    # A size that we don't know counts as an ordinary one.
    sizes = [sample.size for sample in samples if sample.size is not None]
    ordinary = median(sizes) if sizes else 0
    rests = [sample.duration_ms - slope * (ordinary if sample.size is None else sample.size) for sample in samples]
    base = slope * (ordinary if size is None else size)
    p50 = base + median(rests)
    p90 = base + quantiles(rests, n=10, method="inclusive")[-1]
    return Estimate(max(0, round(p50)), max(0, round(p90)), len(samples))


def _slope(points: list[tuple[int, float]]) -> float:
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2) if a[0] != b[0]]
    # More items never take less time; a falling line is chance.
    return max(0.0, median(slopes)) if len(slopes) >= MIN_SAMPLES else 0.0


def starts_in_ms(slots: int, running_ms: list[float], ahead_ms: list[float]) -> float:
    """When a slot is free for a job: `running_ms` is left of each running job, `ahead_ms` is what stands before it."""
    free_at = [*running_ms, *([0.0] * max(0, slots - len(running_ms)))]
    heapq.heapify(free_at)
    for duration in ahead_ms:
        heapq.heapreplace(free_at, free_at[0] + duration)
    return free_at[0]
