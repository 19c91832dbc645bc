"""Services that asked to be left alone, or could not be reached, are: nobody else's message waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from qol_server.messaging import AT_LEAST, NotTaken, Undeliverable


class Patience:
    """Service -> until when it is left alone. Each clock has one of its own and learns for itself."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    @contextmanager
    def of(self, service: str, now: datetime) -> Iterator[None]:
        """Ask a service for something. Raises NotTaken at once, for as long as it is to be left alone, without asking it."""
        until = self._until.get(service)
        if until is not None and now < until:
            raise NotTaken("it asked to be left alone, or could not be reached", until - now)
        try:
            yield
        except Undeliverable:
            raise
        except NotTaken as busy:
            if busy.wait:
                self._until[service] = now + busy.wait
            raise
        except Exception:
            self._until[service] = now + AT_LEAST
            raise
