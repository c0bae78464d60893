"""The job type `add-tax`: a tax is created once, and a save that fails is told."""

import pytest

from tests.scripts.desk import Desk

pytestmark = pytest.mark.anyio


async def test_a_tax_is_created_once(desk: Desk) -> None:
    first = await desk.run("add-tax", name="GST", rate=15)
    second = await desk.run("add-tax", name="gst", rate=15)

    assert (first.data["status"], second.data["status"]) == ("created", "exists")
    assert desk.place()["settings"]["System"]["General Settings"]["taxes"] == [{"name": "GST", "rate": "15"}]


async def test_a_tax_that_is_not_saved_fails_the_job(desk: Desk, impatient: None) -> None:
    desk.portal.misbehave("save_fails")

    run = await desk.run("add-tax", name="GST", rate=15)

    assert run.code == "ELEMENT_NOT_FOUND"
