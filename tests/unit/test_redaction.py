"""Redaction in all the forms in which a secret may come back; and nothing is cut before it is masked."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scriptjobs.events import FAILURE_LIMIT, LINE_LIMIT, MESSAGE_LIMIT, STACK_LIMIT, Failure, Log, Progress, StepChanged
from scriptjobs.redaction import MASK, Redactor

SECRETS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=8, max_size=30
)


# These hold more than the secret, which may be seen.
WITH_MORE = {"basic", "base64 of json"}
# Making a pattern takes some milliseconds, on a busy machine many.
few = settings(deadline=None, max_examples=15)
many = settings(deadline=None, max_examples=60)


def lower_hex(text: str) -> str:
    return re.sub(r"%..", lambda found: found[0].lower(), text)


FORMS = {
    "plain": lambda secret: secret,
    "quoted": lambda secret: quote(secret, safe=""),
    "quoted in small letters": lambda secret: lower_hex(quote(secret, safe="")),
    "every character quoted": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "plus": quote_plus,
    "quoted twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "html": html.escape,
    "html without quotes": lambda secret: html.escape(secret, quote=False),
    "html twice": lambda secret: html.escape(html.escape(secret)),
    "html in decimals": lambda secret: "".join(f"&#{ord(character)};" for character in secret),
    "html in hexadecimals": lambda secret: "".join(f"&#x{ord(character):X};" for character in secret),
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json in UTF-8": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "json with slashes": lambda secret: json.dumps(secret)[1:-1].replace("/", r"\/"),
    "json in json": lambda secret: json.dumps(json.dumps(secret))[3:-3],
    "json for a page": lambda secret: re.sub("[<>&']", lambda f: f"\\u{ord(f[0]):04x}", json.dumps(secret)[1:-1]),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 for addresses": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "basic": lambda secret: base64.b64encode(f"user@example.com:{secret}".encode()).decode(),
    "base64 of json": lambda secret: base64.b64encode(json.dumps({"p": secret}).encode()).decode(),
    "base64 of Latin-1": lambda secret: base64.b64encode(secret.encode("latin-1", "replace")).decode(),
    "backslashes for JavaScript": lambda secret: secret.replace("\\", r"\u005C"),
    "backslashes in octal": lambda secret: secret.replace("\\", r"\134"),
    "hexadecimal": lambda secret: secret.encode().hex(),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@few
@given(secret=SECRETS)
def test_a_secret_is_masked_in_every_form(form: str, secret: str) -> None:
    assume(secret not in MASK)  # which the mask itself would tell
    coded = FORMS[form](secret)

    masked = Redactor([secret]).text(f"before {coded} after")

    assert MASK in masked
    assert coded not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@many
@given(secret=SECRETS, before=st.integers(0, 40), form=st.sampled_from(sorted(set(FORMS) - WITH_MORE)))
def test_a_secret_across_a_cut_shows_nothing_of_itself(secret: str, before: int, form: str) -> None:
    """Whoever cuts first leaves the beginning of the secret, which nobody knows for one."""
    assume(not set(secret) & set(MASK + "x…"))
    redactor, coded = Redactor([secret]), FORMS[form](secret)

    def across(limit: int) -> str:
        return "x " * ((limit - before) // 2) + f" {coded} tail"

    said = [
        redactor.event(Log(text=across(LINE_LIMIT))).text,
        redactor.event(Progress(message=across(MESSAGE_LIMIT))).message or "",
        redactor.event(StepChanged(state="done", position=1, total=1, title=across(MESSAGE_LIMIT))).title,
        redactor.event(Failure(code="X", message=across(FAILURE_LIMIT))).message,
        redactor.event(Failure(code="X", message="", stack=f"{coded} " + "x" * (STACK_LIMIT - 8))).stack or "",
        redactor.text(across(1_000), 1_000),
    ]  # fmt: skip
    limits = [LINE_LIMIT, MESSAGE_LIMIT, MESSAGE_LIMIT, FAILURE_LIMIT, STACK_LIMIT, 1_000]
    for text, limit in zip(said, limits, strict=True):
        assert len(text) <= limit
        # In base64 the edge characters are shared with what stands beside.
        assert not [coded[at : at + 8] for at in range(len(coded) - 7) if coded[at : at + 8] in text]


@many
@given(secret=SECRETS, at=st.floats(0, 1))
def test_of_a_secret_broken_over_two_lines_less_than_a_third_shows(secret: str, at: float) -> None:
    assume(not set(secret) & set(MASK + "before after …\"'"))
    redactor, place = Redactor([secret]), round(at * len(secret))

    lines = redactor.line(f"before {secret[:place]}") + redactor.line(f"{secret[place:]} after")

    assert len(set(lines) - set(MASK + "before after ")) <= max(3, len(secret) / 3)


@many
@given(secret=SECRETS, text=st.text(max_size=50))
def test_masking_twice_is_masking_once(secret: str, text: str) -> None:
    once = Redactor([secret, "redacted"]).text(f"{text}{secret}{text}")

    assert Redactor([secret, "redacted"]).text(once) == once


@pytest.mark.parametrize("secret", ["\\" * 12, "%" * 12, "&" * 12, '\\"' * 8, "a" * 200])
def test_no_text_keeps_the_search_busy(secret: str) -> None:
    for text in (secret[:-1] * 500, "\\" * 20_000, "%25" * 10_000, "&amp;" * 10_000):
        Redactor([secret]).text(text)


def test_a_secret_of_several_lines_is_masked_line_by_line() -> None:
    redactor = Redactor(["-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----"])

    assert redactor.line("1 MIIEvQIBADANBg") == f"1 {MASK}"
    assert redactor.text("kqhkiG9w0BAQEF!") == f"{MASK}!"


def test_a_very_long_secret_is_masked() -> None:
    secret = "".join(f"{number}/é&" for number in range(3_000))

    assert Redactor([secret]).text(f"a {secret} {quote(secret, safe='')} b") == f"a {MASK} {MASK} b"


def test_a_very_short_secret_does_not_mask_every_word() -> None:
    redactor = Redactor(["a1"])

    assert redactor.text("a1 banana1 a1") == f"{MASK} banana1 {MASK}"


def test_json_is_masked_deeply_and_its_names_and_numbers_stay() -> None:
    said = {"data": ["x data", {"n": 1234, "b": None, "t": True}], "1234": "1234"}

    assert Redactor(["data", "1234", "true", "null"]).json(said) == {
        "data": [f"x {MASK}", {"n": 1234, "b": None, "t": True}],
        "1234": MASK,
    }


def test_what_is_sealed_stays_and_what_only_looks_so_does_not() -> None:
    sealed, forged = {"$sealed": "gAAAAABmdata-data_data=="}, {"$sealed": "my data"}

    assert Redactor(["data"]).json([sealed, forged]) == [sealed, {"$sealed": f"my {MASK}"}]


def test_nothing_to_hide_changes_nothing() -> None:
    assert Redactor([]).text("text") == Redactor(["", "  "]).line("text  text")[:4] == "text"
