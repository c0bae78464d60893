"""Uploads: checked by what is in them, previewed, named by payloads, kept as long as a job needs them."""

import io
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from PIL import Image

from scriptjobs.database import Database
from scriptjobs.files import Files
from scriptjobs.worker.pruner import cleanup_old_jobs, cleanup_unused_uploads
from tests.factories import change
from tests.processes import Api, Portal, Site, start_site, wait_for

MENU = b"menuName,categoryName,dishName,dishPrice\nLunch,Mains,Dal,12.50\nLunch,Mains,Naan,$3\nLunch,Drinks,Lassi,4\n"


@pytest.fixture(scope="module")
def site(scratch: Path, portal: Portal, new_database: Callable[[], str]) -> Generator[Site]:
    """All types, and nobody who runs them."""
    settings = {"JOB_TYPES_PACKAGE": "portal_scripts", "WORKERS": "0", "CSV_FOLDER": str(scratch)}
    with start_site(scratch, new_database(), portal, settings) as started:
        yield started


@pytest.fixture(scope="module")
def ana(site: Site) -> Api:
    return site.as_user()


def send(api: Api, name: str, content: bytes, **more: Any) -> httpx2.Response:
    return api.post("/api/files", files={"file": (name, content)}, **more)


def uploaded(api: Api, name: str = "menu.csv", content: bytes = MENU) -> str:
    answer = send(api, name, content)
    assert answer.status_code == 201, answer.text
    return answer.json()["file"]["id"]


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "#b400fa").save(made, kind)
    return made.getvalue()


def launch(api: Api, job_type: str, **payload: Any) -> httpx2.Response:
    given = {"email": "demo@example.com", "password": "demo-password", "restaurantName": "Curry Garden", **payload}
    return api.post("/api/jobs", json={"jobType": job_type, "payload": given, "allowDuplicate": True})


def website(api: Api, **pictures: Any) -> httpx2.Response:
    return launch(api, "configure-website-dark", primaryColor="#123456", headCode="<b>", bodyCode="<b>", **pictures)


def test_a_menu_is_stored_and_its_content_told(ana: Api) -> None:
    body = send(ana, "C:\\menus\\Curry Garden.csv", b"\xef\xbb\xbf" + MENU).json()
    again = ana.get(f"/api/files/{body['file']['id']}/preview").json()

    assert (body["file"]["name"], body["file"]["kind"], body["file"]["size"]) == (
        "Curry Garden.csv",
        "csv",
        len(MENU) + 3,
    )
    assert body["preview"]["categories"] == [{"name": "Mains", "items": 2}, {"name": "Drinks", "items": 1}]
    assert body["preview"]["sample"][1]["dishPrice"] == "3.00"
    assert body["preview"]["canBeImported"] is True
    assert body["preview"]["problems"] == [
        {
            "line": 1,
            "column": None,
            "severity": "warning",
            "message": "a byte order mark at the beginning was left out",
        },
        {"line": 3, "column": "dishPrice", "severity": "warning", "message": "“$3” is read as 3.00"},
    ]
    assert again == body


def test_a_menu_with_faults_names_line_and_column(ana: Api) -> None:
    content = (
        MENU + b'Lunch,Mains,"Broken ""Dosa",1\nLunch,,Empty,1\nLunch,Mains,Dear,lots\nLunch,Mains,Unclosed "quote,1\n'
    )
    preview = send(ana, "menu.csv", content).json()["preview"]
    errors = [(fault["line"], fault["column"]) for fault in preview["problems"] if fault["severity"] == "error"]

    assert preview["canBeImported"] is False
    assert errors == [(6, "categoryName"), (7, "dishPrice")]


def test_a_menu_of_five_thousand_rows_is_read_within_a_second(ana: Api) -> None:
    rows = b"".join(
        b"Lunch,Category %d,Dish %d,%d.50\n" % (number % 40, number, number % 90) for number in range(5_000)
    )
    began = time.monotonic()

    preview = send(ana, "menu.csv", MENU.split(b"\n")[0] + b"\n" + rows).json()["preview"]

    assert time.monotonic() - began < 1
    assert (preview["rows"], len(preview["categories"]), len(preview["sample"])) == (5_000, 40, 50)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_known_by_its_content(ana: Api, kind: str) -> None:
    body = send(ana, "logo.csv", picture(kind)).json()

    assert (body["file"]["kind"], body["file"]["mediaType"]) == ("image", f"image/{kind.lower()}")
    assert body["preview"] == {"width": 40, "height": 20}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("menu.csv", b"", "is empty"),
        ("logo.png", b"GIF89a nonsense", "no picture"),
        ("logo.png", picture()[:60], "broken picture"),
        ("logo.bmp", picture("BMP"), "neither a picture (PNG, JPEG, WebP, GIF)"),
        ("menu.xlsx", b"PK\x03\x04\0\0" * 100, "neither a picture"),
        ("page.html", b"<script>alert(1)</script>", "no picture"),
        ("zeros.dds", b"DDS " + b"\0" * 200, "neither a picture"),
        ("mutated.avif", b"\0\0\0\x1cftypavif" + b"\xff" * 300, "neither a picture"),
        ("mutated.webp", b"RIFF\x10\0\0\0WEBPVP8L" + b"\xff" * 300, "broken picture"),
        ("big.png", picture(size=(7_000, 7_000)), "million pixels"),
    ],
)
def test_what_is_neither_menu_nor_picture_is_refused(ana: Api, name: str, content: bytes, says: str) -> None:
    answer = send(ana, name, content)

    assert answer.status_code == 400
    [fault] = answer.json()["error"]["fields"]
    assert fault["path"] == "file"
    assert says in fault["message"]


def test_a_large_file_of_any_content_slows_no_other_request(ana: Api, site: Site) -> None:
    content = MENU + b"x\n" * (5 * 1024 * 1024 - 100)
    waited: list[float] = []
    with ThreadPoolExecutor(1) as pool, httpx2.Client(base_url=site.address, trust_env=False) as other:
        sent = pool.submit(send, ana, "menu.csv", content)
        while not sent.done():
            began = time.monotonic()
            other.get("/healthz").raise_for_status()
            waited.append(time.monotonic() - began)
    preview = sent.result().json()["preview"]
    again = ana.get(f"/api/files/{sent.result().json()['file']['id']}/preview").json()["preview"]

    assert "more than 20,000 rows" in str(preview["problems"])
    assert again == preview
    assert max(waited) < 0.5, max(waited)  # reading the body itself takes some 50 ms


def test_what_is_too_large_is_refused_announced_or_not(ana: Api) -> None:
    announced = send(ana, "menu.csv", MENU + b"x" * 11 * 1024 * 1024)
    picture_of_six = send(ana, "logo.png", picture() + b"\0" * 6 * 1024 * 1024)

    def chunks() -> Generator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="menu.csv"\r\n\r\n'
        for _ in range(11 * 16):
            yield b"x" * 64 * 1024

    streamed = ana.post("/api/files", content=chunks(), headers={"Content-Type": "multipart/form-data; boundary=b"})

    assert [answer.status_code for answer in (announced, picture_of_six, streamed)] == [413, 413, 413]
    assert "10 MiB" in announced.json()["error"]["message"]
    assert "5 MiB" in picture_of_six.json()["error"]["message"]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"json": {}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"files": {"menu": ("menu.csv", MENU)}}, 400, "INVALID_PAYLOAD"),
        ({"data": {"file": "text"}, "files": {"x": ("x.csv", MENU)}}, 400, "INVALID_PAYLOAD"),
        ({"files": [("file", ("a.csv", MENU)), ("file", ("b.csv", MENU))]}, 400, "BAD_REQUEST"),
        ({"content": b"nonsense", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400, "BAD_REQUEST"),
    ],
)
def test_a_request_of_the_wrong_form_is_told(ana: Api, request_: dict[str, Any], status: int, code: str) -> None:
    answer = ana.post("/api/files", **request_)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_payload_names_files_of_the_right_kind_only(ana: Api) -> None:
    menu, logo = uploaded(ana), uploaded(ana, "logo.png", picture())
    good = [
        launch(ana, "import-csv-menu", csvFile=menu),
        website(ana, logo=logo, header={"enabled": True, "logo": logo}),
    ]
    wrong = website(ana, logo=menu, header={"enabled": True, "background": menu})
    missing = launch(ana, "import-csv-menu", csvFile="6f2c1c5e-6f0b-4f57-9a38-0d3f1f6f2a11")

    assert [answer.status_code for answer in good] == [202, 202]
    assert [(fault["path"], fault["message"]) for fault in wrong.json()["error"]["fields"]] == [
        ("logo", "“menu.csv” is no picture"), ("header.background", "“menu.csv” is no picture"),
    ]  # fmt: skip
    assert missing.json()["error"]["fields"] == [
        {"path": "csvFile", "message": "is no uploaded file of your organisation; upload it first"}
    ]


def test_another_organisations_file_does_not_exist(ana: Api, site: Site) -> None:
    bob = site.as_user("bob@example.com", "Two")
    theirs = uploaded(ana)

    assert bob.get(f"/api/files/{theirs}/preview").status_code == 404
    assert ana.get("/api/files/nonsense/preview").status_code == 404
    assert launch(bob, "import-csv-menu", csvFile=theirs).json()["error"]["fields"][0]["path"] == "csvFile"


def test_a_viewer_uploads_nothing(site: Site) -> None:
    eve = site.as_user("eve@example.com", "One", "viewer")

    assert send(eve, "menu.csv", MENU).status_code == 403


def test_a_path_leads_into_the_operators_folder_and_nowhere_else(ana: Api, scratch: Path) -> None:
    inside = launch(ana, "import-csv-menu", csvFilePath=str(scratch / "menus" / "menu.csv"))
    outside = [
        launch(ana, "import-csv-menu", csvFilePath=path)
        for path in ("/etc/passwd", f"{scratch}/../menu.csv", "menu.csv", f"{scratch}-other/menu.csv")
    ]

    assert inside.status_code == 202
    assert [answer.json()["error"]["fields"][0]["path"] for answer in outside] == ["csvFilePath"] * 4


def test_a_file_goes_with_the_last_job_that_names_it(ana: Api, site: Site) -> None:
    kept, used, unused = uploaded(ana), uploaded(ana), uploaded(ana)
    fresh = uploaded(ana)
    jobs = [launch(ana, "import-csv-menu", csvFile=id_).json()["job"]["jobId"] for id_ in (kept, used)]
    for job_id in jobs:
        assert ana.delete(f"/api/jobs/{job_id}").status_code == 200
    assert ana.post(f"/api/jobs/{jobs[0]}/keep").status_code == 200

    async def sweep() -> None:
        database = Database(site.dsn)
        files = Files.load(None, site.settings.var_dir)
        try:
            age = "created_at = created_at - interval '40 days'"
            await change(database, f"update script_jobs set {age}, completed_at = completed_at - interval '40 days'")
            await change(database, f"update script_job_uploads set {age} where id <> :id", id=fresh)
            await cleanup_old_jobs(database, files)
            await cleanup_unused_uploads(database, files)
        finally:
            await database.close()

    wait_for(sweep())

    assert [ana.get(f"/api/files/{id_}/preview").status_code for id_ in (kept, used, unused, fresh)] == [
        200,
        404,
        404,
        200,
    ]
    assert not (site.settings.var_dir / "files" / "uploads" / used).exists()
    assert (site.settings.var_dir / "files" / "uploads" / kept).exists()


def test_a_file_is_checked_again_when_its_check_was_killed(site: Site, ana: Api) -> None:
    """By the kernel or by somebody: nothing is wrong with the file."""
    uploaded(ana)
    [checker] = [child for child in psutil.Process(site.process.pid).children() if "anyio" in " ".join(child.cmdline())]
    checker.suspend()
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send, ana, "menu.csv", MENU)
        time.sleep(0.5)
        checker.kill()

        assert sent.result(20).status_code == 201
