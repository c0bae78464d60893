"""Looks into a file from outside: a menu, a picture, or neither. Runs in a process of its own (service/uploading.py).

So it imports little, and whatever a file does to a parser stays there.
"""

import io
import resource
import warnings
from dataclasses import dataclass
from typing import Literal

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, Field

from scriptjobs.errors import BadRequest, InvalidPayload
from scriptjobs.menu_csv import LIMIT_BYTES, Menu, Problem, read_menu

IMAGE_LIMIT_BYTES = 5 * 1024 * 1024
IMAGE_LIMIT_PIXELS = 40_000_000
# Only these are tried: Pillow knows dozens of formats, and each of its parsers is a way in.
_IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
_PICTURES = "PNG, JPEG, WebP, GIF"
SAMPLE_ROWS = 50
_SAMPLE_CHARACTERS = 300
_LISTED = 200
_MEMORY_BYTES = 1024 * 1024 * 1024


class MenuPreview(BaseModel):
    """What people see of a menu before it is imported. `menus` and `categories` are the first 200 of their names, with
    the number of their dishes; `problems` the first 200 errors and warnings; `sample` the first 50 rows.
    """

    rows: int
    columns: list[str]
    menus: dict[str, int]
    menu_count: int
    categories: dict[str, int]
    category_count: int
    problems: list[Problem]
    error_count: int
    warning_count: int
    sample: list[dict[str, str]] = Field(default_factory=list[dict[str, str]])

    @classmethod
    def of(cls, menu: Menu) -> "MenuPreview":
        """The preview of a menu that was read."""
        return cls(
            rows=len(menu.rows), columns=menu.columns,
            menus=dict(list(menu.menus.items())[:_LISTED]), menu_count=len(menu.menus),
            categories=dict(list(menu.categories.items())[:_LISTED]), category_count=len(menu.categories),
            problems=menu.problems, error_count=menu.error_count, warning_count=menu.warning_count,
            sample=[{name: _cut(cell) for name, cell in row.items()} for row in menu.rows[:SAMPLE_ROWS]],
        )  # fmt: skip

    @property
    def errors(self) -> list[Problem]:
        """The first of those that forbid the import."""
        return [problem for problem in self.problems if problem.is_error]

    @property
    def warnings(self) -> list[Problem]:
        """The first of those that a person should know."""
        return [problem for problem in self.problems if not problem.is_error]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file that we take: a menu, or a picture of `width` by `height` pixels."""

    kind: Literal["csv", "image"]
    media_type: str
    menu: MenuPreview | None = None
    width: int | None = None
    height: int | None = None


def check_upload(name: str, content: bytes) -> Checked:
    """What is in a file; `name` is told in refusals. A menu with faults is taken: its preview tells them.

    Raises:
        InvalidPayload: empty, neither menu nor picture, or a broken picture. BadRequest: PAYLOAD_TOO_LARGE.
    """
    if not content:
        raise _refuse(f"“{name}” is empty")
    picture = _read_picture(name, content)
    if picture is None and b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refuse(f"“{name}” is neither a picture ({_PICTURES}) nor a CSV file")
    if picture is None and not name.casefold().endswith((".csv", ".txt")):
        raise _refuse(f"“{name}” is no picture ({_PICTURES}); a menu file's name ends in .csv")
    limit = IMAGE_LIMIT_BYTES if picture else LIMIT_BYTES
    if len(content) > limit:
        said = f"“{name}” is larger than {limit // 1024**2} MiB."
        raise BadRequest(said, code="PAYLOAD_TOO_LARGE", limit=limit)
    return picture or Checked(kind="csv", media_type="text/csv", menu=MenuPreview.of(read_menu(content)))


def check_upload_apart(name: str, content: bytes) -> "Checked | InvalidPayload | BadRequest":
    """The same in a process of its own, with bounded memory. A refusal is returned, not raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, hard))
    try:
        return check_upload(name, content)
    except (InvalidPayload, BadRequest) as refusal:
        return refusal


def _read_picture(name: str, content: bytes) -> Checked | None:
    """The picture; None when it is none of those that the portal takes.

    Raises:
        InvalidPayload: it is broken or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(_IMAGE_TYPES)) as picture:
                width, height, media_type = picture.width, picture.height, _IMAGE_TYPES[picture.format or ""]
                if width * height > IMAGE_LIMIT_PIXELS:
                    raise _refuse(f"“{name}” has more than {IMAGE_LIMIT_PIXELS // 1_000_000} million pixels")
                picture.verify()
    except UnidentifiedImageError:
        return None
    except InvalidPayload:
        raise
    except Exception as error:  # its parsers raise whatever a broken file makes them raise
        raise _refuse(f"“{name}” is a broken picture") from error
    return Checked(kind="image", media_type=media_type, width=width, height=height)


def _cut(cell: str) -> str:
    return cell if len(cell) <= _SAMPLE_CHARACTERS else f"{cell[:_SAMPLE_CHARACTERS]}…"


def _refuse(said: str) -> InvalidPayload:
    return InvalidPayload(f"{said}.", fields=[{"path": "file", "message": said}])
