"""What may be written to a log: where a failure happened, never the values that were being handled."""

from __future__ import annotations

import logging
import sys
import time
import traceback


class _Lines(logging.Formatter):
    """One line each: instant (UTC), level, who says it, what; never a traceback, which may quote values."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def formatException(self, ei: object) -> str:
        return ""


def handler() -> logging.Handler:
    """A handler that writes such lines to standard error."""
    made = logging.StreamHandler(sys.stderr)
    made.setFormatter(_Lines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return made


def to_stderr(level: str) -> None:
    """Send this process's log to standard error."""
    logging.basicConfig(level=level.upper(), handlers=[handler()], force=True)


def log_failure(log: logging.Logger, what: str, failure: BaseException) -> None:
    """Log a failure's type and the places it passed through; its message may quote what a patient entered."""
    places = [f"{frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})" for frame in traceback.extract_tb(failure.__traceback__)]
    log.error("%s: %s at %s", what, type(failure).__name__, " > ".join(places[-6:]))
