"""A job type that is one new module: the docs show the very files, and it goes the way through the whole system."""

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from alembic import command

from migrations import new_job_types
from scriptjobs.database import alembic_config
from scriptjobs.job_types import JobTypes
from tests.processes import Portal, Site, run_on_database

ROOT = Path(__file__).parents[2]
PACKAGE = "tests.new_job_type"


@pytest.mark.parametrize("name", ["tests/new_job_type/add_tax.py", "tests/scripts/test_add_tax.py"])
def test_the_docs_show_this_very_file(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert f"```python\n{text}```" in (ROOT / "docs/adding-a-job-type.md").read_text(encoding="utf-8")


def test_one_module_and_a_generated_migration_are_enough(
    own_site: Callable[..., Site], new_database: Callable[[], str], clean_portal: Portal, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", folder)
    wanted = new_job_types.missing(JobTypes.load(PACKAGE).names, (folder / "schema.sql").read_text())
    assert wanted == ["add-tax"]
    number = new_job_types.write(folder, "add-tax")
    dsn = new_database()
    config = alembic_config(dsn)
    config.set_main_option("script_location", str(folder))
    before = run_on_database(dsn, "select version_num from alembic_version")
    command.upgrade(config, "head")
    after = run_on_database(dsn, "select version_num from alembic_version")
    # The checkout that the site is started from does not have the new revision.
    run_on_database(dsn, "update alembic_version set version_num = $1", before)
    site = own_site(dsn, JOB_TYPES_PACKAGE=PACKAGE)
    ana = site.as_user()
    account = {"email": "demo@example.com", "password": "demo-password", "restaurantName": "Curry Garden"}

    listed = ana.get("/api/jobs/types").json()["types"]
    job = ana.wait_for(ana.launch("add-tax", name="GST", rate=15, **account))
    with httpx2.Client(base_url=site.address, follow_redirects=True, trust_env=False) as browser:
        token = browser.get(f"/sign-in/{ana.link}").text.split('name="form_token" value="')[-1].split('"')[0]
        browser.post(f"/sign-in/{ana.link}", data={"form_token": token})
        pages = browser.get("/launch").text, browser.get("/launch/add-tax").text

    assert int(after) == int(before) + 1 == int(number)
    assert [(kind["type"], kind["requiredFields"][-2:]) for kind in listed] == [("add-tax", ["name", "rate"])]
    assert (job["status"], job["result"]["data"]) == ("completed", {"status": "created"}), job["error"]
    assert "Add a tax" in pages[0]
    assert "Running it twice is safe" in pages[1]
    assert 'name="rate" type="number"' in pages[1]
