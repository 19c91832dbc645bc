"""Opens a study's views: the live ones, or those of an earlier position, with what only the doors can notice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from qol_server.intake.admit import Noticer, notice
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.settings import Settings
from qol_server.state import devices
from qol_server.store import Store, Tx
from qol_server.trial import facts
from qol_server.trial.facts import Entry, Kind
from qol_server.views import scores
from qol_server.views.reading import Notice, Views
from qol_server.views.scores import Run


def live(study: Study, settings: Settings) -> Views:
    """The study's views in their own file, which may be wiped at any time; not read up to the present yet."""
    path = _path(study, settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Views(study, Store(path, durable=False), _noticing(study))


def discard(study: Study, settings: Settings) -> None:
    """Delete the file of the views; nothing is lost, for it can be made again."""
    path = _path(study, settings)
    for beside in ("", "-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def _path(study: Study, settings: Settings) -> Path:
    return settings.data / "views" / f"{study.slug}.db"


def as_of(study: Study, position: int) -> Views:
    """The views as of a position of the journal, in memory, read and drawn on the day of the entry there."""
    views = Views(study, Store(None), _noticing(study))
    views.catch_up(position)
    views.draw()
    return views


def _noticing(study: Study) -> Notice:
    """What `admit` noticed when it took a phone's entry, found again; each device's running sequence is kept in the fold."""

    def noticed(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> tuple[str, ...]:
        notes = study.checker(tx, fact["version"]).check(fact["answers"]).notes if entry.kind == Kind.RESPONSE_GIVEN else ()
        row = devices.sequence(tx, entry.device)
        if row is None:
            return notes
        seen = Noticer(row["last_seq"], None if row["last_captured"] is None else datetime.fromisoformat(row["last_captured"]))
        flags = notice(seen, entry, dict(fact), notes)
        captured = None if seen.last_captured is None else seen.last_captured.isoformat()
        devices.captured(tx, entry.device, seen.last_seq, captured)
        return flags

    return noticed


def score(study: Study, views: Views, now: datetime) -> Run | None:
    """Score what came since the last run that the journal knows, and journal this one; None where there was nothing new.

    Any number of clocks may do it at once: of those that begin after the same run, one is recorded. When a method has
    another version, everything is scored again in one run.
    """
    views.catch_up()
    methods = scores.methods(views)
    after = scores.scored_through(study.store.read(), methods)
    run = scores.since(views, after)
    if run is None:
        return None
    fact = run.fact()

    def work(tx: Tx) -> bool:
        if scores.scored_through(tx, methods) != after:
            return False
        nth = facts.canonical(fact).decode()
        return record(tx, study, Kind.SCORES_COMPUTED, fact, actor="clock", now=now, nth=nth) is not None

    return run if study.store.write(work) else None
