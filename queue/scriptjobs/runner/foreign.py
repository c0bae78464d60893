"""What a script in any language says: its result and its progress, read from what it prints."""

import json
import re
import time
from typing import Any, Literal, cast

from scriptjobs.errors import ScriptError, classify_error
from scriptjobs.events import Failure, Progress, Result, StepChanged
from scriptjobs.job_types import JobType
from scriptjobs.runner.results import ResultFinder

_STEP = re.compile(r"STEP (\d{1,3}): (.+)")
_PART = re.compile(r"\[(\d{1,6})/(\d{1,6})\](?: (.+))?")


def parse_script_output(finder: ResultFinder, last_words: str, job_type: JobType) -> Result | Failure:
    """What a script that ended with exit status 0 has printed as its result.

    A marked block counts first, then the last JSON object with a `success` key, then `Successfully created: a/b`. Words
    such as "success" prove nothing: without any of these the result is `unverified`.
    """
    said = finder.result()
    if isinstance(said, ScriptError):
        return Failure(code=said.code, message=said.message)
    if said is not None:
        known = {"success", "message", "data", "partial"}
        rest = {key: value for key, value in said.items() if key not in known}
        shaped = {key: said[key] for key in said if key in known and not (key == "partial" and said[key] is False)}
        shaped |= {"data": said.get("data", rest)}
        return verdict_of(shaped if said.get("success") is not False else said, job_type)
    if finder.counts:
        created, total = finder.counts
        message = f"{created} of {total} created."
        if not created and total:
            return Failure(code=classify_error(message), message=message)
        partial = {"partial": True} if created < total else {}
        data = {"created": created, "total": total}
        return Result(result={"success": True, "message": message, **partial, "data": data})
    message = f"{job_type.title}: the script ended without a result."
    message += f" Its last words: {last_words}" if last_words else ""
    return Result(result={"success": True, "unverified": True, "message": message, "data": {}})


def verdict_of(said: dict[str, Any], job_type: JobType) -> Result | Failure:
    """The result that a script gave, or the failure that it is: it says so, or does not say what a result must."""
    for name in ("success", "partial"):
        value = said.get(name, False if name == "partial" else None)
        if not isinstance(value, bool):
            shown = json.dumps(value, default=str)[:100]
            message = f'The script\'s result says "{name}": {shown}. It must be true or false.'
            return Failure(code="VALIDATION_ERROR", message=message)
    message = _message_of(said)
    if not said["success"]:
        return Failure(code=classify_error(message), message=message or "The script says that it failed, not why.")
    try:
        result = Result(result=said)
    except ScriptError as error:
        return Failure(code=error.code, message=error.message)
    result.result["message"] = _message_of(result.result) or job_type.title
    return result


def _message_of(said: dict[str, Any]) -> str:
    names = ("message",) if said.get("success") else ("message", "error", "reason")
    for name in names:
        value = said.get(name)
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get("message", cast("Any", value))
        if value:
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return ""


def progress_of(line: str, job_type: JobType) -> StepChanged | Progress | None:
    """The progress in a printed line (`STEP n: title`, `[i/n] …`), or None."""
    if found := _STEP.search(line):
        position = max(1, int(found[1]))
        total = max(position, job_type.estimate_total_steps())
        return StepChanged(state="running", position=position, total=total, title=found[2].strip())
    if (found := _PART.search(line)) and int(found[2]):
        percent = min(99, 100 * int(found[1]) // int(found[2]))
        return Progress(percent=percent, message=line.strip())
    return None


class PrintedSteps:
    """The steps that a script prints: each one ends where the next one begins."""

    def __init__(self) -> None:
        self._open: StepChanged | None = None
        self._began = 0.0

    def begin(self, step: StepChanged) -> list[StepChanged]:
        """The end of the step before, if there was one, and the beginning of this one."""
        ended = self.end("done")
        self._open, self._began = step, time.monotonic()
        return [*ended, step]

    def end(self, state: Literal["done", "failed"]) -> list[StepChanged]:
        """The end of the last step, if there was one."""
        last, self._open = self._open, None
        took_ms = round((time.monotonic() - self._began) * 1_000)
        return [last.model_copy(update={"state": state, "duration_ms": took_ms})] if last else []


def secrets_in(line: str, job_type: JobType) -> list[str]:
    """Secrets that a printed line tells: values beside the names that the type's result calls secret (`apiKey`,

    `API Key: …`), so that they can be kept out of the log. `line` is whole: nothing of it was cut off.
    """
    found: list[str] = []
    for name in job_type.secret_names:
        words = r"[\s_-]?".join(re.escape(word) for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name))
        for match in re.finditer(rf"(?i)(?<![a-z0-9]){words}\\*[\"']?{_BESIDE}{_VALUE}", line):
            found += _readings(next(value for value in match.groups() if value is not None))
    return [value for value in found if value.lower() not in _NO_SECRETS]


# `apiKey: x`, `"apiKey": "x"`, `API Key = 'x'`, `API key is x`, `│ API key │ x │`.
_BESIDE = r"\s*(?:[:=]>?|->|[→│|]|\bis\b)\s*"
_VALUE = r"""(?:"((?:[^"\\]|\\.)+)"|'((?:[^'\\]|\\.)+)'|\\*"?([^\s",;}│|\\]+))"""
_NO_SECRETS = {"", "null", "none", "undefined", "nil", "true", "false"}


def _readings(value: str) -> set[str]:
    """The value as it stands, and as JSON means it."""
    readings = {value}
    if "\\" in value:
        try:
            readings.add(str(json.loads(f'"{value}"')))
        except ValueError:
            return readings
    return readings
