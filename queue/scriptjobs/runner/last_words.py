"""The line of standard error that tells most about a failure, as the common runtimes write it."""

import re

_ERROR = re.compile(
    r"error|exception|fail|timeout|timed out|refused|denied|forbidden|not found|cannot|unable|invalid|no such|abort",
    re.IGNORECASE,
)
# Errors that nobody caught: Go, Rust, Ruby, Java, .NET.
_UNCAUGHT = re.compile(
    r"panic: |fatal error: |Exception in thread |Unhandled exception|thread '.*' panicked|\S+\.rb:\d+:in .+: .+\(\w"
)
# What stands around an error: frames, source lines, properties of the error object, logs of a call, causes.
_AROUND = re.compile(
    r"\s*(?:at \S|from \S|- |\^|\d+ \||#\d+ |\.\.\. \d+ more|throw |raise |File \"|\[cause\]|\[errors\]|[{}\])]"
    r"|Caused by: |thrown in |goroutine \d|created by |exit status \d|note: |Call log|Stack trace|Node\.js v"
    r"|During handling of|The above exception"
    r"|(?:\[?[a-zA-Z_$][\w$()]*\]?: (?:['\"`\[{\d<-]|true|false|null|undefined|\w+Error).*[,\]\['\"`}\w]$))"
)
_TRACEBACK = "Traceback (most recent call last):"
_BESIDE_THE_POINT = re.compile(r"\s*\S+\.\w+:\d+(?::\d+)?$|\t\S+:\d+ \+0x")


def last_words(stderr: list[str]) -> str:
    """The last line that speaks of an error, else the last one. Of a Python traceback, the line of its exception."""
    said = [line for line in stderr if line.strip()]
    if told := _of_traceback(said):
        return told
    telling = [number for number, line in enumerate(said) if _is_telling(line) and not _BESIDE_THE_POINT.match(line)]
    if not telling:
        others = [line for line in said if not _AROUND.match(line) and not _BESIDE_THE_POINT.match(line)]
        return (others or said or [""])[-1].strip()
    line = said[telling[-1]].strip()
    # Rust writes the place first, and the message below.
    if re.match(r"thread '.*' panicked at \S+:$", line) and telling[-1] + 1 < len(said):
        return f"{line} {said[telling[-1] + 1].strip()}"
    return line


def _is_telling(line: str) -> bool:
    if _UNCAUGHT.match(line):
        return True
    is_property = _AROUND.match(line) is not None and (line[:1].isspace() or not re.match(r"[A-Z]\w*:", line))
    return _ERROR.search(line) is not None and not is_property


def _of_traceback(said: list[str]) -> str:
    """The exception of the last traceback: the first line after it that is not indented."""
    starts = [number for number, line in enumerate(said) if line.strip().lstrip("| +") == _TRACEBACK]
    if not starts:
        return ""
    after = [line for line in said[starts[-1] + 1 :] if not line[:1].isspace()]
    return after[0].strip() if after else ""
