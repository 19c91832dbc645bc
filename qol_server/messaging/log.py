"""The channel that reaches nobody: it writes to the server's log that a message would have been sent."""

from __future__ import annotations

import logging
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogChannel:
    """``name``: the channel that the protocol asked for."""

    name: str

    def send(self, to: str, text: str, key: str) -> None:
        """Log the message's key and channel; neither for whom it is nor what it says."""
        log.info("message %s by %s", key, self.name)
