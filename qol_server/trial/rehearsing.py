"""What other alert rules would have raised: one participant's answers are judged again, as they came, by any sets of rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from qol_server.trial import judging
from qol_server.trial.alerting import Alert, Expected, Finding, Rule, Urgency
from qol_server.trial.cases import Case, State, Turn, join
from qol_server.trial.given import Responses
from qol_server.trial.judging import Survey
from qol_server.trial.participant import Participant
from qol_server.trial.schedule import local


@dataclass(frozen=True, slots=True)
class Response:
    """A response as it came: its entry's id, the id of the one that it corrects, and what it says (its own id as the root)."""

    id: str
    supersedes: str | None
    survey: Survey


@dataclass(frozen=True, slots=True)
class Came:
    """What one request brought, in the order of the journal; ``participant`` and ``expected`` as they were known then.

    ``what``: responses, and surveys that can be read of entries under review.
    """

    at: datetime
    participant: Participant
    expected: tuple[Expected, ...]
    what: tuple[Response | Survey, ...]


@dataclass(frozen=True, slots=True)
class Stood:
    """A case of the journal was resolved, or (``resolved_at`` None) was opened again by somebody."""

    case: str
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What is prescribed, or the treatment's first or last day, was recorded: from ``since`` on other doses may be due."""

    at: datetime
    participant: Participant
    since: date


Step = Came | Stood | Changed
CaseId = Callable[[Survey, Alert, Callable[[str], bool]], str]
"""(survey, alert, whether an id is taken) -> the id of the case that the alert opens."""


@dataclass(frozen=True, slots=True)
class Staff:
    """How cases ended: ``raised`` are (case, instant) of each time the journal's cases were raised, of which it says when they were
    resolved; any other is taken to be resolved after ``usual``."""

    raised: frozenset[tuple[str, datetime]]
    usual: timedelta


@dataclass(frozen=True, slots=True)
class Raised:
    """One alert of a rehearsal; ``expected``: the level that explains it, so that it makes no case; ``is_back``: it had been better."""

    at: datetime
    survey: Survey
    alert: Alert
    expected: Expected | None
    is_late: bool
    is_back: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """What the alerts of one survey did: a case was opened, repeated, worsened or reopened, and is as urgent as this."""

    at: datetime
    case: str
    turn: Turn
    urgency: Urgency


@dataclass(slots=True)
class Outcome:
    """What one set of rules made of a participant's answers."""

    alerts: list[Raised] = field(default_factory=list)
    moves: list[Moved] = field(default_factory=list)


def replay(rule_sets: Sequence[Sequence[Rule]], steps: Iterable[Step], case_id: CaseId, staff: Staff) -> tuple[Outcome, ...]:
    """Let each set of rules judge one participant's answers in the order in which they came; what each makes of them.

    With the rules that were in force it finds the alerts and cases of the journal. Rules that could not be asked at all
    (``alert-rules``) are no part of it.
    """
    past = Responses()
    asked = [_Replay(rules, past, case_id, staff) for rules in rule_sets]
    for step in steps:
        if isinstance(step, Stood):
            for each in asked:
                each.stand(step)
            continue
        if isinstance(step, Changed):
            for each in asked:
                each.look_again(step)
            continue
        for one in step.what:
            if isinstance(one, Response):
                past.add(one.id, one.supersedes, one.survey)
        together = frozenset(past.found(one.id).given for one in step.what if isinstance(one, Response))
        for one in step.what:
            for each in asked:
                each.hear(one, step, together)
    return tuple(each.outcome for each in asked)


@dataclass(slots=True)
class _Replay:
    rules: Sequence[Rule]
    past: Responses
    case_id: CaseId
    staff: Staff
    outcome: Outcome = field(default_factory=Outcome)
    _raised: set[str] = field(default_factory=set)
    _found: dict[tuple[int, str], list[Finding]] = field(default_factory=dict)  # by position of the response and rule
    _cases: dict[str, Case] = field(default_factory=dict)
    _latest: dict[str, str] = field(default_factory=dict)  # what it is about -> case
    _known_in: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)  # case, rule, item -> in which responses

    def hear(self, one: Response | Survey, came: Came, together: frozenset[int]) -> None:
        if isinstance(one, Survey):
            self._judge(one, came)
            return
        survey = self.past.found(one.id)
        self._judge(survey, came)
        for later in judging.neighbours(self.rules, survey, self.past, together):
            self._judge(later, came)

    def look_again(self, step: Changed) -> None:
        came = Came(step.at, step.participant, (), ())  # no expected level explains a dose
        for survey in self.past.dose_days(step.since):
            self._judge(survey, came, again=True)

    def stand(self, step: Stood) -> None:
        case = self._cases.get(step.case)
        if case is not None:
            state = State.ACKNOWLEDGED if step.resolved_at is None else State.RESOLVED
            self._cases[case.id] = replace(case, state=state, resolved_at=step.resolved_at)

    def _judge(self, survey: Survey, came: Came, *, again: bool = False) -> None:
        """``again``: the doses, because something else is prescribed than before; what is found was known late."""
        today = local(came.at, came.participant.time_zone).date()
        fresh: list[tuple[Alert, bool]] = []
        for alert in judging.judge(judging.about_doses(self.rules) if again else self.rules, came.participant, survey, self.past):
            level = judging.expected_by(survey, alert, came.expected, today)
            back = level is None and self._is_back(survey, alert, came)
            identity = judging.identity(survey, alert, again=back)
            found = self._found.setdefault((survey.given, alert.rule.id), [])
            is_known = bool({identity, judging.identity(survey, alert, again=True)} & self._raised)
            if not is_known and not judging.is_milder(alert.findings, found):
                self._raised.add(identity)
                found += alert.findings
                self.outcome.alerts.append(Raised(came.at, survey, alert, level, again or judging.is_late(survey, came.at), back))
                if level is None:
                    fresh.append((alert, back))
        if fresh:
            self._bundle(survey, [alert for alert, _ in fresh], came, again=any(back for _, back in fresh))

    def _is_back(self, survey: Survey, alert: Alert, came: Came) -> bool:
        case = self._latest.get(survey.about)
        if case is None:
            return False

        def known_since(subject: str) -> str | None:
            there = (self.past.began(given) for given in self._known_in.get((case, alert.rule.id, subject), ()))
            return min((began for began in there if began is not None), default=None)

        return judging.is_back(alert, survey, came.participant, self.past, known_since)

    def _bundle(self, survey: Survey, alerts: Sequence[Alert], came: Came, *, again: bool) -> None:
        latest = self._standing(survey.about, came.at)
        joined = join(latest, alerts, came.at, again=again)
        if joined.turn is Turn.OPEN or latest is None:
            id_ = self.case_id(survey, alerts[0], self._cases.__contains__)
            case = Case(
                id_, came.participant.number, survey.assessment, State.RAISED, joined.urgency, came.at, survey.given, known=joined.known
            )
            self._latest[survey.about] = id_
        elif joined.turn is Turn.REPEAT:
            case = replace(latest, known=joined.known)
        else:
            # the journal's clock may go on instead; how long a case takes counts from the last raise here, as it is not known who looked
            case = replace(latest, state=State.RAISED, urgency=joined.urgency, since=came.at, known=joined.known, resolved_at=None)
        self._cases[case.id] = case
        for alert in alerts:
            for finding in alert.findings:
                self._known_in.setdefault((case.id, alert.rule.id, finding.subject), []).append(survey.given)
        self.outcome.moves.append(Moved(came.at, case.id, joined.turn, joined.urgency))

    def _standing(self, about: str, now: datetime) -> Case | None:
        """The latest case about this; one that the journal never raised like this is resolved by now, or is not yet."""
        if about not in self._latest:
            return None
        case = self._cases[self._latest[about]]
        done = case.since + self.staff.usual
        if case.state is State.RESOLVED or (case.id, case.since) in self.staff.raised or done > now:
            return case
        return replace(case, state=State.RESOLVED, resolved_at=done)
