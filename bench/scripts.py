"""Each script's own time on a sandbox without delays, what the queue adds to it, and the memory of a running job.

A script's own time is the sum of its steps; what the queue adds is the rest, from the row to the outcome in the row.
"""

import statistics
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from scriptjobs.job_types import JobTypes
from tests.processes import Api, Portal, Site, run_on_database, start_site, until

ROUNDS = 5
SETS = 500
PART = 100
LOOK_S = 0.2
ACCOUNT = {"email": "demo@example.com", "password": "demo-password", "restaurantName": "Curry Garden"}
MENU = "menuName,categoryName,dishName,dishPrice\nLunch,Mains,Dal,12.50\nLunch,Breads,Roti,3\n"
_WALL = """select extract(epoch from completed_at - created_at)::float8 * 1000 from script_jobs where job_id = $1"""
_STEPS = """select sum(s.duration_ms)::float8 from script_job_steps s join script_jobs j on j.id = s.job_id
            where j.job_id = $1"""
_SAVED = """select json_agg(extract(epoch from c.saved_at)::float8 order by c.saved_at)
            from script_job_checkpoints c join script_jobs j on j.id = c.job_id where j.job_id = $1"""
_PID = "select process_pid from script_jobs where job_id = $1"


class Memory:
    """The most memory that a job's processes used together, shared pages counted once (PSS), in MB."""

    def __init__(self, site: Site, job_id: str) -> None:
        self.peak = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(site, job_id), daemon=True)

    def _watch(self, site: Site, job_id: str) -> None:
        pid = until(lambda: run_on_database(site.dsn, _PID, job_id), what="a process")
        while not self._ended.wait(LOOK_S):
            try:
                script = psutil.Process(pid)
                used = sum(_pss(process) for process in [script, *script.children(recursive=True)])
            except psutil.Error:
                return
            self.peak = max(self.peak, used / 1024**2)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def _pss(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


def payload_of(api: Api, name: str, number: int) -> dict[str, Any]:
    """The type's fullest example, for the sandbox's account."""
    given = {**JobTypes.load("portal_scripts").get(name).examples[-1], **ACCOUNT}
    if name == "import-csv-menu":
        given["csvFile"] = api.post("/api/files", files={"file": ("menu.csv", MENU)}).json()["file"]["id"]
    return given | ({"restaurantName": f"New Place {number}"} if name == "register-restaurant" else {})


def peak_of(site: Site, api: Api, portal: Portal, name: str) -> float:
    """The most memory of one job, in MB; apart from the rounds, since looking takes time."""
    portal.reset()
    job_id = api.launch(name, **payload_of(api, name, ROUNDS))
    with Memory(site, job_id) as memory:
        api.wait_for(job_id, timeout_s=120)
    return memory.peak


def one(site: Site, api: Api, portal: Portal, name: str, number: int) -> tuple[float, float]:
    """Own time and what the queue added, in ms, of a job that finds a warm runner."""
    portal.reset()
    body = {"jobType": name, "payload": payload_of(api, name, number), "allowDuplicate": True}
    time.sleep(2.5)  # a spare warms up
    job_id = api.post("/api/jobs", json=body).raise_for_status().json()["job"]["jobId"]
    job = api.wait_for(job_id, timeout_s=60)
    assert job["status"] == "completed", job["error"]
    own = run_on_database(site.dsn, _STEPS, job_id)
    return own, run_on_database(site.dsn, _WALL, job_id) - own


def many_sets(site: Site, api: Api) -> None:
    """Time for one set at the beginning and at the end of a long list."""
    sets = [{"name": f"Set {number}", "items": [{"name": "Large", "price": 1.5}]} for number in range(SETS)]
    job_id = api.launch("add-option-sets", optionSets=sets, **ACCOUNT)
    with Memory(site, job_id) as memory:
        job = api.wait_for(job_id, timeout_s=1_800)
    assert job["status"] == "completed", job["error"]
    saved = run_on_database(site.dsn, _SAVED, job_id)
    parts = [(saved[end - 1] - saved[end - PART]) / (PART - 1) * 1_000 for end in range(PART, SETS + 1, PART)]
    print(f"\nOne option set of {SETS}, by hundreds (and the ratio to the first hundred)")
    print("  " + "  ".join(f"{part:.0f} ms ×{part / parts[0]:.2f}" for part in parts))
    print(f"  memory of the job with its browser, peak: {memory.peak:.0f} MB")


def run(scratch: Path, dsn: str, portal: Portal) -> None:
    """Print all three."""
    settings = {"JOB_TYPES_PACKAGE": "portal_scripts", "WORKERS": "1"}
    with start_site(scratch, dsn, portal, settings) as site:
        api = site.as_user()
        print(
            f"\nA script's own time, what the queue adds to it (warm, median and most of {ROUNDS}), its peak of memory"
        )
        added: list[float] = []
        for name in JobTypes.load("portal_scripts").names:
            rounds = 1 if name == "register-restaurant" else ROUNDS  # the queue begins these a minute apart
            found = [one(site, api, portal, name, number) for number in range(rounds)]
            own, more = ([pair[part] for pair in found] for part in (0, 1))
            added += more
            peak = "not measured" if rounds == 1 else f"{peak_of(site, api, portal, name):4.0f} MB"
            figures = f"{statistics.median(own):7.0f} ms   + {statistics.median(more):4.0f} ms, {max(more):4.0f}"
            print(f"  {name:<32} {figures}   {peak}")
        print(f"  {'all':<32} {'':10}   + {statistics.median(added):4.0f} ms, {max(added):4.0f}")
        portal.reset()
        many_sets(site, api)
