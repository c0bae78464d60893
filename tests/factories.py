"""Rows for tests of the database, as plain functions."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from scriptjobs.database import Connection, Database
from scriptjobs.jobs import ClaimedJob, Waiting
from scriptjobs.people import People
from scriptjobs.store.claims import claim_next_job
from scriptjobs.store.leases import renew_leases
from scriptjobs.store.waiting import read_waiting
from scriptjobs.store.workers import Heartbeat

TYPES = ("add-item-tags", "create-api-key", "setup-services")


async def add_member(database: Database, email: str, organisation: str, role: str = "staff") -> tuple[UUID, UUID]:
    return await People(database).add(email, organisation, role)


async def add_job(connection: Connection, **values: Any) -> UUID:
    """Insert a job with these columns (SQL values as strings of SQL when they start with `=`)."""
    columns = {name: value for name, value in {"job_type": "add-item-tags", **values}.items() if value is not None}
    places = [str(value)[1:] if str(value).startswith("=") else f":{name}" for name, value in columns.items()]
    bound = {
        name: json.dumps(value) if isinstance(value, dict) else value
        for name, value in columns.items()
        if not str(value).startswith("=")
    }
    casts = {"job_type": "public.script_job_type", "status": "public.script_job_status", "input_payload": "jsonb"}
    places = [
        f"cast({place} as {casts[name]})" if name in casts and place.startswith(":") else place
        for name, place in zip(columns, places, strict=True)
    ]
    statement = f"insert into public.script_jobs ({', '.join(columns)}) values ({', '.join(places)}) returning id"
    return (await connection.execute(text(statement), bound)).scalar_one()


BEAT = Heartbeat(id="w1", host="h", pid=1, version="0", slots=2, job_types=list(TYPES))


async def add_worker(database: Database, id_: str = "w1", slots: int = 2, alive_s: float = 60) -> None:
    """A worker that lives."""
    beat = Heartbeat(id=id_, host="h", pid=1, version="0", slots=slots, job_types=list(TYPES))
    async with database.as_service() as connection:
        await renew_leases(connection, beat, [], lease_s=alive_s, is_stopping=False)


async def why(database: Database, id_: UUID, share: int = 0) -> Waiting:
    """Why a job waits."""
    async with database.as_service() as connection:
        return (await read_waiting(connection, [id_], share))[id_]


async def claim(database: Database, worker_id: str = "w1", lease_s: float = 20.0, share: int = 0) -> ClaimedJob | None:
    async with database.as_service(f"worker:{worker_id}") as connection:
        return await claim_next_job(connection, worker_id=worker_id, lease_s=lease_s, job_types=TYPES, share=share)


async def must_claim(database: Database, worker_id: str = "w1", lease_s: float = 20.0) -> ClaimedJob:
    claimed = await claim(database, worker_id, lease_s)
    assert claimed is not None
    return claimed


async def row(database: Database, id_: UUID) -> dict[str, Any]:
    async with database.as_service() as connection:
        found = await connection.execute(text("select * from public.script_jobs where id = :id"), {"id": id_})
        return dict(found.mappings().one())


async def all_rows(database: Database, statement: str, **values: Any) -> list[dict[str, Any]]:
    async with database.as_service() as connection:
        return [dict(found) for found in (await connection.execute(text(statement), values)).mappings()]


async def change(database: Database, statement: str, **values: Any) -> None:
    async with database.as_service() as connection:
        await connection.execute(text(statement), values)
