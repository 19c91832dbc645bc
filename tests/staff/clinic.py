"""What the tests of a participant's pages share: an adverse event as it is typed, and one that is recorded."""

from __future__ import annotations

from datetime import date

from qol_server.intake import adverse_events
from qol_server.intake.adverse_events import Origin
from qol_server.state import adverse_events as folded
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome
from tests.staff.rig import House

NAUSEA = {
    "term": "Nausea", "grade": "2", "words": "sick in the morning", "start": "2026-03-02", "end": "", "relation": "possibly_related",
    "action": "dose_not_changed", "outcome": "not_recovered", "aware_at": "",
}  # fmt: skip
EVENT = AdverseEvent(
    "Nausea", 2, date(2026, 3, 2), None, "possibly_related", Action.DOSE_NOT_CHANGED, Outcome.NOT_RECOVERED, words="sick in the morning"
)


def record(house: House, event: AdverseEvent = EVENT) -> str:
    """An adverse event of Ada's that waits for its signature; returns its id."""
    trial = house.trial
    return adverse_events.prepare(trial.study, house.ada, event, Origin(), seen=trial.position, actor="staff:nora", now=house.now)


def seen(house: House) -> dict[str, str]:
    """The version of Ada's only adverse event, as a page shows it."""
    [one] = folded.of_participant(house.trial.study.store.read(), house.ada)
    return {"seen": str(one.version)}
