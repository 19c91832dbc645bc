"""The words of the desk: key -> (English, French), from one table for each area."""

from __future__ import annotations

from qol_server.staff.words import (
    account,
    accounts,
    adverse_events,
    calls,
    cases,
    clinic,
    common,
    course,
    enrolling,
    enter,
    entrance,
    load,
    medicines,
    people,
    phones,
    rehearsal,
    reminders,
    responses,
)

_TABLES = (
    common.WORDS,
    entrance.WORDS,
    account.WORDS,
    accounts.WORDS,
    adverse_events.WORDS,
    calls.WORDS,
    cases.WORDS,
    clinic.WORDS,
    course.WORDS,
    reminders.WORDS,
    enrolling.WORDS,
    people.WORDS,
    rehearsal.WORDS,
    load.WORDS,
    phones.WORDS,
    medicines.WORDS,
    enter.WORDS,
    responses.WORDS,
)
WORDS: dict[str, tuple[str, str]] = {key: said for table in _TABLES for key, said in table.items()}
