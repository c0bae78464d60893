"""What a script in any language says: its result and its progress, read from what it prints."""

import json
import re
import time
from typing import Any, Literal, cast

from scriptjobs.events import Progress, StepChanged
from scriptjobs.job_types import JobType

# spec/service.md, Script output.
_BLOCKS = (
    re.compile(r"===RESULT_DATA_START===(.*?)===RESULT_DATA_END===", re.DOTALL),
    re.compile(r"### SCRIPT_RESULT_START ###(.*?)### SCRIPT_RESULT_END ###", re.DOTALL),
)
_CREATED = re.compile(r"Successfully created: (\d+)/(\d+)")
_STEP = re.compile(r"STEP (\d{1,3}): (.+)")
_PART = re.compile(r"\[(\d{1,6})/(\d{1,6})\] (.+)")
_ERROR = re.compile(r"error|fail|timeout|timed out|refused|denied|forbidden|not found", re.IGNORECASE)
_STACK = re.compile(r"at \S|- |\d+ \||throw |code: |[{}]")
_JSON = json.JSONDecoder()


def parse_script_output(stdout: str, stderr: str, job_type: JobType) -> dict[str, Any]:
    """The result {success, partial?, message, data} that a script printed before it ended with exit status 0.

    A marked block counts first, then the last JSON object with a `success` key, then `Successfully created: a/b`. Words
    such as "success" prove nothing: without any of these the result is `unverified`.
    """
    said = _find_said(stdout)
    if said is not None:
        result = {"success": bool(said.get("success", True)), "message": str(said.get("message") or job_type.title)}
        rest = {key: value for key, value in said.items() if key not in {"success", "message", "data", "partial"}}
        return result | ({"partial": True} if said.get("partial") else {}) | {"data": said.get("data", rest)}
    if counts := _CREATED.findall(stdout):
        created, total = map(int, counts[-1])
        result = {"success": created > 0 or total == 0, "message": f"{created} of {total} created."}
        partial = {"partial": True} if 0 < created < total else {}
        return result | partial | {"data": {"created": created, "total": total}}
    last = next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "")
    message = f"{job_type.title}: the script ended without a result." + (f" Its last words: {last}" if last else "")
    return {"success": True, "unverified": True, "message": message, "data": {}}


def progress_of(line: str, job_type: JobType) -> StepChanged | Progress | None:
    """The progress in a printed line (`STEP n: title`, `[i/n] …`), or None."""
    if found := _STEP.search(line):
        position = max(1, int(found[1]))
        total = max(position, job_type.estimate_total_steps())
        return StepChanged(state="running", position=position, total=total, title=found[2].strip()[:500])
    if (found := _PART.search(line)) and int(found[2]):
        percent = min(99, 100 * int(found[1]) // int(found[2]))
        return Progress(percent=percent, message=line.strip()[:500])
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


def last_words(stderr: list[str]) -> str:
    """The line of `stderr` that tells most about a failure: the last one that speaks of an error, else the last one.

    Node ends with its own version after a stack, Playwright with its log of a call.
    """
    said = [line.strip() for line in stderr if line.strip()]
    telling = [line for line in said if _ERROR.search(line) and not _STACK.match(line)]
    return (telling or said or [""])[-1]


def secrets_in(line: str, job_type: JobType) -> list[str]:
    """Secrets that a printed line tells: values beside the names that the type's result calls secret (`apiKey`,

    `API Key: …`), so that they can be kept out of the log.
    """
    found: list[str] = []
    for name in job_type.secret_names:
        words = r"[\s_-]?".join(re.escape(word) for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name))
        found += re.findall(rf"(?i)\b{words}\"?\s*[:=]\s*\"?([^\s\",;}}]+)", line)
    return [value for value in found if value not in {"null", "None"}]


def _find_said(stdout: str) -> dict[str, Any] | None:
    for block in _BLOCKS:
        if found := block.findall(stdout):
            content = _decode(found[-1].strip())
            if content is not None:
                return content if "success" in content else {"data": content}
    last: dict[str, Any] | None = None
    place = stdout.find("{") if '"success"' in stdout else -1
    while place >= 0:
        try:
            value, end = _JSON.raw_decode(stdout, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            last = cast("dict[str, Any]", value) if "success" in value else last
        place = stdout.find("{", end)
    return last


def _decode(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {"data": value}
