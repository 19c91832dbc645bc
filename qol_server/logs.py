"""What may be written to a log: where a failure happened, never the values that were being handled."""

from __future__ import annotations

import logging
import traceback


def log_failure(log: logging.Logger, what: str, failure: BaseException) -> None:
    """Log a failure's type and the places it passed through; its message may quote what a patient entered."""
    places = [f"{frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})" for frame in traceback.extract_tb(failure.__traceback__)]
    log.error("%s: %s at %s", what, type(failure).__name__, " > ".join(places[-6:]))
