"""The columns of every view with their meaning: made into tables here, into files and codebooks by the exports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from qol_server.trial.schedule import State


class Type(StrEnum):
    """What a column holds. In SQLite a day is text (YYYY-MM-DD) and a yes or no is 1 or 0."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DAY = "day"
    YES_NO = "yes/no"


@dataclass(frozen=True, slots=True)
class Column:
    """``allowed`` says in words what may stand here; empty means that any value of the type may."""

    name: str
    type: Type
    meaning: str
    unit: str = ""
    allowed: str = ""
    free_text: bool = False


Columns = tuple[Column, ...]


def text(name: str, meaning: str, allowed: str = "", *, free_text: bool = False) -> Column:
    return Column(name, Type.TEXT, meaning, "", allowed, free_text)


def day(name: str, meaning: str) -> Column:
    return Column(name, Type.DAY, meaning, "", "YYYY-MM-DD")


def yes_no(name: str, meaning: str) -> Column:
    return Column(name, Type.YES_NO, meaning, "", "true, false")


def whole(name: str, meaning: str, unit: str = "") -> Column:
    return Column(name, Type.INTEGER, meaning, unit, "0 or more")


def number(name: str, meaning: str, unit: str = "") -> Column:
    return Column(name, Type.NUMBER, meaning, unit)


WHO = (
    text("participant", "The participant's number: site, running number, check digit.", "SS-NNNN-C"),
    text("site", "The site that enrolled the participant.", "two digits"),
)
_RESPONSE = (
    *WHO,
    text("occurrence", "What was asked for: assessment and visit.", "assessment@visit"),
    text("assessment", "The protocol's name of what was asked."),
    text("visit", "The visit, the local day of a diary, or the id of what happened."),
    text("instrument", "The instrument that was answered."),
    text("version", "The instrument's version: SHA-256 of its document.", "64 hex digits"),
)
_PROVENANCE = (
    text("captured_at", "When the response was finished, by the phone's clock, with its offset.", "RFC 3339"),
    day("local_day", "The day on which the response was finished, where the participant was."),
    text("received_at", "When the server stored it, UTC.", "RFC 3339"),
    text("mode", "How the answers were collected.", "app, telephone, paper"),
    text("by", "Who gave the answers.", "participant, typed-for, proxy, staff"),
    text("entry", "The journal entry's id."),
    Column("position", Type.INTEGER, "The journal entry's position.", "", "1 or more"),
    text("supersedes", "The id of the entry that this response corrects; empty: none."),
    yes_no("current", "Whether this is the response that counts for its occurrence; a corrected one stays, with false."),
    text("flags", "What was noticed about the response, with spaces between.",
         "late, second-completion, retired-occurrence, competing-correction, clock-suspect, incomplete, off-branch"),
)  # fmt: skip

ANSWERS: Columns = (
    *_RESPONSE,
    text("item", "The item's id in its instrument."),
    text("answer", "The answer as it was given; a list of codes is a JSON array; empty: shown and not answered.", free_text=True),
    number("number", "The answer as a number, where it is one (a numeric code, a count, a measurement)."),
    text("status", "Whether it is an answer. An item that was not asked has no row.", "answered, not-answered, non-answer"),
    *_PROVENANCE,
)
SCORES: Columns = (
    *_RESPONSE,
    text("scale", "The scale's or summary's id in its instrument."),
    number("value", "The score in full precision; empty: missing."),
    text("why", "Why the score is missing, or what was assumed."),
    text("method", "The scoring method and its version."),
    *_PROVENANCE,
)
WINDOWS: Columns = (
    *WHO,
    *_RESPONSE[2:6],
    day("opens", "First day on which a response is taken."),
    day("target", "The day that the visit is aimed at."),
    day("due", "Last day on time; empty: the window has no end yet."),
    day("closes", "Last day on which a response counts as late; empty: no end yet."),
    yes_no("expected", "Whether a response is expected; false where death, withdrawal, a hold or the study's end came before it was due."),
    text("state", "The state on the day of the cut, where the participant is.", ", ".join(State)),
    text("served_by", "The occurrence whose response serves this window: itself, or another one where windows overlap."),
    text("entry", "The journal entry's id of the response that serves it."),
    day("captured_day", "The local day on which that response was finished."),
    yes_no("late", "Whether that response was finished after the last day on time."),
    yes_no("valid", "Whether that response can be used: one scale at least has a score or, where nothing is scored, one item an answer."),
    text(
        "reason",
        "Why it was missed, as the site's call found; empty: not missed, or nobody knows.",
        "a code of the study's file, under reasons, missed",
    ),
)
DOSES: Columns = (
    *WHO,
    day("day", "The local day. Days up to the day before the cut are listed, and the day of the cut once it was answered."),
    text("occurrence", "The occurrence of the dose diary.", "assessment@day"),
    number("planned_mg", "What was prescribed for the day; 0 on a held day.", "mg"),
    whole("planned_intakes", "The intakes that were due.", "intakes"),
    yes_no("held", "Whether the treatment was held by prescription."),
    number("taken_mg", "What was taken; empty where a part of the day is unknown.", "mg"),
    number("recorded_mg", "What is known to have been taken, whatever was due.", "mg"),
    number("missed_mg", "What was due and stated as not taken.", "mg"),
    number("unknown_mg", "What was due and of which nothing is known.", "mg"),
    number("over_mg", "What was taken above the day's prescription.", "mg"),
    whole("taken_intakes", "Due intakes that were taken.", "intakes"),
    whole("missed_intakes", "Due intakes that were stated as not taken.", "intakes"),
    whole("unknown_intakes", "Due intakes of which nothing is known.", "intakes"),
    whole("vomited_intakes", "Intakes that were swallowed and vomited.", "intakes"),
    yes_no("unknown", "Whether something of the day is unknown."),
    text("reason", "The reason of the prescription in force."),
    text("entry", "The journal entry's id of the day's diary."),
    day("captured_day", "The local day on which the diary was filled in."),
)
_LOW = "; what is unknown counted as not taken"
_HIGH = "; what is unknown counted as taken as prescribed"
DOSE_SUMMARY: Columns = (
    *WHO,
    day("first_day", "First day of the sums."),
    day("last_day", "Last day of the sums."),
    whole("days", "Days of the dose diary.", "days"),
    whole("days_due", "Days on which a dose was due.", "days"),
    whole("held_days", "Days on which the treatment was held.", "days"),
    whole("unknown_days", "Days of which something is unknown.", "days"),
    number("planned_mg", "Prescribed.", "mg"),
    number("taken_mg", "Recorded as taken.", "mg"),
    number("missed_mg", "Stated as not taken.", "mg"),
    number("unknown_mg", "Unknown.", "mg"),
    number("over_mg", "Above the prescription, day by day.", "mg"),
    whole("due_intakes", "Intakes due.", "intakes"),
    whole("taken_intakes", "Intakes taken.", "intakes"),
    whole("missed_intakes", "Intakes stated as not taken.", "intakes"),
    whole("unknown_intakes", "Intakes unknown.", "intakes"),
    whole("vomited_intakes", "Intakes vomited.", "intakes"),
    number("relative_dose_intensity_low", f"Taken in percent of what was prescribed for the same days{_LOW}.", "%"),
    number("relative_dose_intensity_high", f"Taken in percent of what was prescribed for the same days{_HIGH}.", "%"),
    number("adherence_low", f"Intakes taken in percent of those due{_LOW}.", "%"),
    number("adherence_high", f"Intakes taken in percent of those due{_HIGH}.", "%"),
    day("first_dose", "First day with a dose taken."),
    day("last_dose", "Last day with a dose taken."),
    number("average_daily_mg_low", f"Mean daily dose from first to last dose, interruptions included{_LOW}.", "mg/day"),
    number("average_daily_mg_high", f"Mean daily dose from first to last dose, interruptions included{_HIGH}.", "mg/day"),
    whole("interruptions", "Holds that began after a day with a dose due."),
    whole("reductions", "Changes to a lower daily dose."),
    whole("escalations", "Changes to a higher daily dose."),
    day("first_modification", "First day of an interruption, reduction or escalation."),
    text("first_modification_reason", "The reason that was given for it."),
)

_SQL_TYPE = {Type.TEXT: "TEXT", Type.INTEGER: "INTEGER", Type.NUMBER: "REAL", Type.DAY: "TEXT", Type.YES_NO: "INTEGER"}


def _table(name: str, columns: Columns, key: str) -> str:
    fields = ", ".join(f"{column.name} {_SQL_TYPE[column.type]}" for column in columns)
    return f"CREATE TABLE {name} ({fields}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID"


# What a response says never changes; whether it is current is read from the state, which stands in the same file.
_OF_RESPONSE = (
    "r.participant, p.site, r.occurrence, r.assessment, substr(r.occurrence, length(r.assessment) + 2) AS visit, r.instrument, r.version"
)
_OF_ENTRY = (
    "r.captured_at, substr(r.captured_at, 1, 10) AS local_day, c.received_at, c.mode, c.given_by AS by, r.id AS entry, r.position,"
    " r.supersedes, r.current, r.flags"
)
_JOINS = "JOIN responses r ON r.position = x.position JOIN captures c ON c.position = x.position JOIN roster p USING (participant)"


def _response_view(name: str, source: str, columns: str) -> str:
    return f"CREATE VIEW {name} AS SELECT {_OF_RESPONSE}, {columns}, {_OF_ENTRY}, x.nth FROM {source} x {_JOINS}"  # noqa: S608


SCHEMA = (
    """CREATE TABLE captures (
         position INTEGER PRIMARY KEY, received_at TEXT NOT NULL, mode TEXT NOT NULL, given_by TEXT NOT NULL) STRICT""",
    """CREATE TABLE given (
         position INTEGER NOT NULL, nth INTEGER NOT NULL, item TEXT NOT NULL, answer TEXT, number REAL, status TEXT NOT NULL,
         PRIMARY KEY (position, nth)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE scored (
         position INTEGER NOT NULL, nth INTEGER NOT NULL, scale TEXT NOT NULL, value REAL, exact TEXT, why TEXT NOT NULL,
         method TEXT NOT NULL, PRIMARY KEY (position, nth)) STRICT, WITHOUT ROWID""",
    _response_view("answers", "given", "x.item, x.answer, x.number, x.status"),
    _response_view("scores", "scored", "x.scale, x.value, x.why, x.method"),
    _table("windows", WINDOWS, "participant, occurrence"),
    _table("doses", DOSES, "participant, day"),
    _table("dose_summary", DOSE_SUMMARY, "participant"),
    "CREATE TABLE drawn (participant TEXT PRIMARY KEY, day TEXT NOT NULL) STRICT",
    """CREATE TABLE reading (
         only INTEGER PRIMARY KEY CHECK (only = 1), layout TEXT NOT NULL, position INTEGER NOT NULL, digest TEXT, moment TEXT)
       STRICT""",
)
