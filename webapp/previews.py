"""What a form shows of an uploaded file: the rows and faults of a menu, the size of a picture."""

from dataclasses import dataclass, field

from scriptjobs.menu_csv import Problem
from scriptjobs.service import Preview
from scriptjobs.upload_check import MenuPreview

_SHOWN_PROBLEMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePreview:
    """One file. `summary` is what is in it; `more` is how many problems are not listed."""

    name: str
    summary: str
    is_good: bool
    errors: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])
    more: int = 0
    columns: list[str] = field(default_factory=list[str])
    rows: list[list[str]] = field(default_factory=list[list[str]])

    @classmethod
    def of(cls, preview: Preview) -> "FilePreview":
        """The preview as a form shows it."""
        menu = preview.menu
        if menu is None:
            size = f"{preview.width} × {preview.height} pixels, {_size(preview.upload.size)}"
            return cls(name=preview.upload.name, summary=size, is_good=True)
        return cls(
            name=preview.upload.name,
            summary=_summary(menu),
            is_good=not menu.error_count,
            errors=menu.errors[:_SHOWN_PROBLEMS],
            warnings=menu.warnings[:_SHOWN_PROBLEMS],
            more=max(0, menu.error_count - _SHOWN_PROBLEMS) + max(0, menu.warning_count - _SHOWN_PROBLEMS),
            columns=menu.columns,
            rows=[[row.get(name, "") for name in menu.columns] for row in menu.sample],
        )


def _summary(menu: MenuPreview) -> str:
    counts = [(menu.rows, "item"), (menu.category_count, "category")]
    counts += [(menu.menu_count, "menu")] * (menu.menu_count > 1)
    counts += [(menu.error_count, "error")] + [(menu.warning_count, "warning")] * bool(menu.warning_count)
    return ", ".join(f"{count:,} {word if count == 1 else _PLURALS.get(word, word + 's')}" for count, word in counts)


_PLURALS = {"category": "categories"}


def _size(size: int) -> str:
    return f"{size / 1024:,.0f} kB" if size >= 1024 else f"{size} bytes"
