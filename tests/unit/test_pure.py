"""The pure parts: codes, moves, back-off, the pipe's lines, settings."""

import pytest
from pydantic import ValidationError

from scriptjobs.errors import ScriptError, SetupError, classify_error, is_retryable
from scriptjobs.events import Log, Progress, StepChanged
from scriptjobs.jobs import LEGAL_MOVES, TERMINAL, JobStatus, retry_delay_ms
from scriptjobs.protocol import decode, encode
from scriptjobs.settings import Settings


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Timeout 30000ms exceeded while waiting for login", "TIMEOUT"),
        ("connect ETIMEDOUT 1.2.3.4", "ETIMEDOUT"),
        ("read ECONNRESET", "ECONNRESET"),
        ("connect ECONNREFUSED", "ECONNREFUSED"),
        ("Login failed: not found", "AUTH_FAILED"),
        ("bad credentials", "AUTH_FAILED"),
        ("Restaurant not found", "NOT_FOUND"),
        ("403 Forbidden", "PERMISSION_DENIED"),
        ("validation of the form", "VALIDATION_ERROR"),
        ("something else", "UNKNOWN_ERROR"),
        ("", "UNKNOWN_ERROR"),
    ],
)
def test_texts_are_classified_in_the_order_of_the_contract(text: str, code: str) -> None:
    assert classify_error(text) == code


@pytest.mark.parametrize(("code", "may"), [("WORKER_DIED", True), ("INVALID_CREDENTIALS", False), (None, False)])
def test_only_listed_codes_are_retried(code: str | None, *, may: bool) -> None:
    assert is_retryable(code) is may


def test_delays_double() -> None:
    assert [retry_delay_ms(5_000, used) for used in range(3)] == [5_000, 10_000, 20_000]


def test_only_people_move_an_ended_job() -> None:
    assert {after for before in TERMINAL for after in LEGAL_MOVES[before]} == {JobStatus.PENDING}


@pytest.mark.parametrize(
    "event",
    [
        Log(text="a\nb"),
        Progress(percent=None, message="ü"),
        StepChanged(state="running", position=1, total=2, title="T"),
    ],
)
def test_a_line_says_what_was_meant(event: Log) -> None:
    line = encode(event)

    assert line.count(b"\n") == 1
    assert decode(line) == event


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"\xff", b'{"kind": "progress", "percent": 101}', b'{"kind": "x"}']
)
def test_a_line_of_somebody_else_is_refused(line: bytes) -> None:
    with pytest.raises(ScriptError, match="cannot be read"):
        decode(line)


def test_settings_read_lists_and_aliases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_JWT_SECRET", "s" * 32)
    monkeypatch.setenv("CORS_ORIGINS", "https://a, https://b")
    monkeypatch.setenv("PORTAL_URL", "http://127.0.0.1:9000/x")
    settings = Settings.from_env()

    assert settings.jwt_secret == "s" * 32
    assert settings.cors_origins == ("https://a", "https://b")
    assert settings.allowed_hosts == ("127.0.0.1:9000",)


def test_a_setting_that_does_not_fit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "many")

    with pytest.raises(SetupError, match="WORKERS"):
        Settings.from_env()


def test_settings_cannot_be_changed_later() -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({}).port = 1  # type: ignore[misc]
