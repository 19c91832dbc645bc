"""What anybody may ask: whether the server lives, and how to talk to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response

from qol_server import __version__
from qol_server.api.answers import ANYBODY, json_answer, permission
from qol_server.clock import Clock, stamp

TICK_IS_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SystemApi:
    """``last_tick``: when the clock last ticked, or None; ``studies``: short name -> whether it can be read."""

    clock: Clock
    last_tick: Callable[[], datetime | None]
    studies: Callable[[], dict[str, bool]]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("system", __name__)
        routes.add_url_rule("/health", "health", permission(ANYBODY)(lambda: self.health()))
        return routes

    def health(self) -> Response:
        now, ticked, studies = self.clock(), self.last_tick(), self.studies()
        ticks = ticked is not None and now - ticked < TICK_IS_LATE
        answer: dict[str, Any] = {
            "status": "ok" if all(studies.values()) else "failing", "version": __version__, "server_time": stamp(now),
            "studies": len(studies), "clock": {"ticks": ticks, "last_tick": None if ticked is None else stamp(ticked)},
        }  # fmt: skip
        if not ticks:
            answer["clock"]["advice"] = "No clock ticks: reminders and scoring wait. Start it with: python -m scheduler"
        return json_answer(answer, 200 if all(studies.values()) else 503)
