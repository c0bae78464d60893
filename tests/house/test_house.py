"""The house rules that no linter holds: names, sizes, mirrors, content policy, settings in the docs."""

import queue
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scriptjobs.settings import Settings

ROOT = Path(__file__).parents[2]
TRACKED = [
    ROOT / name
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    if (ROOT / name).is_file()
]
OURS = [path for path in TRACKED if "vendor" not in path.parts]
LIMITS = {".py": 300, ".html": 60, ".css": 120, ".js": 200, ".sql": 200}
# Longer for a reason.
EXCEPTIONS = {
    "migrations/schema.sql": "the dumped schema",
    "tests/pages/test_jobs.py": "the job's page in all its states",
    "tests/database/test_outcomes.py": "every way an attempt can end",
    "tests/api/test_jobs.py": "six endpoints",
    "webapp/views.py": "one table and one view for each part of a job",
}


def test_queue_is_the_standard_librarys() -> None:
    assert not (ROOT / "queue/__init__.py").exists()
    assert hasattr(queue, "SimpleQueue")


def test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in OURS
        if path.suffix in LIMITS and (lines := len(path.read_text("utf-8").splitlines())) > LIMITS[path.suffix]
    }

    assert set(long) <= set(EXCEPTIONS), long


@pytest.mark.parametrize("path", [path for path in OURS if path.suffix == ".html"], ids=lambda path: path.name)
def test_templates_keep_the_content_policy(path: Path) -> None:
    text = path.read_text("utf-8")

    assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|<style|hx-on|hx-vals=.js:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_each_partial_is_one_macro_of_its_name() -> None:
    for path in (ROOT / "templates/partials").rglob("*.html"):
        assert re.findall(r"{% macro (\w+)\(", path.read_text("utf-8")) == [path.stem]


def test_each_style_sheet_of_a_partial_has_its_partial() -> None:
    partials = {path.stem for path in (ROOT / "templates").rglob("*.html")} | {"connection"}

    assert {path.stem for path in (ROOT / "static/css/partials").glob("*.css")} <= partials


def test_no_module_reads_the_environment_but_those_that_start_processes() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in OURS
        if path.suffix == ".py"
        and {"webapp", "scriptjobs"} & set(path.parts)
        and "os.environ" in path.read_text("utf-8")
    }

    assert readers <= {
        "queue/scriptjobs/runner/process.py", "queue/scriptjobs/chromium.py", "queue/scriptjobs/cli/serving.py",
        "queue/scriptjobs/runner/folders.py", "queue/scriptjobs/child/command.py",
    }  # fmt: skip


def test_locks_name_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-server.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text
        assert text.count("--hash=sha256:") > 50


def test_every_setting_stands_in_the_operations_page() -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")

    missing = [name.upper() for name in Settings.model_fields if f"`{name.upper()}`" not in text]

    assert missing == []


def test_every_log_event_stands_in_the_operations_page() -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    sources = [path.read_text("utf-8") for path in OURS if path.suffix == ".py" and "tests" not in path.parts]
    names = {
        name for source in sources for name in re.findall(r"log\.(?:info|warning|error|critical)\(\s*\"(\w+)\"", source)
    }

    assert {name for name in names if f"`{name}`" not in text} == set()


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "bin/README.md").read_text("utf-8")

    assert {
        path.name for path in (ROOT / "bin").iterdir() if path.suffix != ".md" and f"`{path.name}" not in text
    } == set()


def test_the_changelog_knows_this_version() -> None:
    import scriptjobs

    assert f"## {scriptjobs.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_children_start_light() -> None:
    code = (
        "import sys; import scriptjobs.child.main; "
        "sys.exit(bool({'sqlalchemy', 'asyncpg', 'starlette', 'alembic'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
