"""The service and its workers beside a model of the state machine: after every move both say the same."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from scriptjobs.database import Database
from scriptjobs.errors import FenceLost, RequestRefused
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import ClaimedJob, JobStatus, RawPayload, SealedPayload
from scriptjobs.sealing import Vault
from scriptjobs.service import Caller, ScriptJobService
from scriptjobs.settings import Settings
from scriptjobs.store.outcomes import (
    FailedAttempt,
    mark_job_failed,
    release_job,
    update_job_result,
    update_job_status,
)
from scriptjobs.worker.lifeline import recover_orphaned_jobs
from tests.factories import add_member, add_worker, change, claim
from tests.promises import broken_promises

T = TypeVar("T")
FREE_RELEASES = 3
DEATHS = 2


@dataclass
class Model:
    """What a job should be by now."""

    status: str = "pending"
    retries: int = 0
    attempts: int = 0
    releases: int = 0
    deaths: int = 0
    stop_asked: bool = False

    @property
    def waits(self) -> bool:
        return self.status == "pending"

    def try_again_or(self, final: str) -> None:
        if self.stop_asked:
            self.status = "cancelled"
        elif self.retries < 3:
            self.status, self.retries = "pending", self.retries + 1
        else:
            self.status = final


class Machine(RuleBasedStateMachine):
    """Moves by people, workers and sweeps, in any order. Writes with a fence of the past are among them."""

    dsn = ""
    folder = Path()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.models: dict[str, Model] = {}
        self.held: dict[str, ClaimedJob] = {}
        self.past: list[ClaimedJob] = []
        self.do(self.open())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open(self) -> None:
        self.database = Database(self.dsn)
        await change(self.database, "delete from public.script_jobs")
        user_id, organisation_id = await add_member(self.database, "ana@x", "One")
        self.ana = Caller(user_id=user_id, organisation_id=organisation_id)
        self.service = ScriptJobService(
            database=self.database, job_types=JobTypes.load("tests.fake_scripts"),
            vault=Vault([Fernet.generate_key().decode()]), files=Files.load(None, self.folder),
            settings=Settings.model_validate({}),
        )  # fmt: skip

    def teardown(self) -> None:
        async def close() -> list[str]:
            try:
                return await broken_promises(self.database)
            finally:
                await self.database.close()

        broken = self.do(close())
        self.runner.close()
        assert broken == []

    @rule()
    def create(self) -> None:
        job = self.do(self.service.create_job(self.ana, "create-api-key", RawPayload({})))
        self.models[job.job_id] = Model()

    @rule()
    def claim(self) -> None:
        # Time passes: what waits for its next try may run.
        self.do(
            change(self.database, "update public.script_jobs set next_retry_at = null where next_retry_at is not null")
        )
        # Another worker each time: one that dies dies once. All of them have been silent since.
        worker_id = f"w{len(self.past) + len(self.held)}"
        self.do(add_worker(self.database, worker_id, alive_s=-3_600))
        claimed = self.do(claim(self.database, worker_id))
        waiting = [name for name, model in self.models.items() if model.waits]
        assert (claimed is None) is (not waiting)
        if claimed:
            model = self.models[claimed.job_id]
            assert model.waits
            model.status, model.attempts = "in_progress", model.attempts + 1
            assert claimed.attempt == model.attempts
            self.held[claimed.job_id] = claimed

    def end(self, choice: int, write: Callable[[Any, ClaimedJob], Coroutine[Any, Any, Any]]) -> Model | None:
        """A worker ends one of the jobs that run, or with an old fence one that is no longer its own (None)."""
        mine = [*self.held.values()]
        chosen = [*mine, *self.past][choice % (len(mine) + len(self.past))]

        async def act() -> None:
            async with self.database.as_service("worker:w1") as connection:
                await write(connection, chosen)

        if chosen not in mine:
            with pytest.raises(FenceLost):
                self.do(act())
            return None
        self.do(act())
        self.past.append(self.held.pop(chosen.job_id))
        return self.models[chosen.job_id]

    @precondition(lambda self: self.held or self.past)
    @rule(choice=st.integers(0, 99))
    def finish(self, choice: int) -> None:
        def write(connection: Any, job: ClaimedJob) -> Coroutine[Any, Any, None]:
            return update_job_result(
                connection, id_=job.id, fence=job.fence, actor="worker:w1", result={}, payload=SealedPayload({})
            )

        if model := self.end(choice, write):
            model.status = "completed"

    @precondition(lambda self: self.held or self.past)
    @rule(choice=st.integers(0, 99), retryable=st.booleans(), timed_out=st.booleans())
    def fail(self, choice: int, retryable: bool, timed_out: bool) -> None:
        final = JobStatus.TIMED_OUT if timed_out else JobStatus.FAILED
        failed = FailedAttempt(code="TIMEOUT" if timed_out else "X", message="x", retryable=retryable, final=final)
        model = self.end(choice, lambda c, job: mark_job_failed(c, id_=job.id, fence=job.fence, failed=failed))
        if model and retryable:
            model.try_again_or(final.value)
        elif model:
            model.status = "cancelled" if model.stop_asked else final.value

    @precondition(lambda self: self.held or self.past)
    @rule(choice=st.integers(0, 99))
    def release(self, choice: int) -> None:
        model = self.end(choice, lambda c, job: release_job(c, id_=job.id, fence=job.fence))
        if model is None:
            return
        model.releases += 1
        if model.stop_asked:
            model.status = "cancelled"
        elif model.releases > FREE_RELEASES:
            model.try_again_or("failed")
        else:
            model.status = "pending"

    @precondition(lambda self: self.held or self.past)
    @rule(choice=st.integers(0, 99))
    def end_stopped(self, choice: int) -> None:
        async def write(connection: Any, job: ClaimedJob) -> None:
            await update_job_status(connection, id_=job.id, fence=job.fence, status=JobStatus.CANCELLED)

        if model := self.end(choice, write):
            model.status = "cancelled"

    @precondition(lambda self: self.held)
    @rule(choice=st.integers(0, 99))
    def worker_dies(self, choice: int) -> None:
        job = [*self.held.values()][choice % len(self.held)]
        lapse = "update public.script_job_attempts set lease_expires_at = now() - interval '1 second' where id = :id"
        self.do(change(self.database, lapse, id=job.fence))
        assert self.do(recover_orphaned_jobs(self.database, "w2")) == 1
        self.past.append(self.held.pop(job.job_id))
        model = self.models[job.job_id]
        model.deaths += 1
        if model.deaths >= DEATHS and not model.stop_asked:
            model.status = "failed"
        else:
            # Our own trouble uses up no retry.
            model.status = "cancelled" if model.stop_asked else "pending"

    def act(self, choice: int, action: Callable[[Caller, str], Coroutine[Any, Any, Any]]) -> tuple[Model, bool]:
        name = [*self.models][choice % len(self.models)]
        try:
            self.do(action(self.ana, name))
        except RequestRefused:
            return self.models[name], False
        return self.models[name], True

    @precondition(lambda self: self.models)
    @rule(choice=st.integers(0, 99))
    def cancel(self, choice: int) -> None:
        model, done = self.act(choice, self.service.cancel_job)
        if model.waits:
            assert done
            model.status = "cancelled"
        elif model.status != "cancelled":
            assert not done

    @precondition(lambda self: self.models)
    @rule(choice=st.integers(0, 99))
    def stop(self, choice: int) -> None:
        model, done = self.act(choice, self.service.stop_job)
        if model.status == "in_progress":
            model.stop_asked = True
        assert done is (model.status == "in_progress" or (model.status == "cancelled" and model.stop_asked))

    @precondition(lambda self: self.models)
    @rule(choice=st.integers(0, 99))
    def retry(self, choice: int) -> None:
        model, done = self.act(choice, self.service.retry_job)
        assert done is (model.status in {"failed", "timed_out", "cancelled"})
        if done:
            model.status, model.retries, model.stop_asked = "pending", 0, False

    @invariant()
    def both_say_the_same(self) -> None:
        jobs = self.do(self.service.list_jobs(self.ana, _all_of(self.ana))).jobs
        said = {job.job_id: (job.status.value, job.retry_count, job.attempt_count) for job in jobs}
        assert said == {name: (model.status, model.retries, model.attempts) for name, model in self.models.items()}


def _all_of(caller: Caller) -> Any:
    from scriptjobs.service import JobFilter

    return JobFilter(organisation_id=caller.organisation_id, limit=1_000)


def test_the_service_behaves_as_the_model_does(new_database: Callable[[], str], tmp_path: Path) -> None:
    Machine.dsn, Machine.folder = new_database(), tmp_path
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=checks),
    )
