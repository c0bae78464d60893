"""Every statement of the store is prepared against the migrated schema: a typo is found without running it."""

import importlib
import pkgutil

import pytest
from sqlalchemy import TextClause
from sqlalchemy.dialects import postgresql

import scriptjobs.store
from scriptjobs.database import connect

pytestmark = pytest.mark.anyio

STATEMENTS = [
    (f"{module.name}.{name}", value)
    for module in pkgutil.iter_modules(scriptjobs.store.__path__)
    for name, value in vars(importlib.import_module(f"scriptjobs.store.{module.name}")).items()
    if isinstance(value, TextClause)
]


async def test_every_statement_fits_the_schema(dsn: str) -> None:
    dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]
    connection = await connect(dsn)
    try:
        for name, statement in STATEMENTS:
            try:
                await connection.prepare(str(statement.compile(dialect=dialect)))
            except Exception as error:
                raise AssertionError(f"{name}: {error}") from error
    finally:
        await connection.close()
    assert len(STATEMENTS) > 30


async def test_all_tables_of_tenants_have_row_level_security(dsn: str) -> None:
    connection = await connect(dsn)
    try:
        bare = await connection.fetch(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' "
            "and not relrowsecurity and relname <> 'alembic_version'"
        )
    finally:
        await connection.close()

    assert bare == []
