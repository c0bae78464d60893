"""What tests of faults share."""

import os
import signal
from collections.abc import Generator
from uuid import uuid4

import pytest

from tests.escaping import strays


@pytest.fixture
def token() -> Generator[str]:
    """What the escaping processes of one test are found by; none of them outlives it."""
    made = uuid4().hex
    yield made
    for pid in strays(made):
        os.kill(pid, signal.SIGKILL)
