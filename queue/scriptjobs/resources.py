"""Finds the files that come with the code: templates, static files, migrations. In a wheel they lie inside the package,
in a checkout beside it.
"""

from pathlib import Path
from typing import Literal

_INSTALLED = Path(__file__).resolve().parent / "resources"
_CHECKOUT = Path(__file__).resolve().parents[2]


def find_resources(name: Literal["templates", "static", "migrations"]) -> Path:
    """The folder of that name, absolute."""
    return (_INSTALLED if _INSTALLED.is_dir() else _CHECKOUT) / name
