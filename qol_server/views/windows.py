"""The view `windows`: every assignment of a participant with its state on a day and the response that serves it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

import orjson

from qol_server.state import calls, responses
from qol_server.store import Tx
from qol_server.trial import schedule
from qol_server.trial.diary import DOSE_DIARY
from qol_server.trial.participant import Participant
from qol_server.trial.schedule import OPEN_ENDED, Assignment, State
from qol_server.trial.watching import Task

_SERVING = """
SELECT r.occurrence, r.id, CASE WHEN EXISTS (SELECT 1 FROM scored s WHERE s.position = r.position)
  THEN EXISTS (SELECT 1 FROM scored s WHERE s.position = r.position AND s.value IS NOT NULL)
  ELSE EXISTS (SELECT 1 FROM given g WHERE g.position = r.position AND g.status = 'answered') END AS valid
FROM responses r WHERE r.participant = ? AND r.current = 1
"""


def rows(tx: Tx, participant: Participant, listed: list[Assignment], day: date) -> list[tuple[Any, ...]]:
    """The rows of one participant's assignments as of a local day; a window that opens on that day is open."""
    captured = {name: date.fromisoformat(text) for name, text in responses.answered(tx, participant.number).items()}
    current = {row["occurrence"]: (row["id"], row["valid"]) for row in tx.all(_SERVING, (participant.number,))}
    reviewed = responses.under_review(tx, participant.number)
    by_occurrence = serving(listed, captured)
    why = _reasons(tx, participant, listed)
    evening = datetime.combine(day, time.max)
    made = []
    for one in listed:
        by = by_occurrence.get(one.occurrence)
        state = schedule.state(
            one, evening, answered=by is not None, under_review=one.occurrence in reviewed, given_up=one.occurrence in why
        )
        entry, valid = (None, None) if by is None else current[by]
        on = None if by is None else captured[by]
        made.append(
            (
                participant.number, participant.site, one.occurrence, one.assessment, one.visit, one.instrument, one.opens.isoformat(),
                one.target.isoformat(), _end(one.due), _end(one.closes), int(one.expected), str(State(state)), by, entry,
                None if on is None else on.isoformat(), None if on is None else int(on > one.due), valid,
                why.get(one.occurrence) if state is State.MISSED else None,
            )
        )  # fmt: skip
    return made


def _reasons(tx: Tx, participant: Participant, listed: list[Assignment]) -> dict[str, str]:
    """Occurrence -> why there is no answer, as whoever closed the call about it says; of a diary up to the day of closing."""
    found: dict[str, str] = {}
    for row in calls.reasons(tx, participant.number):
        if row["task"] == Task.OVERDUE:
            found[row["occurrence"]] = row["reason"]
            continue
        last = schedule.local(datetime.fromisoformat(row["closed_at"]), participant.time_zone).date()
        days = set(orjson.loads(row["days"]))
        told = date.fromisoformat(row["last_day"])
        found |= {
            one.occurrence: row["reason"]
            for one in listed
            if one.instrument == DOSE_DIARY and (one.visit in days or told < one.opens < last)
        }
    return found


def serving(listed: list[Assignment], captured: dict[str, date]) -> dict[str, str]:
    """Occurrence -> occurrence whose response serves it. Only assessments that share responses are compared with each other."""
    sharing = {one.served_by for one in listed if one.served_by is not None}
    sharing |= {one.assessment for one in listed if one.served_by is not None}
    own = {one.occurrence: one.occurrence for one in listed if one.occurrence in captured}
    shared = {name: day for name, day in captured.items() if name.partition("@")[0] in sharing}
    return own | schedule.served(_of(sharing, listed), shared)


def _of(assessments: set[str], listed: Iterable[Assignment]) -> list[Assignment]:
    return [one for one in listed if one.assessment in assessments]


def _end(day: date) -> str | None:
    return None if day == OPEN_ENDED else day.isoformat()
