"""The registry of job types: several packages, and what is wrong with one told in a sentence."""

import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from scriptjobs.errors import SetupError
from scriptjobs.job_types import JobTypes
from tests.scripts.desk import TYPES

CANARY = "canary-of-an-example"
MODULE = """
from pydantic import BaseModel, Field
from scriptjobs.job_types import JobType
from scriptjobs.script import Result, Secret

class Login(BaseModel):
    user: str
    password: Secret

class Payload(BaseModel):
    logins: list[Login] = []
    code: Secret | None = None
    note: str = ""

JOB_TYPE = JobType(
    name="{name}", title="T", description="D", payload=Payload, result=Result, steps=("One",), command=("true",),
    examples=({{"code": "{canary}", "note": "kept", "logins": [{{"user": "ana", "password": "{canary}"}}]}},),
)
"""
Make = Callable[..., str]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Make]:
    """Makes a package of job types; each file is a name and its text."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)

    def write(package: str, **files: str) -> str:
        (tmp_path / package).mkdir()
        for name, text in {"__init__": "", **files}.items():
            (tmp_path / package / f"{name}.py").write_text(text)
        return package

    yield write
    for name in set(sys.modules) - known:
        del sys.modules[name]


def kind(name: str) -> str:
    return MODULE.format(name=name, canary=CANARY)


def test_several_packages_stand_beside_each_other(make: Make) -> None:
    make("first_site", add=kind("add"))
    make("second_site", remove=kind("remove"))

    found = JobTypes.load(" first_site, second_site,,first_site")

    assert found.names == ["add", "remove"]


@pytest.mark.parametrize("names", ["", " , "])
def test_no_package_is_refused(names: str) -> None:
    with pytest.raises(SetupError, match="names no package"):
        JobTypes.load(names)


def test_a_package_that_is_not_there_is_named(make: Make) -> None:
    make("first_site", add=kind("add"))

    with pytest.raises(SetupError, match="no package 'absent_site'"):
        JobTypes.load("first_site,absent_site")


def test_a_name_that_two_packages_share_is_told_with_both_modules(make: Make) -> None:
    make("first_site", add=kind("add"))
    make("second_site", other=kind("add"))

    with pytest.raises(SetupError, match=r"named add: first_site\.add and second_site\.other"):
        JobTypes.load("first_site,second_site")


@pytest.mark.parametrize(
    ("text", "words"),
    [("import absent_library", "absent_library"), ("1 / 0", "ZeroDivisionError"), ("def", "SyntaxError")],
)
def test_a_module_that_cannot_be_imported_is_named(make: Make, text: str, words: str) -> None:
    make("first_site", broken=text)

    with pytest.raises(SetupError, match=rf"first_site\.broken of job types cannot be imported.*{words}"):
        JobTypes.load("first_site")


def test_examples_are_shown_without_secrets_wherever_they_lie(make: Make) -> None:
    (job_type,) = JobTypes.load(make("first_site", add=kind("add")))

    assert job_type.open_examples == [{"note": "kept", "logins": [{"user": "ana"}]}]


@pytest.mark.parametrize("name", TYPES.names)
def test_no_example_of_the_portal_shows_its_password(name: str) -> None:
    job_type = TYPES.get(name)

    for example, shown in zip(job_type.examples, job_type.open_examples, strict=True):
        assert example["password"] not in str(shown)
        assert shown == {key: value for key, value in example.items() if key != "password"}
