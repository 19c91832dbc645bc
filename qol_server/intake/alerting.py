"""Judges each entry of a participant in its own transaction, and makes cases of what the rules find."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from qol_server.intake.record import record
from qol_server.intake.study import Study, fact_of
from qol_server.journal import Head
from qol_server.logs import log_failure
from qol_server.state import cases, participants
from qol_server.state.responses import utc
from qol_server.store import Row, StoreBusy, StoreFull, Tx
from qol_server.trial import alerting
from qol_server.trial.alerting import Alert, AnyItem, Earlier, Finding, NotTaken, Rule, Seen, Urgency
from qol_server.trial.cases import State, Turn, turn, worst
from qol_server.trial.diary import DOSE_DIARY
from qol_server.trial.facts import Entry, Kind, server_id
from qol_server.trial.instrument import Answers, Instrument, Licence
from qol_server.trial.participant import Participant
from qol_server.trial.protocol import Protocol
from qol_server.trial.schedule import local

log = logging.getLogger(__name__)

SERVER = "server"  # the actor of what the rules say
KNOWN_LATE = timedelta(hours=24)
"""What comes so long after it was captured was known late."""
UNJUDGED = Rule("alert-rules", AnyItem((), ""), Urgency.SAME_DAY)
"""Stands for all rules where they could not even be asked."""
NOTHING = Instrument("none", "", "", Licence("ours"), ())
"""Stands for the instrument where nobody knows it."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the rules are asked about: a response, or what can be read of an entry under review.

    ``given``: its position. ``root``: id of the first response of its corrections. ``began``: UTC text.
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


def watches(protocol: Protocol) -> bool:
    """Whether the study raises alerts; one that only records has none."""
    return protocol.intended_use.get("alerts") == "on"


def look(tx: Tx, study: Study, protocol: Protocol, entry: Entry, fact: Mapping[str, Any], now: datetime) -> None:
    """Ask the rules about one entry that was just folded (its position set), and about the responses that come after it.

    Nothing that goes wrong here keeps the entry out: it is an alert of its own then.
    """
    if not watches(protocol) or entry.kind not in (Kind.RESPONSE_GIVEN, Kind.ENTRY_QUARANTINED):
        return
    tx.run("SAVEPOINT alerting")
    try:
        _Looker(tx, study, protocol, entry, now).look(fact)
    except (StoreBusy, StoreFull):
        raise
    except Exception as failure:
        if not tx.connection.in_transaction:
            raise
        log_failure(log, "the alert rules could not be asked", failure)
        tx.run("ROLLBACK TO alerting")
        _Looker(tx, study, protocol, entry, now).stumbled(fact)
    tx.run("RELEASE alerting")


@dataclass(slots=True)
class _Looker:
    tx: Tx
    study: Study
    protocol: Protocol
    entry: Entry
    now: datetime

    def look(self, fact: Mapping[str, Any]) -> None:
        number = self.entry.participant
        participant = None if number is None else participants.load(self.tx, number)
        if participant is None:
            return
        if self.entry.kind == Kind.ENTRY_QUARANTINED:
            kept = self._kept(fact or _read_as_it_is(self.entry.line))
            if kept is None:
                self._unreadable()
            else:
                self._judge(participant, kept)
            return
        row = cases.began(self.tx, self.entry.position)
        assert row is not None, "it was folded"  # noqa: S101
        survey = self._survey(self.entry.position, row, fact["answers"], fact["captured_at"])
        resting = [] if self.entry.supersedes is None else cases.cases_resting_on(self.tx, participant.number, row["root"])
        self._judge(participant, survey)  # also what is not current: a second answer to the same day may be the one that tells
        for case in resting:
            self._record(Kind.CASE_CORRECTED, {"case": case, "given": self.entry.position}, nth=f"{case}/{self.entry.position}")
        for later in self._neighbours(survey):
            self._judge(participant, later)

    def stumbled(self, fact: Mapping[str, Any]) -> None:
        """An alert that says that the rules could not be asked."""
        occurrence = self.entry.occurrence or "unknown@unknown"
        captured = fact.get("captured_at")
        survey = Survey(self.entry.position, occurrence, NOTHING, {}, captured if isinstance(captured, str) else None)
        self._raise(survey, [Alert(UNJUDGED, (), failed=True)], [])

    # what the rules see

    def _survey(self, position: int, row: Row, answers: Answers, captured_at: str) -> Survey:
        instrument = self.study.instrument(self.tx, row["version"])
        return Survey(position, row["occurrence"], instrument, answers, captured_at, row["began"], row["root"])

    def _kept(self, fact: Mapping[str, Any]) -> Survey | None:
        """What can be read of an entry under review; None where there is nothing to judge."""
        answers, name, version = fact.get("answers"), fact.get("instrument"), fact.get("version")
        if not isinstance(answers, dict) or not answers or not isinstance(name, str):
            return None
        try:
            instrument = self.study.instrument(self.tx, version if isinstance(version, str) else "")
        except LookupError:
            current = self.study.current(self.tx, "instrument", name)
            if current is None:
                return None
            instrument = self.study.instrument(self.tx, current)
        readable = {item: str(answer) if isinstance(answer, float) else answer for item, answer in answers.items()}
        captured = fact.get("captured_at")
        began = None
        if isinstance(captured, str):
            try:
                began = utc(captured)
            except (ValueError, OverflowError):
                captured = None
        occurrence = self.entry.occurrence or f"{name}@unknown"
        return Survey(self.entry.position, occurrence, instrument, readable, captured if isinstance(captured, str) else None, began)

    def _seen(self, participant: Participant, survey: Survey) -> Seen:
        number, earlier = participant.number, dict[str, Earlier]()
        asked = [rule for rule in self.protocol.rules if rule.enabled and rule.instrument in (None, survey.instrument.id)]
        if survey.began is not None and any(rule.looks_back for rule in asked):
            for which, first in (("previous", False), ("baseline", True)):
                row = cases.before(self.tx, number, survey.assessment, survey.occurrence, survey.began, first=first)
                if row is not None:
                    earlier[which] = Earlier(self.study.instrument(self.tx, row["version"]), fact_of(row["line"])["answers"])

        def doses(day: date) -> Answers:
            row = cases.current(self.tx, number, f"{survey.assessment}@{day}")
            return {} if row is None else fact_of(row["line"])["answers"]

        return Seen(survey.instrument, survey.answers, participant, earlier, _day_of(survey), doses)

    def _neighbours(self, survey: Survey) -> Iterator[Survey]:
        """The responses that are judged by this one too: the next one, and the dose days that it may join to a row."""
        number = str(self.entry.participant)
        day = _day_of(survey)
        if day is not None:
            longest = max((rule.when.days for rule in self.protocol.rules if isinstance(rule.when, NotTaken)), default=0)
            occurrences = [f"{survey.assessment}@{day + timedelta(days=n)}" for n in range(1, longest)]
            rows = [cases.current(self.tx, number, occurrence) for occurrence in occurrences]
        else:
            rows = [cases.after(self.tx, number, survey.assessment, survey.occurrence, survey.began or "")]
        for row in rows:
            if row is not None:
                fact = fact_of(row["line"])
                yield self._survey(row["position"], row, fact["answers"], fact["captured_at"])

    # what becomes of it

    def _judge(self, participant: Participant, survey: Survey) -> None:
        alerts = alerting.judge(self.protocol.rules, self._seen(participant, survey))
        if alerts:
            today = local(self.now, participant.time_zone).date()
            levels = cases.expected(self.tx, participant.number)
            self._raise(survey, alerts, [alerting.expected_by(alert, levels, today) for alert in alerts])

    def _raise(self, survey: Survey, alerts: Sequence[Alert], explained: Sequence[alerting.Expected | None]) -> None:
        """Record what is new of these alerts; what no expected level explains makes a case, or joins one."""
        fresh: list[tuple[Alert, int]] = []
        for alert, level in zip(alerts, explained or [None] * len(alerts), strict=True):
            subjects = ",".join(sorted(finding.subject for finding in alert.findings))
            fact = {
                "rule": alert.rule.id, "urgency": str(alert.rule.urgency), "given": survey.given, "root": survey.root,
                "captured_at": survey.captured_at, "late": self._is_late(survey), "failed": alert.failed,
                "expected": None if level is None else level.position, "findings": [_told(finding) for finding in alert.findings],
            }  # fmt: skip
            head = self._record(Kind.ALERT_RAISED, fact, survey.occurrence, nth=f"{survey.given}/{alert.rule.id}/{subjects}")
            if head is not None and level is None:
                fresh.append((alert, head.position))
        if fresh:
            self._bundle(survey, [alert for alert, _ in fresh], [position for _, position in fresh])

    def _bundle(self, survey: Survey, alerts: Sequence[Alert], positions: Sequence[int]) -> None:
        number = str(self.entry.participant)
        latest = cases.latest(self.tx, number, survey.assessment)
        move = turn(latest, alerts, self.now)
        standing = latest if move is not Turn.OPEN else None
        urgencies = [alert.rule.urgency for alert in alerts]
        if standing is not None and standing.state is not State.RESOLVED:
            urgencies.append(standing.urgency)
        id_ = standing.id if standing is not None else server_id(self.study.slug, Kind.CASE_OPENED, number, survey.occurrence, survey.given)
        fact = {
            "case": id_, "assessment": survey.assessment, "urgency": str(alerting.most_urgent(urgencies)),
            "captured_at": survey.captured_at, "alerts": list(positions),
            "known": cases.told(worst({} if standing is None else standing.known, alerts)),
        }  # fmt: skip
        self._record(_KINDS[move], fact, survey.occurrence, nth=f"{id_}/{positions[0]}")

    def _unreadable(self) -> None:
        """Somebody has to ask the participant what it was."""
        fact = {"task": "unreadable", "about": self.entry.position}
        self._record(Kind.CALL_RAISED, fact, self.entry.occurrence, nth=f"unreadable/{self.entry.position}")

    def _is_late(self, survey: Survey) -> bool:
        return survey.began is not None and self.now - datetime.fromisoformat(survey.began) > KNOWN_LATE

    def _record(self, kind: Kind, fact: Mapping[str, Any], occurrence: str | None = None, *, nth: str) -> Head | None:
        return record(
            self.tx, self.study, kind, fact, actor=SERVER, now=self.now, participant=self.entry.participant, occurrence=occurrence, nth=nth
        )


_KINDS = {
    Turn.OPEN: Kind.CASE_OPENED,
    Turn.REPEAT: Kind.CASE_REPEATED,
    Turn.WORSEN: Kind.CASE_WORSENED,
    Turn.REOPEN: Kind.CASE_REOPENED,
}


def _read_as_it_is(line: bytes) -> Mapping[str, Any]:
    """What a line says that is not of our form, such as decimals that are no text; nothing where it is no JSON object."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _told(finding: Finding) -> list[str | None]:
    return [finding.subject, finding.value[:100], finding.before, finding.over]


def _day_of(survey: Survey) -> date | None:
    """The day that a dose diary tells about."""
    if survey.instrument.id != DOSE_DIARY:
        return None
    try:
        return date.fromisoformat(survey.occurrence.partition("@")[2])
    except ValueError:
        return None
