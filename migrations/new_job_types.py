"""Writes the migration that teaches `script_job_type` the job types it does not know yet: `bin/migrate --new`."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from scriptjobs.job_types import JobTypes
from scriptjobs.settings import Settings

HERE = Path(__file__).parent
_ENUM = re.compile(r"CREATE TYPE public\.script_job_type AS ENUM \((.*?)\);", re.DOTALL)
# A new value cannot be used in the transaction that adds it, so such a migration does nothing else. It cannot be taken
# out again; one that no job uses hurts nobody, and the way back to nothing drops the whole type.
_UP = "-- Nothing else here: see README.md.\nalter type public.script_job_type add value if not exists '{}';\n"
_DOWN = "-- PostgreSQL cannot take a value out of a type; one that nobody uses stays.\nselect;\n"


def missing(names: Iterable[str], schema: str) -> list[str]:
    """Those of `names` that the type in `schema` (the dumped schema) does not have."""
    found = _ENUM.search(schema)
    known = set(re.findall(r"'([^']+)'", found[1])) if found else set[str]()
    return sorted(set(names) - known)


def write(folder: Path, name: str) -> str:
    """Write the revision that adds `name`, after the last one in `folder`. Returns its number."""
    last = max(path.name[:4] for path in (folder / "versions").glob("[0-9]*.py"))
    number = f"{int(last) + 1:04d}"
    slug = f"{number}_job_type_{name.replace('-', '_')}"
    model = next((folder / "versions").glob(f"{last}_*.py"))
    text = model.read_text(encoding="utf-8").replace(model.stem, slug)
    text = re.sub(r'^""".*?:', f'"""The job type {name}:', text)
    text = re.sub(r"^revision = .*$", f'revision = "{number}"', text, flags=re.MULTILINE)
    text = re.sub(r"^down_revision = .*$", f'down_revision = "{last}"', text, flags=re.MULTILINE)
    (folder / "versions" / f"{slug}.py").write_text(text, encoding="utf-8")
    (folder / "sql" / f"{slug}.up.sql").write_text(_UP.format(name), encoding="utf-8")
    (folder / "sql" / f"{slug}.down.sql").write_text(_DOWN, encoding="utf-8")
    return number


def main() -> None:
    """Write one revision for each job type of the registry that the schema on file does not know."""
    names = JobTypes.load(Settings.from_env().job_types_package).names
    wanted = missing(names, (HERE / "schema.sql").read_text(encoding="utf-8"))
    for name in wanted:
        sys.stdout.write(f"{write(HERE, name)} adds {name}.\n")
    if not wanted:
        sys.stdout.write("The database knows every job type.\n")


if __name__ == "__main__":
    main()
