"""The staff's desk: server-rendered pages for those who look after participants, and for those who look after the study.

A page module declares its addresses in ``PAGES``; its words, templates and addresses carry the name of its area.
"""

from __future__ import annotations

from collections.abc import Mapping

from qol_server.staff import (
    accounts,
    adverse_events,
    calls,
    cases,
    contact,
    dates,
    enrolling,
    enter,
    expected,
    load,
    medicines,
    participant,
    people,
    phones,
    rehearsal,
    reminders,
    responses,
    start,
    summary,
    treatment,
    worklist,
)
from qol_server.staff.desk import Pages

AREAS: Mapping[str, Pages] = {
    "dates": dates.PAGES,
    "enter": enter.PAGES,
    "medicines": medicines.PAGES,
    "phones": phones.PAGES,
    "start": start.PAGES,
    "accounts": accounts.PAGES,
    "adverse_events": adverse_events.PAGES,
    "participant": participant.PAGES,
    "calls": calls.PAGES,
    "responses": responses.PAGES,
    "summary": summary.PAGES,
    "treatment": treatment.PAGES,
    "worklist": worklist.PAGES,
    "cases": cases.PAGES,
    "expected": expected.PAGES,
    "reminders": reminders.PAGES,
    "people": people.PAGES,
    "enrolling": enrolling.PAGES,
    "contact": contact.PAGES,
    "rehearsal": rehearsal.PAGES,
    "load": load.PAGES,
}
