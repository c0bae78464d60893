"""PostgreSQL takes whatever was repaired, as text and as jsonb; what it refuses all the same becomes a failure."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from scriptjobs.database import Database
from scriptjobs.storable import find_unstorable, repair, repair_text
from tests.processes import wait_for
from tests.unit.test_storable import ANY_JSON, ANY_TEXT

STORE = text("select cast(:value as jsonb)::text, cast(:word as text)").bindparams(bindparam("value", type_=JSONB))


def rounded(stored: str) -> Any:
    """JSON with its numbers as JavaScript has them: the database writes 1e300 with all its digits."""
    return json.loads(stored, parse_int=float)


async def store(database: Database, values: list[Any]) -> None:
    try:
        async with database.as_service() as connection:
            for value in values:
                word = next((part for part in [value] if isinstance(part, str)), "")
                stored, same = (await connection.execute(STORE, {"value": value, "word": word})).one()
                assert same == word
                assert value is None or rounded(stored) == rounded(json.dumps(value))
    finally:
        await database.close()


def test_what_was_repaired_is_stored(dsn: str) -> None:
    seen: list[Any] = [["\0", "\ud83c", float("nan"), float("-inf"), 10**400, 1e308, -(2**63), {"\0\udfff": "\\u0000"}]]

    @settings(
        deadline=None,
        max_examples=300,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        database=None,
    )
    @given(ANY_JSON, ANY_TEXT)
    def draw(value: Any, word: str) -> None:
        seen.extend((value, word))

    draw()
    wait_for(store(Database(dsn, pool_size=1), [repair(value) for value in seen]))
    wait_for(store(Database(dsn, pool_size=1), [repair_text(word) for word in seen if isinstance(word, str)]))
    wait_for(store(Database(dsn, pool_size=1), [value for value in seen if find_unstorable(value) is None]))


@pytest.mark.parametrize("value", ["\0", "\ud83c", float("nan"), 10**400])
def test_what_is_refused_could_not_be_stored(dsn: str, value: Any) -> None:
    """So nothing is refused for nothing. A number of 400 digits is the exception: readers of JSON would lose it."""
    assert find_unstorable(value) is not None
    if value == 10**400:
        return
    with pytest.raises(Exception, match=r"(?i)unicode|utf|json|nan"):
        wait_for(store(Database(dsn, pool_size=1), [value]))
