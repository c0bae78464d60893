"""What a worker knows of a running script's lease."""

from typing import Any, cast

import pytest

from scriptjobs.protocol import lease_now
from scriptjobs.worker.execution import Ending, Execution

pytestmark = pytest.mark.anyio
LEASE_S = 2.0
NO_JOB = cast("Any", None)


@pytest.mark.parametrize(("left_s", "is_lost"), [(1.5, False), (0.35, True), (0.2, True), (-1, True)])
async def test_a_renewal_that_the_script_cannot_hear_in_time_comes_too_late(left_s: float, *, is_lost: bool) -> None:
    """A script ends itself 0.3 s before a lease of two seconds does: it was no crash."""
    execution = Execution(NO_JOB, LEASE_S, leased_until=lease_now() + left_s)

    await execution.extend(lease_now() + LEASE_S)

    assert execution.is_ending(Ending.LOST) is is_lost
