"""Nothing is kept of a page that shows a secret. `Desk.run` asks this of every run; here: that it would notice."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from scriptjobs.child.context import RunningScript
from tests.processes import Portal, start_site, tags_payload
from tests.scripts.desk import Desk

pytestmark = pytest.mark.anyio
JOBS = {"create-api-key": {}, "setup-system-settings": {"webhookUrl": "https://orders.example.com/webhook/portal"}}


@pytest.mark.parametrize("name", JOBS)
async def test_a_script_that_is_not_private_would_be_noticed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await desk.run(name, **JOBS[name])
    monkeypatch.setattr(RunningScript, "set_private", lambda _script, on: None)

    with pytest.raises(AssertionError, match="shows a secret"):
        await desk.run(name, **JOBS[name])


async def test_keys_of_others_are_kept_out_of_texts(desk: Desk) -> None:
    """What the browser says of a failing click may quote them."""
    await desk.run("create-api-key", keyName="Somebody else's")
    (other,) = desk.portal.state()["accounts"]["demo@example.com"]["keys"]

    run = await desk.run("create-api-key")

    assert other["key"] in str([event for event in run.events if type(event).__name__ == "Hidden"])
    assert other["key"] not in str([event for event in run.events if type(event).__name__ != "Hidden"])


async def test_pictures_come_back_when_the_keys_have_gone(desk: Desk) -> None:
    run = await desk.run("setup-system-settings", **JOBS["setup-system-settings"])

    assert run.failure is None
    assert "Audio Notifications" in run.shown[-1]


@pytest.mark.parametrize("fault", ["save_fails", "save_unheard_once"])
@pytest.mark.parametrize("name", JOBS)
async def test_a_failure_beside_keys_leaves_no_page(desk: Desk, impatient: None, name: str, fault: str) -> None:
    """The desk's own question is the test: keys of an earlier run are on the page when this one fails."""
    await desk.run(name, **JOBS[name])
    desk.portal.misbehave(fault)

    run = await desk.run(name, **JOBS[name] | ({"keyName": "Another"} if name == "create-api-key" else {}))

    assert run.failure is not None or run.result


@pytest.mark.parametrize("name", JOBS)
async def test_a_stop_beside_keys_leaves_no_page(desk: Desk, name: str) -> None:
    await desk.run(name, **JOBS[name])
    desk.portal.misbehave("save_hangs")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(6):
            await desk.run(name, **JOBS[name] | ({"keyName": "Another"} if name == "create-api-key" else {}))


def test_the_worker_stores_no_picture_of_a_list_of_keys(
    scratch: Path, clean_portal: Portal, new_database: Callable[[], str]
) -> None:
    settings = {"JOB_TYPES_PACKAGE": "portal_scripts", "TRACE": "always"}
    with start_site(scratch, new_database(), clean_portal, settings) as site:
        ana = site.as_user()
        payload = {key: value for key, value in tags_payload().items() if key != "itemTags"}
        for _ in range(2):
            job_id = ana.launch("create-api-key", **payload)
            assert ana.wait_for(job_id, timeout_s=90)["status"] == "completed"
            events = ana.events(job_id)

            assert [event["step"] for event in events if event["kind"] == "screenshot"] == [1], events
            assert not [event for event in events if "trace.zip" in str(event)]
