"""Details: all that the pages of a job, and of one try of it, show."""

from dataclasses import dataclass

from scriptjobs.jobs import Attempt, Job, JobFile, Prerequisite, Step
from scriptjobs.store.events import JobEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetails:
    """All that the job's page shows. `last_event_id` is where a stream goes on; `unseen_prerequisites` is how many more
    jobs it needs that the caller may not see.
    """

    job: Job
    prerequisites: list[Prerequisite]
    unseen_prerequisites: int = 0
    steps: list[Step]
    attempts: list[Attempt]
    files: list[JobFile]
    log: list[JobEvent]
    history: list[JobEvent]
    last_event_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptDetails:
    """All that the page of one attempt shows: what it reported while it ran."""

    job: Job
    attempt: Attempt
    steps: list[Step]
    files: list[JobFile]
    log: list[JobEvent]
