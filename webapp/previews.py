"""What a form shows of an uploaded file: the rows and faults of a menu, the size of a picture."""

from dataclasses import dataclass, field

from scriptjobs.menu_csv import Menu, Problem
from scriptjobs.service import Preview

# Product page, L3: enough rows to see whether the columns are right.
SAMPLE_ROWS = 50
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
            is_good=not menu.errors,
            errors=menu.errors[:_SHOWN_PROBLEMS],
            warnings=menu.warnings[:_SHOWN_PROBLEMS],
            more=max(0, len(menu.errors) - _SHOWN_PROBLEMS) + max(0, len(menu.warnings) - _SHOWN_PROBLEMS),
            columns=menu.columns,
            rows=[[row.get(name, "") for name in menu.columns] for row in menu.rows[:SAMPLE_ROWS]],
        )


def _summary(menu: Menu) -> str:
    counts = [(len(menu.rows), "item"), (len(menu.categories), "category"), (len(menu.errors), "error")]
    counts += [(len(menu.warnings), "warning")] * bool(menu.warnings)
    return ", ".join(f"{count:,} {word if count == 1 else _PLURALS.get(word, word + 's')}" for count, word in counts)


_PLURALS = {"category": "categories"}


def _size(size: int) -> str:
    return f"{size / 1024:,.0f} kB" if size >= 1024 else f"{size} bytes"
