"""Replaces a restaurant's menu by a CSV file, at Menus > CSV Import.

The file is checked before the browser does anything; a clean copy of it is uploaded. A second run imports the same menu
again, which changes nothing. The import unties item tags and option sets: those jobs come after this one.
"""

from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from portal_scripts.pages.csv_import import CsvImport
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.restaurant import MENUS, OPEN, open_menus, open_restaurant_of
from portal_scripts.portal_payload import PortalPayload, twins
from scriptjobs import script as face
from scriptjobs.errors import ScriptError
from scriptjobs.job_types import JobType
from scriptjobs.menu_csv import BadMenu, Menu, read_menu
from scriptjobs.script import CsvFile, Script


class Payload(PortalPayload):
    """The menu file: uploaded before, or lying in the folder that the operator set for such files."""

    csv_file_path: str | None = Field(
        None, title="Path on the worker", alias="csvFilePath", validation_alias=twins("csvFilePath", "csv_file_path"),
        max_length=1_000, description="In the place of an uploaded file; only within the folder CSV_FOLDER.",
        json_schema_extra={"x-hidden": True},
    )  # fmt: skip
    csv_file: CsvFile | None = Field(
        None, title="Menu file", alias="csvFile", validation_alias=twins("csvFile", "csv_file"), validate_default=True,
        json_schema_extra={"x-required": True},
        description="CSV in UTF-8, with at least menuName, categoryName, dishName and dishPrice; up to 10 MiB.",
    )  # fmt: skip

    @field_validator("csv_file", "csv_file_path", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("csv_file_path")
    @classmethod
    def _is_in_the_folder(cls, value: str | None, info: ValidationInfo) -> str | None:
        """A payload may not make the worker read just any file."""
        folder = (info.context or {}).get("csv_folder")
        if value is None or (info.context or {}).get("is_checked"):
            return value
        if not folder or not Path(value).resolve().is_relative_to(Path(folder).resolve()):
            raise ValueError("is not in the folder for menu files; upload the file instead (csvFile)")
        return value

    @field_validator("csv_file")
    @classmethod
    def _is_the_only_one(cls, value: UUID | None, info: ValidationInfo) -> UUID | None:
        if "csv_file_path" not in info.data:  # which is told already
            return value
        if value and info.data["csv_file_path"]:
            raise ValueError("is one menu too many: csvFilePath names another")
        if not value and not info.data["csv_file_path"]:
            raise ValueError("is missing")
        return value


class Data(BaseModel):
    """What was imported."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    rows: int
    categories: int
    items: int
    warnings: list[str]


class Result(face.Result):
    """The result of the job."""

    data: Data


CHECK = "Check the menu file"
DIALOGUE = "Open the import dialogue"
CONFIRM = "Confirm that the menu is replaced"
IMPORT = "Upload the menu"
STEPS = (CHECK, SIGN_IN, OPEN, MENUS, DIALOGUE, CONFIRM, IMPORT)


async def run(script: Script, payload: Payload) -> Result:
    """Import the menu. Raises VALIDATION_ERROR for a bad file, IMPORT_REJECTED, and the errors of the pages."""
    async with script.step(CHECK):
        path = _path(script, payload)
        menu = _read(path)
        for warning in menu.warnings:
            await script.log(str(warning), "warning")
        # Under its own name, by which the portal's messages call it; apart from all else that lies in the run's folder.
        clean = Path("import", f"{path.stem}.csv")
        clean.parent.mkdir(exist_ok=True)
        clean.write_bytes(menu.as_csv())  # noqa: ASYNC240 (a local file of a few hundred kB)
    dialogue = CsvImport(script)
    async with signed_in(script, payload):
        async with script.step(OPEN):
            opened = await open_restaurant_of(script, payload)
        async with script.step(MENUS):
            await open_menus(script)
        async with script.step(DIALOGUE):
            await dialogue.open()
        async with script.step(CONFIRM):
            await dialogue.confirm()
        async with script.step(IMPORT):
            await dialogue.upload(clean.resolve())  # noqa: ASYNC240 (no waiting)
    items, categories = len(menu.rows), len(menu.categories)
    warnings = [str(warning) for warning in menu.warnings]
    result = Result(
        message=f"Menu imported: {items} items in {categories} categories.", warnings=warnings,
        data=Data(rows=items, categories=categories, items=items, warnings=warnings),
    )  # fmt: skip
    return opened.told_in(result)


def _path(script: Script, payload: Payload) -> Path:
    return script.file(payload.csv_file) if payload.csv_file else Path(str(payload.csv_file_path))


def _read(path: Path) -> Menu:
    try:
        menu = read_menu(path.read_bytes())
        menu.must_be_good(f"“{path.name}”")
    except FileNotFoundError as error:
        raise ScriptError(f"There is no menu file {path.name}.", code="VALIDATION_ERROR") from error
    except BadMenu as error:
        raise ScriptError(error.message, code=error.code, **error.details) from error
    return menu


JOB_TYPE = JobType(
    name="import-csv-menu",
    title="Import a menu",
    description="Replaces the restaurant's menu by a CSV file. Item tags and option sets have to be added afterwards.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    run=run,
    expected_ms=90_000,
    examples=(
        {
            "email": "owner@example.com",
            "password": "example-password",
            "restaurantName": "Test Restaurant",
            "csvFile": "6f2c1c5e-6f0b-4f57-9a38-0d3f1f6f2a11",
        },
    ),
)
