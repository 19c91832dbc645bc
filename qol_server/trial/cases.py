"""What people work on: the alerts of one survey as a case with a clock, and what may become of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from qol_server.trial.alerting import URGENCIES, Alert, Answered, Rule, ScoreChange, ScoreLevel, Urgency, most_urgent
from qol_server.trial.covering import elapsed
from qol_server.trial.instrument import Compare, Condition
from qol_server.trial.protocol import Period, Protocol, Site
from qol_server.trial.response import number_of
from qol_server.trial.seriousness import Report

REOPENS_FOR = timedelta(days=7)
"""For so long after a case was resolved, something worse opens it again instead of making a new one."""


class State(StrEnum):
    """Where a case stands."""

    RAISED = "raised"  # nobody has said that they look after it
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Way(StrEnum):
    """How somebody tried to reach the participant."""

    TELEPHONE = "telephone"
    IN_PERSON = "in-person"
    EMAIL = "email"
    RELATIVE = "relative"
    PHYSICIAN = "physician"  # the participant's own


class Turn(StrEnum):
    """What new alerts do to the case that is there already, or to none."""

    OPEN = "open"  # a new case
    REPEAT = "repeat"  # the open case knows all this
    WORSEN = "worsen"  # the open case is raised anew
    RELAPSE = "relapse"  # the open case knows it, but it had been better in between: it is raised anew
    REOPEN = "reopen"  # the resolved case is raised anew


Level = int | Decimal | None
"""The number that a finding says; None where it says no number, or the rule could not be judged."""
Known = Mapping[tuple[str, str], Level]
"""(rule, subject) -> the worst level that was found."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``since``: from when its clock counts (receipt; anew where ``join`` says so), UTC. ``version``: position of its last entry.

    ``steps``: how many steps of the escalation were taken since then. ``news_at``: when what makes it worse came last (receipt).
    ``acted_at``: when somebody did something with it last, UTC; ``stalled``: how many steps of the follow-up were taken since then.
    """

    id: str
    participant: str
    assessment: str
    state: State
    urgency: Urgency
    since: datetime
    version: int
    known: Known = field(default_factory=dict)
    steps: int = 0
    owner: str | None = None
    resolved_at: datetime | None = None
    serious: Report | None = None
    news_at: datetime | None = None
    acted_at: datetime | None = None
    stalled: int = 0


_DOWN = ("at_most", "below")


def falls(rule: Rule, subject: str) -> bool:
    """Whether of what a rule finds the lower number is the worse one: it looks for a fall, or for what is below a limit."""
    match rule.when:
        case ScoreChange(by=by):
            return by < 0
        case ScoreLevel(op=op):
            return op in _DOWN
        case Answered(condition=condition):
            ops = {one.op for one in _comparisons(condition) if one.item == subject}
            return bool(ops & set(_DOWN)) and not ops & {"at_least", "above"}
    return False


def _comparisons(condition: Condition) -> Iterator[Compare]:
    if isinstance(condition, Compare):
        yield condition
    else:
        for part in condition.parts:
            yield from _comparisons(part)


def levels(alerts: Iterable[Alert]) -> dict[tuple[str, str], Level]:
    """What alerts say, for comparison: a rule that could not be judged has the subject ""."""
    found: dict[tuple[str, str], Level] = {}
    for alert in alerts:
        if alert.failed:
            found[alert.rule.id, ""] = None
        for finding in alert.findings:
            found[alert.rule.id, finding.subject] = number_of(finding.value.removesuffix(" mg"))
    return found


def worst(known: Known, alerts: Sequence[Alert]) -> dict[tuple[str, str], Level]:
    """What is known of a case when these alerts have joined it."""
    merged = dict(known)
    rules = {alert.rule.id: alert.rule for alert in alerts}
    for key, level in levels(alerts).items():
        if _is_worse(rules[key[0]], key, level, merged):
            merged[key] = level
    return merged


def _is_worse(rule: Rule, key: tuple[str, str], level: Level, known: Known) -> bool:
    """Whether this is not known, or a worse level of it than is known."""
    if key not in known:
        return True
    other = known[key]
    if level is None or other is None:
        return level is not None
    return level < other if falls(rule, key[1]) else level > other


def turn(case: Case | None, alerts: Sequence[Alert], now: datetime, *, again: bool = False) -> Turn:
    """What these alerts (at least one, none of them explained by an expected level) do at ``now``.

    Worse is: a rule or an item that the case does not know, a worse level, or a higher urgency. What is urgent now is never
    a mere repetition: each time somebody has to look. ``again``: something of it had been better since the case knew it.
    """
    if case is None:
        return Turn.OPEN
    rules = {alert.rule.id: alert.rule for alert in alerts}
    urgency = most_urgent(alert.rule.urgency for alert in alerts)
    is_worse = (
        URGENCIES.index(urgency) < URGENCIES.index(case.urgency)
        or urgency is Urgency.NOW
        or any(_is_worse(rules[key[0]], key, level, case.known) for key, level in levels(alerts).items())
    )
    if case.state is State.RESOLVED:
        is_recent = case.resolved_at is not None and now - case.resolved_at <= REOPENS_FOR
        return Turn.REOPEN if is_worse and is_recent else Turn.OPEN
    if is_worse:
        return Turn.WORSEN
    return Turn.RELAPSE if again else Turn.REPEAT


@dataclass(frozen=True, slots=True)
class Joined:
    """What becomes of new alerts: what they do, and how urgent the case is and what is known of it from then on.

    ``restarts``: whether its clock begins anew. Nobody has looked at a case that is still raised, so that what comes on top of it
    must not put its escalation off; only a higher urgency, which has its own steps, begins anew.
    """

    turn: Turn
    urgency: Urgency
    known: Known
    restarts: bool


def join(latest: Case | None, alerts: Sequence[Alert], now: datetime, *, again: bool = False) -> Joined:
    """Let alerts (at least one, none of them explained) of one survey join the participant's latest case, or make a new one."""
    move = turn(latest, alerts, now, again=again)
    standing = latest if move is not Turn.OPEN else None
    urgencies = [alert.rule.urgency for alert in alerts]
    if standing is not None and standing.state is not State.RESOLVED:
        urgencies.append(standing.urgency)
    urgency = most_urgent(urgencies)
    is_waiting = standing is not None and standing.state is State.RAISED and standing.urgency is urgency
    return Joined(move, urgency, worst({} if standing is None else standing.known, alerts), move is not Turn.REPEAT and not is_waiting)


# Its clock


def rungs(case: Case, protocol: Protocol) -> tuple[Period, ...]:
    """The steps that count for a case as it stands: the escalation until somebody acknowledges it, the follow-up until it is resolved."""
    by_urgency = {State.RAISED: protocol.escalation, State.ACKNOWLEDGED: protocol.follow_up}.get(case.state, {})
    return by_urgency.get(case.urgency, ())


def _began(case: Case) -> tuple[datetime | None, int]:
    """From when the steps of a case count as it stands, None for no more, and how many of them were taken."""
    clocks = {State.RAISED: (case.since, case.steps), State.ACKNOWLEDGED: (case.acted_at, case.stalled)}
    return clocks.get(case.state, (None, 0))


def ladder(case: Case, steps: Sequence[Period], site: Site) -> tuple[datetime, ...]:
    """When each step is due (UTC): of the escalation counted from ``since``, of the follow-up from ``acted_at``.

    What is urgent now does not wait for the hours.
    """
    since, _ = _began(case)
    return () if since is None else tuple(elapsed(site, since, step, always=case.urgency is Urgency.NOW) for step in steps)


def steps_due(case: Case, steps: Sequence[Period], site: Site, now: datetime) -> tuple[tuple[int, datetime], ...]:
    """The steps (number from 1, when it was due) to be taken at ``now``: nobody has acknowledged the case, or done anything with it."""
    _, taken = _began(case)
    return tuple((n, at) for n, at in enumerate(ladder(case, steps, site), start=1) if taken < n and at <= now)


def next_step(case: Case, steps: Sequence[Period], site: Site) -> tuple[int, datetime] | None:
    """The step that comes next (number from 1, when it is due, UTC) unless somebody acknowledges the case, or does something with it;
    None where none is left."""
    _, taken = _began(case)
    due = ladder(case, steps[taken : taken + 1], site)
    return (taken + 1, due[0]) if due else None
