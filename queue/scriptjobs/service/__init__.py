"""ScriptJobService: what callers may do with jobs. One method is one decision and one transaction."""

from scriptjobs.database import Connection
from scriptjobs.service.acting import Acting
from scriptjobs.service.details import AttemptDetails, JobDetails
from scriptjobs.service.launching import Answer, JobOptions, Once
from scriptjobs.service.reading import Caller
from scriptjobs.service.uploading import UPLOAD_LIMIT_BYTES, Preview
from scriptjobs.store.events import JobEvent
from scriptjobs.store.lists import COUNT_CAP, JobFilter, JobList

__all__ = [
    "COUNT_CAP", "UPLOAD_LIMIT_BYTES", "Answer", "AttemptDetails", "Caller", "Connection", "JobDetails", "JobEvent",
    "JobFilter", "JobList", "JobOptions", "Once", "Preview", "ScriptJobService",
]  # fmt: skip


class ScriptJobService(Acting):
    """The callers' use cases, in four parts: Reading, Uploading, Launching, Acting. Where the other names of the
    service contract live:

    claim_next_job            store/claims.py
    update_job_status         store/outcomes.py
    update_job_progress       store/progress.py
    update_job_result         store/outcomes.py
    mark_job_failed           store/outcomes.py
    release_job               store/outcomes.py
    execute_job               worker/executor.py    Executor
    process_job_queue         worker/worker.py      Worker
    stop_processing           worker/worker.py      Worker
    cleanup_stalled_jobs      worker/lifeline.py
    recover_orphaned_jobs     worker/lifeline.py
    cleanup_old_jobs          worker/pruner.py
    classify_error            errors.py
    parse_script_output       runner/foreign.py
    estimate_total_steps      job_types.py          JobType
    format_job_response       webapp/api/schemas.py
    """
