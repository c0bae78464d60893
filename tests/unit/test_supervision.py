"""Parts of a process: started again when they fail, and given up when they fail again and again."""

import asyncio

import pytest

from scriptjobs import supervision
from scriptjobs.errors import PartDied
from scriptjobs.supervision import keep_running

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "FIRST_DELAY_S", 0.001)


class Part:
    """Fails so many times, then ends."""

    def __init__(self, failures: int) -> None:
        self.left = failures
        self.starts = 0

    async def run(self) -> None:
        self.starts += 1
        await asyncio.sleep(0)
        if self.left:
            self.left -= 1
            raise ValueError("broken")


async def test_a_part_that_fails_is_started_again() -> None:
    part = Part(4)
    await keep_running("part", part.run, limit=5)

    assert part.starts == 5


async def test_one_that_fails_again_and_again_is_given_up() -> None:
    part = Part(100)
    with pytest.raises(PartDied, match="The part failed 5 times within 60 seconds"):
        await keep_running("part", part.run, limit=5)

    assert part.starts == 5


async def test_failures_of_long_ago_do_not_count() -> None:
    part = Part(20)
    await keep_running("part", part.run, limit=3, window_s=0.0001)

    assert part.starts == 21


async def test_being_cancelled_is_no_failure() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(keep_running("part", wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
