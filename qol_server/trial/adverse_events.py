"""Adverse events as a physician records them: term and grade, dates, relation, action, outcome, seriousness; what must fit together.

What a participant enters in the adverse-event diary is a report. It becomes an adverse event in the data when an investigator
signs what they make of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a dictionary of adverse events, and those of the grades 1 to 5 that are defined for it."""

    name: str
    group: str  # system organ class
    grades: tuple[int, ...]

    @property
    def asks_for_words(self) -> bool:
        """Whether the term says nothing by itself ("Other, specify")."""
        return self.name.endswith("Other, specify")


class Action(StrEnum):
    """What was done with the study drug because of it."""

    DOSE_NOT_CHANGED = "dose_not_changed"
    DOSE_REDUCED = "dose_reduced"
    DOSE_RATE_REDUCED = "dose_rate_reduced"
    DOSE_INCREASED = "dose_increased"
    DRUG_INTERRUPTED = "drug_interrupted"
    DRUG_WITHDRAWN = "drug_withdrawn"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of it."""

    RECOVERED = "recovered"
    RECOVERED_WITH_SEQUELAE = "recovered_with_sequelae"
    RECOVERING = "recovering"
    NOT_RECOVERED = "not_recovered"
    FATAL = "fatal"
    UNKNOWN = "unknown"


OVER = frozenset({Outcome.RECOVERED, Outcome.RECOVERED_WITH_SEQUELAE, Outcome.FATAL})
"""Outcomes of what has ended; of what ``recovering`` and ``not_recovered`` say, it has not."""


class Serious(StrEnum):
    """Why an adverse event is serious (ICH E2A); one reason is enough."""

    DEATH = "death"
    LIFE_THREATENING = "life_threatening"
    HOSPITALISATION = "hospitalisation"  # or a longer one
    DISABILITY = "disability"
    CONGENITAL_ANOMALY = "congenital_anomaly"
    OTHER = "other"  # medically important


REPORTED_WITHIN = timedelta(hours=24)
"""A serious one is told to the sponsor so soon after the site became aware of it."""


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """What is recorded. Days are those of the participant's calendar; ``end`` None: it goes on, or nobody knows.

    ``aware_at``: when the site learnt that it is serious. ``words``: what it was, as it was told.
    """

    term: str
    grade: int
    start: date
    end: date | None
    relation: str
    action: Action
    outcome: Outcome
    serious: frozenset[Serious] = frozenset()
    aware_at: datetime | None = None
    words: str = ""


class What(StrEnum):
    """What can be wrong between the parts of an adverse event."""

    TERM_UNKNOWN = "term_unknown"
    GRADE_NOT_OF_TERM = "grade_not_of_term"
    WORDS_NEEDED = "words_needed"
    RELATION_UNKNOWN = "relation_unknown"
    START_IN_FUTURE = "start_in_future"
    END_IN_FUTURE = "end_in_future"
    END_BEFORE_START = "end_before_start"
    END_MISSING = "end_missing"
    END_TOO_MUCH = "end_too_much"
    FATAL_WITHOUT_GRADE_5 = "fatal_without_grade_5"
    GRADE_5_NOT_FATAL = "grade_5_not_fatal"
    DEATH_NOT_RECORDED = "death_not_recorded"
    END_NOT_DEATH = "end_not_death"
    FATAL_NOT_SERIOUS = "fatal_not_serious"
    DEATH_NOT_FATAL = "death_not_fatal"
    AWARE_MISSING = "aware_missing"
    AWARE_TOO_MUCH = "aware_too_much"
    AWARE_IN_FUTURE = "aware_in_future"
    AWARE_BEFORE_START = "aware_before_start"


@dataclass(frozen=True, slots=True)
class Mistake:
    """``where``: the field in which to mend it; ``values``: what the sentence about it names."""

    where: str
    what: What
    values: Mapping[str, str] = field(default_factory=dict)


def find(terms: Mapping[str, Term], name: str) -> Term | None:
    """The term of that name, however its letters and spaces were typed; ``terms``: by name in small letters."""
    return terms.get(" ".join(name.casefold().split()))


def mistakes(
    event: AdverseEvent,
    terms: Mapping[str, Term],
    *,
    relations: Collection[str],
    death: date | None,
    today: date,
    aware_on: date | None,
    now: datetime,
) -> tuple[Mistake, ...]:
    """All that does not fit; empty when it may be recorded.

    ``terms``: by name in small letters. ``death``: the day that is recorded for the participant. ``today`` and ``aware_on``:
    the local days of ``now`` and of the time of awareness.
    """
    return (
        *_of_the_term(event, terms, relations),
        *_of_the_days(event, today),
        *_of_death(event, death),
        *_of_seriousness(event, aware_on, now),
    )


def _of_the_term(event: AdverseEvent, terms: Mapping[str, Term], relations: Collection[str]) -> Iterator[Mistake]:
    term = find(terms, event.term)
    if term is None:
        yield Mistake("term", What.TERM_UNKNOWN)
    elif event.grade not in term.grades:
        yield Mistake("grade", What.GRADE_NOT_OF_TERM, {"term": term.name, "grades": ", ".join(map(str, term.grades))})
    if term is not None and term.asks_for_words and not event.words.strip():
        yield Mistake("words", What.WORDS_NEEDED)
    if event.relation not in relations:
        yield Mistake("relation", What.RELATION_UNKNOWN)


def _of_the_days(event: AdverseEvent, today: date) -> Iterator[Mistake]:
    if event.start > today:
        yield Mistake("start", What.START_IN_FUTURE, {"today": today.isoformat()})
    if event.end is None:
        if event.outcome in OVER:
            yield Mistake("end", What.END_MISSING)
        return
    if event.end < event.start:
        yield Mistake("end", What.END_BEFORE_START, {"start": event.start.isoformat()})
    elif event.end > today:
        yield Mistake("end", What.END_IN_FUTURE, {"today": today.isoformat()})
    if event.outcome in (Outcome.RECOVERING, Outcome.NOT_RECOVERED):
        yield Mistake("end", What.END_TOO_MUCH)


def _of_death(event: AdverseEvent, death: date | None) -> Iterator[Mistake]:
    """Grade 5, a fatal outcome, death as the reason of seriousness and a recorded day of death go together."""
    is_fatal = event.outcome is Outcome.FATAL
    if is_fatal and event.grade != 5:
        yield Mistake("grade", What.FATAL_WITHOUT_GRADE_5)
    if event.grade == 5 and not is_fatal:
        yield Mistake("outcome", What.GRADE_5_NOT_FATAL)
    if is_fatal and death is None:
        yield Mistake("outcome", What.DEATH_NOT_RECORDED)
    elif is_fatal and event.end is not None and event.end != death:
        yield Mistake("end", What.END_NOT_DEATH, {"death": str(death)})
    if is_fatal and Serious.DEATH not in event.serious:
        yield Mistake("serious", What.FATAL_NOT_SERIOUS)
    if Serious.DEATH in event.serious and not is_fatal:
        yield Mistake("serious", What.DEATH_NOT_FATAL)


def _of_seriousness(event: AdverseEvent, aware_on: date | None, now: datetime) -> Iterator[Mistake]:
    if event.serious and event.aware_at is None:
        yield Mistake("aware_at", What.AWARE_MISSING)
    if event.aware_at is None or aware_on is None:
        return
    if not event.serious:
        yield Mistake("aware_at", What.AWARE_TOO_MUCH)
    elif event.aware_at > now:
        yield Mistake("aware_at", What.AWARE_IN_FUTURE)
    elif aware_on < event.start:
        yield Mistake("aware_at", What.AWARE_BEFORE_START, {"start": event.start.isoformat()})
