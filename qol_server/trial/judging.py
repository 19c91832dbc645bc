"""What of a participant's answers the rules are shown when something comes: the same at the door and in a rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from qol_server.trial import alerting
from qol_server.trial.alerting import BASELINE, PRESCRIBED, PREVIOUS, Alert, Earlier, Expected, Finding, NotTaken, Rule, Seen, Urgency
from qol_server.trial.diary import DOSE_DIARY, treatment_days
from qol_server.trial.instrument import Answers, Instrument
from qol_server.trial.participant import Participant
from qol_server.trial.response import number_of
from qol_server.trial.schedule import is_event

KNOWN_LATE = timedelta(hours=24)
"""What comes so long after it was captured was known late."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the rules are asked about: a response, or what can be read of an entry under review.

    ``given``: its position in the journal. ``root``: id of the first response of its corrections. ``began``: the UTC instant,
    as text that sorts by it, at which the first of them was captured.
    """

    given: int
    occurrence: str
    instrument: Instrument
    answers: Answers
    captured_at: str | None
    began: str | None = None
    root: str | None = None

    @property
    def assessment(self) -> str:
        return self.occurrence.partition("@")[0]

    @property
    def about(self) -> str:
        """What a case of it is about: its assessment, whenever it is asked; of something that happened, this occurrence alone."""
        return self.occurrence if is_event(self.occurrence) else self.assessment

    @property
    def day(self) -> date | None:
        """The day that a dose diary tells about."""
        if self.instrument.id != DOSE_DIARY:
            return None
        try:
            return date.fromisoformat(self.occurrence.partition("@")[2])
        except ValueError:
            return None


class Past(Protocol):
    """The responses of one participant that count, as far as they are known."""

    def first(self, survey: Survey) -> Survey | None:
        """Of another occurrence of its assessment the one that began first, before this one."""

    def previous(self, survey: Survey) -> Survey | None:
        """Of another occurrence of its assessment the one that began last, before this one."""

    def following(self, survey: Survey) -> Survey | None:
        """Of another occurrence of its assessment the one that began first after this one."""

    def current(self, occurrence: str) -> Survey | None:
        """The one that counts for an occurrence."""


def judge(rules: Sequence[Rule], participant: Participant, survey: Survey, past: Past) -> tuple[Alert, ...]:
    """The alerts that the rules raise about a survey, most urgent first; never raises for what is answered."""
    earlier: dict[str, Earlier] = {}
    for which, find in ((PREVIOUS, past.previous), (BASELINE, past.first)):
        asked = survey.began is not None and any(rule.compares_with(which, survey.instrument.id) for rule in rules)
        found = find(survey) if asked else None
        if found is not None:
            earlier[which] = Earlier(found.instrument, found.answers)

    def doses(day: date) -> Answers:
        there = past.current(f"{survey.assessment}@{day}")
        return {} if there is None else there.answers

    said_at = None if survey.began is None else datetime.fromisoformat(survey.began)
    return alerting.judge(rules, Seen(survey.instrument, survey.answers, participant, earlier, survey.day, doses, said_at))


def expected_by(survey: Survey, alert: Alert, levels: Sequence[Expected], today: date) -> Expected | None:
    """The expected level that explains an alert of a survey; none explains what happened: its items say how bad it was, not what."""
    return None if is_event(survey.occurrence) else alerting.expected_by(alert, levels, today)


def is_back(alert: Alert, survey: Survey, participant: Participant, past: Past, known_since: Callable[[str], str | None]) -> bool:
    """Whether something of what a rule found had been better in the response before, after the case knew it already.

    Better is: that response says something of it, and the same rule finds nothing. ``known_since`` (item or scale): when the first
    response in which the case has it was begun, None where it does not. What is urgent now is news each time anyway.
    """
    is_asked = not alert.failed and alert.rule.urgency is not Urgency.NOW and not is_event(survey.occurrence)
    before = past.previous(survey) if is_asked and survey.began is not None else None
    if before is None or before.began is None:
        return False
    there = judge([alert.rule], participant, before, past)
    still = {finding.subject for one in there for finding in one.findings}
    if any(one.failed for one in there):
        return False
    for finding in alert.findings:
        if finding.subject not in still and _says(before, finding.subject):
            since = known_since(finding.subject)
            if since is not None and since < before.began:
                return True
    return False


def _says(survey: Survey, subject: str) -> bool:
    """Whether a response says something of an item or scale; one of a dose diary says something of the doses."""
    item = survey.instrument.by_id.get(subject)
    if item is not None:
        answer = survey.answers.get(subject)
        is_answered = answer is not None and answer not in item.non_answers
        return is_answered or alerting.level_of(survey.instrument, subject, survey.answers) is not None
    return survey.day is not None or alerting.scores_of(survey.instrument, survey.answers).get(subject) is not None


def neighbours(rules: Sequence[Rule], survey: Survey, past: Past, together: frozenset[int]) -> Iterator[Survey]:
    """The responses that are judged by this one too: the next one, all later ones where this one is the first, with which
    rules compare them, and the dose days that it may join to a row.

    But for those at the positions ``together``: they came with it, so that each is judged by itself with all of them known.
    """
    return (each for each in _touched(rules, survey, past) if each.given not in together)


def _touched(rules: Sequence[Rule], survey: Survey, past: Past) -> Iterator[Survey]:
    day = survey.day
    if day is None:
        is_baseline = past.first(survey) is None and any(rule.compares_with(BASELINE, survey.instrument.id) for rule in rules)
        later = past.following(survey)
        while later is not None:
            yield later
            later = past.following(later) if is_baseline else None
        return
    longest = max((rule.when.days for rule in rules if isinstance(rule.when, NotTaken)), default=0)
    found = (past.current(f"{survey.assessment}@{day + timedelta(days=n)}") for n in range(1, longest))
    yield from (each for each in found if each is not None)


def changed_from(before: Participant, after: Participant) -> date | None:
    """The first day on which another dose may be due than before; None where nothing changed about the treatment."""
    changed = [one.day for one in set(before.prescriptions) ^ set(after.prescriptions)]
    (first, last), (first_then, last_then) = treatment_days(after), treatment_days(before)
    if first != first_then:
        changed.append(date.min if first is None or first_then is None else min(first, first_then))
    if last != last_then:
        changed += [day for day in (last, last_then) if day is not None]
    return min(changed, default=None)


def about_doses(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules that are asked again when what was prescribed becomes known only after the doses."""
    return tuple(rule for rule in rules if rule.is_about_dose)


def identity(survey: Survey, alert: Alert, *, again: bool = False) -> str:
    """What makes an alert the same one: it is raised once, however often the survey is judged.

    A dose that is found to be above another prescription is another finding (``is_milder`` says when that is no news), and so is
    what ``is_back``.
    """
    found = (f"{one.subject}>{one.before}" if one.over == PRESCRIBED else one.subject for one in alert.findings)
    return f"{survey.given}/{alert.rule.id}/{','.join(sorted(found))}{'/again' if again else ''}"


def is_milder(findings: Iterable[Finding], before: Iterable[Finding]) -> bool:
    """Whether a dose was found before, in the same response, to be as much or more above what is prescribed."""
    new = [amount for one in findings if (amount := _too_much(one)) is not None]
    old = [amount for one in before if (amount := _too_much(one)) is not None]
    return bool(new and old) and max(new) <= max(old)


def _too_much(finding: Finding) -> Decimal | None:
    """How many mg above the prescription; None for any other finding, and for a dose of unknown size."""
    taken, due = (number_of((text or "").removesuffix(" mg")) for text in (finding.value, finding.before))
    return None if finding.over != PRESCRIBED or taken is None or due is None else Decimal(taken) - Decimal(due)


def is_late(survey: Survey, now: datetime) -> bool:
    """Whether what was captured is known at ``now`` (aware) only after a day or more."""
    return survey.began is not None and now - datetime.fromisoformat(survey.began) > KNOWN_LATE
