"""Outages: tells an error that the data caused from trouble of the database that passes."""

from traceback import walk_tb
from typing import Any

import asyncpg
from sqlalchemy import exc

from scriptjobs.errors import DatabaseUnavailable, SetupError

_UNSENDABLE: Any = getattr(asyncpg, "DataError")  # noqa: B009 (the library has no types)
# SQLSTATE classes. The first say that this data is wrong, so that trying again would only repeat it: data, constraints,
# limits of size and depth, errors raised by our own functions. The second say that the database cannot do it now:
# connection, cached plans, state of the transaction (read-only: 25006), sign-in, statement names of a pooler,
# serialization and deadlock, resources (disk, memory, connections), locks, shutdown and time limits, the machine below.
# What is in neither (a missing table or right) is an installation that does not fit: a person has to look at it.
_REFUSALS = ("22", "23", "54", "P0")
_PASSING = ("08", "0A", "25", "26", "28", "40", "53", "55", "57", "58", "F0", "XX")
_READ_ONLY = "25006"
_PASSING_WITHOUT_STATE: tuple[type[Exception], ...] = (
    exc.TimeoutError, exc.InterfaceError, exc.OperationalError, exc.PendingRollbackError, exc.ResourceClosedError,
    exc.DisconnectionError, asyncpg.InterfaceError, TimeoutError, SetupError, DatabaseUnavailable,
)  # fmt: skip


def is_refusal(error: BaseException) -> bool:
    """Whether the data is wrong: the database, or the driver before it, read it and said no."""
    return _is_unsendable(error) or _state(error)[:2] in _REFUSALS


def is_passing(error: BaseException) -> bool:
    """Whether the database is away, silent, restarting, read-only, full or overloaded: the same may work later."""
    if is_refusal(error):
        return False
    if state := _state(error):
        return state[:2] in _PASSING
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, _PASSING_WITHOUT_STATE) or _is_of_a_cut_connection(error)


def _is_of_a_cut_connection(error: BaseException) -> bool:
    """Whether the driver stumbled over its own connection, which was closed between two steps of a statement."""
    frames = list(walk_tb(error.__traceback__)) if isinstance(error, AttributeError) else []
    return bool(frames) and str(frames[-1][0].f_globals.get("__name__")).startswith("asyncpg.")


def is_read_only(error: BaseException) -> bool:
    """Whether the session takes no writes. That may hold for as long as it lives, and no longer for the next one."""
    return _state(error) == _READ_ONLY


def words_of(error: BaseException) -> str:
    """What the database said, in one line without statement and values."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0].rpartition(">: ")[2][:200]


def _state(error: BaseException) -> str:
    state: object = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else ""


def _is_unsendable(error: BaseException) -> bool:
    """Whether a value cannot be sent at all: of the wrong type, out of range, not encodable."""
    cause = getattr(error, "orig", error)
    driver = getattr(cause, "__cause__", None)
    if isinstance(cause, _UNSENDABLE) or isinstance(driver, _UNSENDABLE):
        return True
    return isinstance(error, exc.StatementError) and isinstance(cause, (ValueError, TypeError))
