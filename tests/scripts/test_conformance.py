"""What every job type keeps: examples, steps, secrets, and a place in the database's list."""

import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from scriptjobs.database import connect
from scriptjobs.job_types import JobType
from scriptjobs.jobs import RawPayload
from scriptjobs.sealing import SEALED, Vault
from tests.scripts.desk import TYPES as PORTAL_TYPES
from webapp.forms import Field, draw_form, read_form

TYPES = list(PORTAL_TYPES)
BY_NAME = pytest.mark.parametrize("job_type", TYPES, ids=[kind.name for kind in TYPES])


@BY_NAME
def test_its_examples_validate_and_their_secrets_are_sealed(job_type: JobType) -> None:
    vault = Vault([Fernet.generate_key().decode()])
    for example in job_type.examples:
        sealed = vault.seal(job_type.validate(RawPayload(dict(example))))
        opened, secrets = vault.open(sealed)

        assert example["password"] not in str(sealed)
        assert secrets == [example["password"]]
        assert SEALED in str(sealed)
        assert job_type.payload.model_validate(opened)


def _typed(cell: Field) -> str:
    """What a browser sends of a field as it was drawn."""
    return ("true" if cell.value else "") if cell.kind == "switch" else str(cell.value)


@BY_NAME
def test_its_form_posts_what_it_draws(job_type: JobType) -> None:
    for example in job_type.examples:
        posted = {"password": example["password"]}
        for field in draw_form(job_type.schema, example):
            cells = [cell for row in field.rows for cell in row]
            posted |= {cell.name: _typed(cell) for cell in (cells or [field]) if cell.kind != "secret"}

        assert job_type.validate(RawPayload(read_form(job_type.schema, posted))) == job_type.validate(
            RawPayload(dict(example))
        )


@BY_NAME
def test_it_declares_steps_without_repeats(job_type: JobType) -> None:
    assert job_type.estimate_total_steps() == len(set(job_type.steps)) > 0


@pytest.mark.anyio
async def test_the_database_knows_every_type(dsn: str) -> None:
    connection = await connect(dsn)
    try:
        known = await connection.fetchval("select enum_range(null::public.script_job_type)::text[]")
    finally:
        await connection.close()

    assert {kind.name for kind in TYPES} <= set(known), "run bin/migrate --new"


def test_the_web_imports_job_types_without_browser_or_database() -> None:
    code = (
        "import sys; from scriptjobs.job_types import JobTypes; JobTypes.load('portal_scripts'); "
        "sys.exit(bool({'playwright', 'sqlalchemy'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
