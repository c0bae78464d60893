"""The README's shell example, word for word, against a real installation."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.docs.test_commands import ROOT, example_of_readme
from tests.processes import JWT_SECRET, SECRETS_KEY, Portal, Site


def test_the_shell_example_works_as_it_is_printed(
    own_site: Callable[..., Site], clean_portal: Portal, tmp_path: Path
) -> None:
    site = own_site(JOB_TYPES_PACKAGE="portal_scripts", WORKERS="1")
    clean_portal.reset({"demo@example.com": ["Curry Garden"]})
    # It is typed in a checkout, whose folder is not to be filled with its two files.
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    example = example_of_readme()
    # The account that is printed is nobody's; the sandbox portal has one.
    example = example.replace("owner@example.com", "demo@example.com")
    example = example.replace("the-password-on-the-portal", "demo-password")
    environment = {
        **os.environ, "DATABASE_URL": site.dsn, "VAR_DIR": str(site.settings.var_dir), "JWT_SECRET": JWT_SECRET,
        "SECRETS_KEY": SECRETS_KEY,
        "SCRIPT_JOBS_URL": site.address, "COLUMNS": "200",
    }  # fmt: skip

    done = subprocess.run(
        ["sh", "-eu", "-c", example], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=100
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "/sign-in/" in done.stdout
    assert '"status": "completed"' in done.stdout
    assert [tag["name"] for tag in clean_portal.tags("Curry Garden")] == ["Spicy"]
    assert re.fullmatch(r"[0-9a-f-]{36}", done.stdout.splitlines()[-1])
