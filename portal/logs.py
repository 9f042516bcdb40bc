"""Logs: one JSON object a line, on standard error. Ids at most; never what people wrote, no locals in tracebacks."""

from __future__ import annotations

import logging
import re
import sys

import structlog

_UNNAMED = re.compile(r"(?<=/)(?![0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:/|$))[^/]{20,}", re.IGNORECASE)


def without_tokens(path: str) -> str:
    """A path as it may be kept: with ids, and without what else is long in it, such as the token of a link."""
    return _UNNAMED.sub("…", path)


def begin() -> None:
    """Set up this process's logs. Each worker calls it for itself."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
