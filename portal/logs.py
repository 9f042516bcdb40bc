"""Logs: one JSON object a line, on standard error. Ids at most; never what people wrote, and never the words of an
error, which may quote them: a database says which row it does not take."""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from traceback import extract_tb
from typing import Any

import structlog

_OURS = str(Path(__file__).resolve().parent)
_UNNAMED = re.compile(r"(?<=/)(?![0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:/|$))[^/]{20,}", re.IGNORECASE)


def without_tokens(path: str) -> str:
    """Return a path as it may be kept: with ids, and without other long parts, such as the token of a link."""
    return _UNNAMED.sub("…", path)


def where(reason: BaseException) -> str:
    """Name the kind of an error and the place in our code at which it came up, without its words."""
    ours = [step for step in extract_tb(reason.__traceback__) if step.filename.startswith(_OURS)]
    place = f" in {Path(ours[-1].filename).stem}.{ours[-1].name}, line {ours[-1].lineno}" if ours else ""
    return f"{type(reason).__name__}{place}"[:200]


def trace(reason: BaseException | None) -> list[str]:
    """Return the whole way of an error through the code, and of the error it came from, without its words."""
    steps: list[str] = []
    while reason is not None and len(steps) < 200:
        steps.append(type(reason).__name__)
        steps += [f"{step.filename}:{step.lineno} {step.name}" for step in extract_tb(reason.__traceback__)]
        reason = reason.__cause__ or reason.__context__
    return steps


def _traced(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    reason = sys.exc_info()[1] if info is True else info
    if isinstance(reason, BaseException):
        event["trace"] = trace(reason)
    return event


class _OfOthers(logging.Formatter):
    """The lines of uvicorn and other libraries as they come into the log: the first of each, and the same of an
    error."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {"event": "said by a library", "by": record.name, "level": record.levelname.lower()}
        if record.exc_info and record.exc_info[1]:
            # What they say of an error may quote it.
            return json.dumps(said | {"trace": trace(record.exc_info[1])})
        return json.dumps(said | {"text": record.getMessage().partition("\n")[0][:300]}, ensure_ascii=False)


def begin() -> None:
    """Set up this process's logs, and those of the libraries in it. Each worker calls it for itself."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _traced,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    root = logging.getLogger()
    if not any(isinstance(handler.formatter, _OfOthers) for handler in root.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setLevel(logging.WARNING)
        handler.setFormatter(_OfOthers())
        root.addHandler(handler)
