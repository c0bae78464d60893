"""Logging: one format for all lines, ours and our libraries': JSON, or readable in a terminal. Secrets are masked."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from scriptjobs.masking import mask
from scriptjobs.settings import Settings


def configure_logging(settings: Settings) -> None:
    """Set logging up for this process. Times are in UTC."""
    level = getattr(logging, settings.log_level.upper())
    begin: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Exceptions become text before the masks: no later part may look into them, or at the values of their frames.
    end: list[Processor] = [structlog.processors.format_exc_info, _masked, _renderer(settings)]
    structlog.configure(
        processors=[*begin, *end],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*begin, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *end],
    )
    _take_over_libraries(_Handler(formatter), level)


class _Handler(logging.StreamHandler[Any]):
    """Writes what libraries log to standard error, whatever that is at the moment."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(formatter)


def _take_over_libraries(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    root.handlers = [other for other in root.handlers if not isinstance(other, _Handler)] + [handler]
    root.setLevel(logging.WARNING)
    # uvicorn has set up plain lines before it loads us.
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(level)
    # It warns of each form that nobody can read, which is the client's fault and is told to the client.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    # Each request has a line of ours, without the token of a sign-in link. uvicorn's own would hold it.
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate = [], False
    logging.captureWarnings(capture=True)


def _renderer(settings: Settings) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: mask(value, name) for name, value in event.items()}
