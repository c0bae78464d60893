"""The event stream: every event once, resumed where it was cut, ended after the end."""

import json
import threading
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from tests.processes import Api, Site, until


@pytest.fixture(scope="module")
def ana(site: Site) -> Api:
    return site.as_user("ana@streams.example.com", "Streams")


def read(api: Api, job_id: str, last: str = "", most: int = 10_000) -> list[tuple[str, str, dict[str, Any]]]:
    headers = {"Last-Event-ID": last} if last else {}
    events = []
    with api.sse(f"/api/jobs/{job_id}/events", headers=headers, timeout=60) as source:
        if source.response.status_code == 204:
            return []
        assert source.response.headers["content-type"].startswith("text/event-stream")
        for event in source:
            if event.data:
                events.append((event.id, event.event, json.loads(event.data)))
            if len(events) >= most:
                break
    return events


def test_the_stream_tells_everything_in_order_and_ends(ana: Api) -> None:
    job_id = ana.launch("create-api-key", count=4)

    events = read(ana, job_id)

    kinds = [kind for _, kind, _ in events]
    ids = [int(id_) for id_, _, _ in events]
    assert ids == sorted(set(ids))
    assert {"status", "step", "progress", "log", "result"} <= set(kinds)
    assert kinds[0] == "status"
    assert events[-1][1] == "status"
    assert events[-1][2]["status"] == "completed"
    assert [data["text"] for _, kind, data in events if kind == "log"] == [f"counted {n}" for n in range(1, 5)]
    assert {data["jobId"] for _, _, data in events} == {job_id}


def test_a_cut_stream_goes_on_without_gap_or_repeat(ana: Api) -> None:
    job_id = ana.launch("create-api-key", count=8, pause_s=0.2)
    pieces: list[tuple[str, str, dict[str, Any]]] = []
    last = ""
    for most in (1, 2, 3, 10_000):
        piece = read(ana, job_id, last, most)
        pieces += piece
        last = piece[-1][0]

    assert pieces == read(ana, job_id)


def test_the_seventh_stream_of_a_person_is_refused_until_one_is_closed(site: Site) -> None:
    eve = site.as_user("eve@streams.example.com", "Streams")
    job_id = eve.launch("create-api-key", count=40, pause_s=0.1)
    address = f"/api/jobs/{job_id}/events"

    with ExitStack() as stack:
        streams = [iter(stack.enter_context(eve.sse(address))) for _ in range(6)]
        for stream in streams:
            next(stream)
        refused = eve.get(address)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "TOO_MANY_STREAMS")
        assert int(refused.headers["Retry-After"]) > 0

    assert until(lambda: read(eve, job_id, most=1), what="a free place")


def test_nothing_is_left_after_the_end(ana: Api) -> None:
    job_id = ana.launch("create-api-key", count=1)
    last = read(ana, job_id)[-1][0]

    answer = ana.get(f"/api/jobs/{job_id}/events", headers={"Last-Event-ID": last})

    assert answer.status_code == 204


@pytest.mark.parametrize("last", ["nonsense", "-1", "9" * 40])
def test_a_last_event_id_that_is_none_is_refused(ana: Api, last: str) -> None:
    job_id = ana.launch("create-api-key", count=1)

    answer = ana.get(f"/api/jobs/{job_id}/events", headers={"Last-Event-ID": last})

    assert answer.status_code == 400


def test_a_silent_stream_has_a_heartbeat_and_its_headers(own_site: Any) -> None:
    api = own_site(WORKERS="0").as_user()
    job_id = api.launch("create-api-key", count=1)

    with api.stream("GET", f"/api/jobs/{job_id}/events", timeout=30) as answer:
        text = ""
        for chunk in answer.iter_text():
            text += chunk
            if ": heartbeat" in text:
                break

    assert "id: " in text
    assert answer.headers["x-accel-buffering"] == "no"
    assert "no-transform" in answer.headers["cache-control"]


def test_streams_end_at_once_when_the_process_stops(own_site: Any) -> None:
    site = own_site(WORKERS="0")
    api = site.as_user()
    job_id = api.launch("create-api-key", count=1)
    opened = threading.Event()
    said: list[str] = []

    def watch() -> None:
        try:
            with api.stream("GET", f"/api/jobs/{job_id}/events", timeout=30) as answer:
                for chunk in answer.iter_text():
                    opened.set()
                    said.append(chunk)
        except httpx2.TransportError as error:
            said.append(repr(error))

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert opened.wait(10)

    site.process.terminate()
    status = site.process.wait(3)
    watcher.join(3)

    assert status in (0, -15)
    assert "goodbye" in "".join(said)
