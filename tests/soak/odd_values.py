"""Odd values: what a script may print or report, drawn by chance from what has ever broken a reader of output."""

import json
import random
from collections.abc import Callable
from typing import Any

_DEEP = 3_000

# Lines around a result. None of them says how the script ended.
NOISE: tuple[Callable[[random.Random], bytes], ...] = (
    lambda _: b"a NUL: \0 and one as JSON has it: \\u0000\n",
    lambda _: b"half of a surrogate pair: \xed\xa0\x80 \\ud800\n",
    lambda _: b"no UTF-8: \xff\xfe\xc3\n",
    lambda _: b"\xef\xbb\xbfa mark, \xe2\x80\xae backwards, \xe2\x80\xa8 another line\n",
    lambda _: b"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\x1b[1;1H\n",
    lambda _: b"".join(b"\r%d %%" % share for share in range(0, 100, 7)) + b"\n",
    lambda _: b"STEP 999: far\nSTEP 0: nothing\nSTEP 1: " + b"x" * 9_000 + b"\nSTEP 99999999999999999999: beyond\n",
    lambda _: b"[7/0] none\n[999999/1] too many\n[0/999999] few\n[1/" + b"9" * 6_000 + b"] digits\n",
    lambda _: b"{" * 20_000 + b"\n" + b"[" * 20_000 + b"\n",
    lambda _: b'{"a": ' * _DEEP + b"1" + b"}" * _DEEP + b"\n",
    lambda _: b"9" * 10_000 + b" NaN Infinity -Infinity 1e999\n",
    lambda _: b"x" * 300_000 + b"\n",
    lambda drawn: b"".join(b"line %d\n" % number for number in range(drawn.choice((1_000, 20_000, 100_000)))),
    lambda drawn: drawn.randbytes(50_000).replace(b"=", b"-").replace(b"#", b"-") + b"\n",
    lambda _: b"\n" * 5_000,
    lambda _: b"apiKey: \nAPI Key = \"\n",
)  # fmt: skip

# What stands where a result should, as text.
RESULTS: tuple[Callable[[random.Random], str], ...] = (
    lambda _: '{"success": "false", "message": "no"}',
    lambda _: '{"success": null}',
    lambda _: '{"success": 0, "data": []}',
    lambda _: '{"success": true, "data": {"n": NaN, "i": -Infinity, "e": 1e999}}',
    lambda _: '{"success": true, "data": ' + "9" * 6_000 + "}",
    lambda _: '{"success": true, "data": "\\u0000 \\ud800 \\udc00\\ud83d"}',
    lambda _: '{"success": true, "message": {"text": ["odd"]}, "data": {}}',
    lambda _: '{"success": true, "message": "' + "m" * 100_000 + '", "data": {"d": "' + "d" * 900_000 + '"}}',
    lambda _: '{"success": true, "data": ' + "[" * _DEEP + "]" * _DEEP + "}",
    lambda _: '{"success": true, "success": false, "message": "twice"}',
    lambda _: '["success", true]',
    lambda _: '{"success": tru',
    lambda _: "",
    lambda drawn: json.dumps({"success": True, "message": "drawn", "data": odd_value(drawn)}),
    lambda drawn: json.dumps(odd_value(drawn)),
)
_LEAVES: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 10**400, 0.1, float("nan"), float("inf"), "", "\0", "\ud800", "x" * 70_000, "\x1b[0m",
    "__proto__", "\u202e", "[redacted]", "===RESULT_DATA_END===",
)  # fmt: skip


def odd_value(drawn: random.Random, depth: int = 0) -> Any:
    """A value as `json` writes it: some of them no other reader takes."""
    kind = drawn.random()
    if depth > 3 or kind < 0.5:
        return drawn.choice(_LEAVES)
    if kind < 0.75:
        return [odd_value(drawn, depth + 1) for _ in range(drawn.randrange(4))]
    return {str(drawn.choice(_LEAVES))[:50]: odd_value(drawn, depth + 1) for _ in range(drawn.randrange(4))}


def odd_noise(drawn: random.Random) -> bytes:
    """Some lines, the last of which is whole."""
    return b"".join(make(drawn) for make in drawn.choices(NOISE, k=drawn.randint(1, 4)))


def odd_result(drawn: random.Random) -> bytes:
    """What stands where a result should, with a mark, with half of one, or with none, and perhaps no end of line."""
    text = drawn.choice(RESULTS)(drawn).encode("utf-8", errors="surrogatepass")
    block = b"===RESULT_DATA_START===\n%b\n===RESULT_DATA_END==="
    shape = drawn.choice((block, block, b"%b", b"===RESULT_DATA_START===\n%b", b"### SCRIPT_RESULT_START ### %b"))
    return shape % text + drawn.choice((b"\n", b"", b"\r\n"))


def odd_reports(drawn: random.Random) -> list[bytes]:
    """Lines on the pipe of a script of ours, the last of which may be its result."""
    value = odd_value
    made: list[Any] = [
        {"kind": "log", "text": value(drawn)},
        {"kind": "log", "text": "\0\ud800" + "x" * 5_000},
        {"kind": "progress", "percent": drawn.choice((-1, 101, 50, 10**30, float("nan"))), "message": value(drawn)},
        {"kind": "step", "state": "running", "position": drawn.choice((0, 1, 9_999)), "total": 2, "title": "t" * 900},
        {"kind": "checkpoint", "name": drawn.choice(("", "odd", "n" * 300, "\0")), "value": value(drawn)},
        {"kind": "screenshot", "file": drawn.choice(("../x.jpg", "absent.jpg", "picture.jpg"))},
        {"kind": drawn.choice(("unknown", None, 7)), "text": "x"},
        {"kind": "hidden", "value": drawn.choice(("s", " ", "\0", "secret"))},
        value(drawn),
    ]
    lines = [json.dumps(report).encode() for report in drawn.sample(made, k=drawn.randint(1, 3))]
    if drawn.random() < 0.2:
        lines.append(drawn.randbytes(200).replace(b"\n", b"-"))
    result = {"success": drawn.choice((True, True, "false")), "message": value(drawn), "data": value(drawn)}
    return [*lines, json.dumps({"kind": "result", "result": result}).encode()]
