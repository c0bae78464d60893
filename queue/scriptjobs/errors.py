"""The errors of the engine, their codes, and the classification of texts that carry no code.

ScriptJobsError (code, message, details)
├── RequestRefused            the caller asked for something that cannot be done
│   ├── InvalidJobType        INVALID_JOB_TYPE
│   ├── InvalidPayload        INVALID_PAYLOAD      details: fields [{path, message}]
│   ├── JobNotFound           JOB_NOT_FOUND        also for another organisation's job
│   ├── FileNotFound          FILE_NOT_FOUND
│   ├── Unauthorized          UNAUTHORIZED
│   ├── Forbidden             FORBIDDEN
│   ├── CannotCancel          CANNOT_CANCEL        details: currentStatus
│   ├── AlreadyCompleted      ALREADY_COMPLETED    details: currentStatus
│   ├── NotRetryable          NOT_RETRYABLE_STATE  details: currentStatus
│   ├── SecretsErased         SECRETS_ERASED       details: currentStatus
│   ├── NotRunning            NOT_RUNNING          details: currentStatus
│   ├── NotWaiting            NOT_WAITING          details: currentStatus
│   ├── DuplicateJob          DUPLICATE_JOB        details: jobId and status of the active one
│   ├── QueueFull             QUEUE_FULL           details: retryAfter (seconds), scope
│   ├── IdempotencyInFlight   IDEMPOTENCY_IN_FLIGHT  details: retryAfter
│   ├── IdempotencyMismatch   IDEMPOTENCY_MISMATCH
│   ├── StorageUnavailable    STORAGE_FULL or STORAGE_UNAVAILABLE  details: retryAfter (seconds)
│   ├── KeysUnavailable       SERVICE_UNAVAILABLE  details: retryAfter (seconds)
│   ├── BadRequest            BAD_REQUEST          not JSON, too large, wrong media type (details: status)
│   └── RateLimited           RATE_LIMITED         details: retryAfter (seconds)
├── ScriptError               a script failed, with a code of the portal contract
├── DatabaseUnavailable       SERVICE_UNAVAILABLE  details: retryAfter (seconds)
├── FenceLost                 a late write of a worker whose lease was taken over
├── PartDied                  a part of the process failed again and again, so the process ends
└── SetupError                the installation cannot start; the message says what to do
"""

import errno
from typing import Any

# Somebody has to make room, or a storage has to come back.
STORAGE_RETRY_S = 30


class ScriptJobsError(Exception):
    """Something went wrong."""

    code = "INTERNAL_ERROR"

    def __init__(self, message: str | None = None, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])
        self.code = code or self.code
        self.details: dict[str, Any] = details

    @property
    def message(self) -> str:
        """The text for the person who meets the error."""
        return str(self)


class RequestRefused(ScriptJobsError):
    """This cannot be done."""

    code = "BAD_REQUEST"


class InvalidJobType(RequestRefused):
    """There is no job type of that name."""

    code = "INVALID_JOB_TYPE"


class InvalidPayload(RequestRefused):
    """The payload does not fit the job type."""

    code = "INVALID_PAYLOAD"


class JobNotFound(RequestRefused):
    """There is no such job: it was deleted after its time, or it is not yours."""

    code = "JOB_NOT_FOUND"


class FileNotFound(RequestRefused):
    """There is no such file: it was deleted after its time, or it is not yours."""

    code = "FILE_NOT_FOUND"


class Unauthorized(RequestRefused):
    """Sign in first."""

    code = "UNAUTHORIZED"


class Forbidden(RequestRefused):
    """You have no right to do this."""

    code = "FORBIDDEN"


class CannotCancel(RequestRefused):
    """The job is running already, so it can no longer be cancelled."""

    code = "CANNOT_CANCEL"


class AlreadyCompleted(RequestRefused):
    """The job has ended already."""

    code = "ALREADY_COMPLETED"


class NotRetryable(RequestRefused):
    """Only a job that failed, timed out or was cancelled can be retried."""

    code = "NOT_RETRYABLE_STATE"


class SecretsErased(RequestRefused):
    """The password of this job was erased. Start it again with the password."""

    code = "SECRETS_ERASED"


class NotRunning(RequestRefused):
    """Only a running job can be stopped."""

    code = "NOT_RUNNING"


class NotWaiting(RequestRefused):
    """The job does not wait."""

    code = "NOT_WAITING"


class DuplicateJob(RequestRefused):
    """A job of this type is waiting or running for this restaurant already."""

    code = "DUPLICATE_JOB"


class QueueFull(RequestRefused):
    """Too many jobs are waiting; try again when some of them have run."""

    code = "QUEUE_FULL"


class IdempotencyInFlight(RequestRefused):
    """The first request with this Idempotency-Key is still being worked on."""

    code = "IDEMPOTENCY_IN_FLIGHT"


class IdempotencyMismatch(RequestRefused):
    """This Idempotency-Key was used for another request."""

    code = "IDEMPOTENCY_MISMATCH"


class StorageUnavailable(RequestRefused):
    """Files cannot be stored at the moment; try again a little later."""

    code = "STORAGE_UNAVAILABLE"

    @classmethod
    def of(cls, error: BaseException) -> "StorageUnavailable":
        """The refusal that fits an error of a disk or a storage. A disk that is full is told apart."""
        is_full = getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or "os error 28" in str(error)
        if is_full:
            return cls("The disk is full. Tell the operator.", code="STORAGE_FULL", retryAfter=STORAGE_RETRY_S)
        return cls(retryAfter=STORAGE_RETRY_S)


class KeysUnavailable(RequestRefused):
    """The keys for checking tokens cannot be fetched at the moment. Try again in half a minute."""

    code = "SERVICE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(retryAfter=30)


class BadRequest(RequestRefused):
    """The request cannot be read."""


class RateLimited(RequestRefused):
    """Too many requests; try again a little later."""

    code = "RATE_LIMITED"


class ScriptError(ScriptJobsError):
    """The script failed."""

    code = "UNKNOWN_ERROR"


class FenceLost(ScriptJobsError):
    """This worker no longer holds the job; its write was refused."""

    code = "WORKER_DIED"


class DatabaseUnavailable(ScriptJobsError):
    """The database does not answer at the moment. Try again in a few seconds."""

    code = "SERVICE_UNAVAILABLE"

    def __init__(self, reason: str = "") -> None:
        super().__init__(retryAfter=5)
        # For the log: it may name hosts and accounts.
        self.reason = reason


class PartDied(ScriptJobsError):
    """A part of the process failed again and again."""


class SetupError(ScriptJobsError):
    """The installation is not complete."""


# portal/PORTAL.md, Error codes. Everything else is final: trying again would only repeat it.
RETRYABLE_CODES = frozenset(
    {
        "ETIMEDOUT", "ECONNRESET", "ECONNREFUSED", "TIMEOUT", "NAVIGATION_TIMEOUT", "ELEMENT_NOT_FOUND",
        "RATE_LIMITED", "WORKER_DIED", "BROWSER_CRASHED",
    }
)  # fmt: skip

# spec/service.md, Order of classify_error: the first hit decides.
_CLASSES = (
    (("timeout", "timed out"), "TIMEOUT"),
    (("etimedout",), "ETIMEDOUT"),
    (("econnreset",), "ECONNRESET"),
    (("econnrefused",), "ECONNREFUSED"),
    (("login", "credential"), "AUTH_FAILED"),
    (("not found",), "NOT_FOUND"),
    (("permission", "forbidden"), "PERMISSION_DENIED"),
    (("validation",), "VALIDATION_ERROR"),
)


def classify_error(message: str) -> str:
    """The error code for a text without one, by the fixed order of the service contract."""
    lowered = message.lower()
    return next((code for words, code in _CLASSES if any(word in lowered for word in words)), "UNKNOWN_ERROR")


def is_retryable(code: str | None) -> bool:
    """Whether another try may help, so that the queue makes it by itself."""
    return code in RETRYABLE_CODES
