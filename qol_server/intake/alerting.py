"""Judges each entry of a participant in its own transaction, and makes cases of what the rules find."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from qol_server import journal
from qol_server.intake.record import record
from qol_server.intake.study import Study, fact_of
from qol_server.journal import Head
from qol_server.logs import log_failure
from qol_server.state import cases, levels, participants, past
from qol_server.state.responses import utc
from qol_server.store import Row, StoreBusy, StoreFull, Tx
from qol_server.trial import alerting, judging
from qol_server.trial.alerting import Alert, AnyItem, Finding, Rule, Urgency, most_urgent
from qol_server.trial.cases import Turn, join
from qol_server.trial.diary import DOSE_DIARY
from qol_server.trial.facts import Entry, Kind, server_id
from qol_server.trial.instrument import Answers, Instrument, Item, ItemType, Licence
from qol_server.trial.judging import Past, Survey
from qol_server.trial.participant import Participant
from qol_server.trial.protocol import Protocol
from qol_server.trial.response import compile as checker_of
from qol_server.trial.schedule import local

log = logging.getLogger(__name__)

SERVER = "server"  # the actor of what the rules say
UNJUDGED = "alert-rules"
"""The name that stands for all rules where they could not even be asked."""
NO_REPORTS = (Kind.APP_NOTED, Kind.PREFERENCE_SET)
"""What phones send of themselves: whatever is wrong with it, nobody has to be asked how they are."""
NOTHING = Instrument("none", "", "", Licence("ours"), ())
"""Stands for the instrument where nobody knows it."""


def watches(protocol: Protocol) -> bool:
    """Whether the study raises alerts; one that only records has none."""
    return protocol.intended_use.get("alerts") == "on"


def look(tx: Tx, study: Study, protocol: Protocol, came: Sequence[tuple[Entry, Mapping[str, Any] | None]], now: datetime) -> None:
    """Ask the rules about entries that came together and were just folded (their positions set), each with what it says, and
    about the responses that come after them.

    Also in a study that only records, somebody is to call about what cannot be read.
    Nothing that goes wrong here keeps an entry out: it is an alert of its own then.
    """
    kinds = {Kind.ENTRY_QUARANTINED, *([Kind.RESPONSE_GIVEN] if watches(protocol) else [])}
    asked = [(entry, fact or {}) for entry, fact in came if entry.kind in kinds]
    at_hand = _AtHand(frozenset(entry.position for entry, _ in asked if entry.kind == Kind.RESPONSE_GIVEN))
    for entry, fact in asked:
        looker = _Looker(tx, study, protocol, entry, now, at_hand)
        _safely(looker, partial(looker.look, fact), fact)


def look_again(tx: Tx, study: Study, before: Participant, receipt: Head | None, now: datetime) -> None:
    """Ask the rules about doses again where what is prescribed, or the treatment's first or last day, was just recorded.

    ``before``: the participant as known before it; ``receipt``: of the entry that says it. Nothing that goes wrong here keeps
    the entry out.
    """
    protocol = study.protocol_in_force(tx)
    entry = None if receipt is None else journal.one(tx, receipt.position)
    if entry is None or not watches(protocol):
        return
    looker = _Looker(tx, study, protocol, entry, now)
    _safely(looker, lambda: looker.look_again(before), {})


def _safely(looker: _Looker, act: Callable[[], None], fact: Mapping[str, Any]) -> None:
    tx = looker.tx
    tx.run("SAVEPOINT alerting")
    try:
        act()
    except (StoreBusy, StoreFull):
        raise
    except Exception as failure:
        if not tx.connection.in_transaction:
            raise
        log_failure(log, "the alert rules could not be asked", failure)
        tx.run("ROLLBACK TO alerting")
        looker.stumbled(fact)
    tx.run("RELEASE alerting")


@dataclass(frozen=True, slots=True)
class _AtHand:
    """What is read once for entries that came together. ``together``: the positions of those that are judged by themselves."""

    together: frozenset[int] = frozenset()
    participants: dict[str, Participant | None] = field(default_factory=dict)
    surveys: dict[str, Survey | None] = field(default_factory=dict)  # occurrence -> the one that counts


@dataclass(slots=True)
class _Looker:
    tx: Tx
    study: Study
    protocol: Protocol
    entry: Entry
    now: datetime
    at_hand: _AtHand = field(default_factory=_AtHand)

    def look(self, fact: Mapping[str, Any]) -> None:
        participant = self._participant()
        if participant is None:
            return
        if self.entry.kind == Kind.ENTRY_QUARANTINED:
            self._look_at_kept(participant, fact or read_as_it_is(self.entry.line))
            return
        row = past.began(self.tx, self.entry.position)
        assert row is not None, "it was folded"  # noqa: S101
        survey = self._survey(self.entry.position, row, fact["answers"], fact["captured_at"])
        resting = [] if self.entry.supersedes is None else cases.cases_resting_on(self.tx, participant.number, row["root"])
        self._judge(participant, survey)  # also what is not current: a second answer to the same day may be the one that tells
        for case in resting:
            self._corrected(case, self.entry.position)
        for correction in () if row["current"] else past.corrections(self.tx, self.entry.position):  # that came before it
            for case in cases.cases_resting_on(self.tx, participant.number, row["root"]):
                self._corrected(case, correction)
        for later in judging.neighbours(self.protocol.rules, survey, self._past(participant), self.at_hand.together):
            self._judge(participant, later)

    def _corrected(self, case: str, correction: int) -> None:
        self._record(Kind.CASE_CORRECTED, {"case": case, "given": correction}, nth=f"{case}/{correction}")

    def _look_at_kept(self, participant: Participant, fact: Mapping[str, Any]) -> None:
        """Judge what can be read of an entry under review. Of what cannot somebody asks, unless a case tells of the entry already."""
        if fact.get("kind") in NO_REPORTS:
            return
        kept = self._kept(fact)
        tells = kept is not None and watches(self.protocol) and self._judge(participant, kept)
        if not tells and (kept is None or not _is_read(kept, fact["answers"])):
            self._unreadable()

    def look_again(self, before: Participant) -> None:
        """Judge the doses that are due otherwise than before; what is found was known late, whenever it was captured."""
        after = participants.load(self.tx, before.number)
        since = None if after is None else judging.changed_from(before, after)
        if after is None or since is None:
            return
        rules = judging.about_doses(self.protocol.rules)
        for row in past.dose_days(self.tx, after.number, since):
            fact = fact_of(row["line"])
            survey = self._survey(row["position"], row, fact["answers"], fact["captured_at"])
            alerts = judging.judge(rules, after, survey, self._past(after))
            if alerts:
                self._raise(survey, alerts, [], self._back(after, survey, alerts), is_late=True)

    def stumbled(self, fact: Mapping[str, Any]) -> None:
        """An alert that says that the rules could not be asked, as urgent as the most urgent of them; a call where none is raised."""
        if not watches(self.protocol):
            self._unreadable()
            return
        occurrence = self.entry.occurrence or "unknown@unknown"
        captured = fact.get("captured_at")
        survey = Survey(self.entry.position, occurrence, NOTHING, {}, captured if isinstance(captured, str) else None)
        hidden = [rule.urgency for rule in self.protocol.rules if rule.enabled]  # any of these might have spoken
        rule = Rule(UNJUDGED, AnyItem((), ""), most_urgent(hidden or [Urgency.SAME_DAY]))
        self._raise(survey, [Alert(rule, (), failed=True)], [], ())

    # what the rules see

    def _participant(self) -> Participant | None:
        number, known = self.entry.participant, self.at_hand.participants
        if number is not None and number not in known:
            known[number] = participants.load(self.tx, number)
        return None if number is None else known[number]

    def _past(self, participant: Participant) -> Past:
        return _Stored(self.tx, participant.number, self._survey, self.at_hand.surveys)

    def _survey(self, position: int, row: Row, answers: Answers, captured_at: str) -> Survey:
        instrument = self.study.instrument(self.tx, row["version"])
        return Survey(position, row["occurrence"], instrument, answers, captured_at, row["began"], row["root"])

    def _kept(self, fact: Mapping[str, Any]) -> Survey | None:
        return readable(self.entry, fact, self._instrument)

    def _instrument(self, name: str, version: str | None) -> Instrument | None:
        """The instrument of a version; where that is not known, the one in force."""
        for known in (version, self.study.current(self.tx, "instrument", name)):
            if known is not None:
                with contextlib.suppress(LookupError):
                    return self.study.instrument(self.tx, known)
        return None

    # what becomes of it

    def _judge(self, participant: Participant, survey: Survey) -> bool:
        """Whether an alert was raised that no expected level explains."""
        alerts = judging.judge(self.protocol.rules, participant, survey, self._past(participant))
        if not alerts:
            return False
        today = local(self.now, participant.time_zone).date()
        usual = levels.expected(self.tx, participant.number)
        explained = [judging.expected_by(survey, alert, usual, today) for alert in alerts]
        self._raise(survey, alerts, explained, self._back(participant, survey, alerts))
        return None in explained

    def _back(self, participant: Participant, survey: Survey, alerts: Sequence[Alert]) -> list[str]:
        """The rules of which something had been better before this survey, after the latest case knew it."""
        case = cases.latest(self.tx, participant.number, survey.about)
        if case is None:
            return []
        seen = self._past(participant)
        since = {alert.rule.id: partial(past.known_since, self.tx, case.id, alert.rule.id) for alert in alerts}
        return [alert.rule.id for alert in alerts if judging.is_back(alert, survey, participant, seen, since[alert.rule.id])]

    def _raise(
        self, survey: Survey, alerts: Sequence[Alert], explained: Sequence[alerting.Expected | None], back: Collection[str], *,
        is_late: bool = False,
    ) -> None:  # fmt: skip
        """Record what is new of these alerts; what no expected level explains makes a case, or joins one. ``back``: ids of the rules
        of which something is back."""
        is_back = False
        fresh: list[tuple[Alert, int]] = []
        for alert, level in zip(alerts, explained or [None] * len(alerts), strict=True):
            if alert.rule.is_about_dose and judging.is_milder(alert.findings, cases.found_in(self.tx, survey.given, alert.rule.id)):
                continue
            again = level is None and alert.rule.id in back
            if not again and self._was_back(survey, alert):
                continue  # it was raised, as what it is
            fact = {
                "rule": alert.rule.id, "urgency": str(alert.rule.urgency), "given": survey.given, "root": survey.root,
                "captured_at": survey.captured_at, "late": is_late or judging.is_late(survey, self.now), "failed": alert.failed,
                "again": again,
                "expected": None if level is None else level.position, "findings": [_told(finding) for finding in alert.findings],
            }  # fmt: skip
            head = self._record(Kind.ALERT_RAISED, fact, survey.occurrence, nth=judging.identity(survey, alert, again=again))
            if head is not None and level is None:
                fresh.append((alert, head.position))
                is_back = is_back or again
        if fresh:
            self._bundle(survey, [alert for alert, _ in fresh], [position for _, position in fresh], again=is_back)

    def _was_back(self, survey: Survey, alert: Alert) -> bool:
        """Whether this alert was raised before as something that is back."""
        number, nth = self.entry.participant, judging.identity(survey, alert, again=True)
        id_ = server_id(self.study.slug, Kind.ALERT_RAISED, number, survey.occurrence, nth)
        return journal.has(self.tx, Kind.ALERT_RAISED, number, id_)

    def _bundle(self, survey: Survey, alerts: Sequence[Alert], positions: Sequence[int], *, again: bool) -> None:
        number = str(self.entry.participant)
        latest = cases.latest(self.tx, number, survey.about)
        joined = join(latest, alerts, self.now, again=again)
        if joined.turn is Turn.OPEN or latest is None:
            id_ = case_id(self.study.slug, number, survey, alerts[0], lambda id_: cases.case(self.tx, id_) is not None)
        else:
            id_ = latest.id
        fact = {
            "case": id_, "assessment": survey.assessment, "urgency": str(joined.urgency),
            "captured_at": survey.captured_at, "alerts": list(positions),
            "known": cases.told(joined.known), "restarts": joined.restarts,
        }  # fmt: skip
        self._record(_KINDS[joined.turn], fact, survey.occurrence, nth=f"{id_}/{positions[0]}")

    def _unreadable(self) -> None:
        """Somebody has to ask the participant what it was."""
        fact = {"task": "unreadable", "about": self.entry.position}
        self._record(Kind.CALL_RAISED, fact, self.entry.occurrence, nth=f"unreadable/{self.entry.position}")

    def _record(self, kind: Kind, fact: Mapping[str, Any], occurrence: str | None = None, *, nth: str) -> Head | None:
        return record(
            self.tx, self.study, kind, fact, actor=SERVER, now=self.now, participant=self.entry.participant, occurrence=occurrence, nth=nth
        )


_KINDS = {
    Turn.OPEN: Kind.CASE_OPENED,
    Turn.REPEAT: Kind.CASE_REPEATED,
    Turn.WORSEN: Kind.CASE_WORSENED,
    Turn.RELAPSE: Kind.CASE_RELAPSED,
    Turn.REOPEN: Kind.CASE_REOPENED,
}


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a participant gave, as the state has it; ``survey`` (position, row, answers, captured_at) makes one of a row.

    ``read``: those that count for an occurrence, as far as they were read before.
    """

    tx: Tx
    number: str
    survey: Callable[[int, Row, Answers, str], Survey]
    read: dict[str, Survey | None]

    def first(self, survey: Survey) -> Survey | None:
        return self._made(past.before(self.tx, self.number, survey.assessment, survey.occurrence, survey.began or "", first=True))

    def previous(self, survey: Survey) -> Survey | None:
        return self._made(past.before(self.tx, self.number, survey.assessment, survey.occurrence, survey.began or ""))

    def following(self, survey: Survey) -> Survey | None:
        return self._made(past.after(self.tx, self.number, survey.assessment, survey.occurrence, survey.began or ""))

    def current(self, occurrence: str) -> Survey | None:
        if occurrence not in self.read:
            self.read[occurrence] = self._made(past.current(self.tx, self.number, occurrence))
        return self.read[occurrence]

    def _made(self, row: Row | None) -> Survey | None:
        if row is None:
            return None
        fact = fact_of(row["line"])
        return self.survey(row["position"], row, fact["answers"], fact["captured_at"])


def case_id(study: str, number: str, survey: Survey, alert: Alert, is_taken: Callable[[str], bool]) -> str:
    """The id of the case that an alert opens: a survey's own, or another where that one was done with long ago."""
    id_ = server_id(study, Kind.CASE_OPENED, number, survey.occurrence, survey.given)
    return server_id(study, Kind.CASE_OPENED, number, survey.occurrence, judging.identity(survey, alert)) if is_taken(id_) else id_


InstrumentOf = Callable[[str, str | None], Instrument | None]
"""(id, version) -> the instrument of the version or, where that is not known, the one in force."""


def readable(entry: Entry, fact: Mapping[str, Any], instrument_of: InstrumentOf) -> Survey | None:
    """What can be read of an entry under review, of which ``fact`` is what it says; None where there is nothing to judge."""
    answers, name, version = fact.get("answers"), fact.get("instrument"), fact.get("version")
    if not isinstance(answers, dict) or not answers or not isinstance(name, str):
        return None
    instrument = instrument_of(name, version if isinstance(version, str) else None)
    if instrument is None:
        return None
    usable = {item: _usable(answer, instrument.by_id.get(item)) for item, answer in answers.items()}
    captured = fact.get("captured_at")
    began = None
    if isinstance(captured, str):
        try:
            began = utc(captured)
        except (ValueError, OverflowError):
            captured = None
    occurrence = entry.occurrence or f"{name}@unknown"
    return Survey(entry.position, occurrence, instrument, usable, captured if isinstance(captured, str) else None, began)


_DECIMAL_COMMA = re.compile(r"(-?[0-9]+),([0-9]+)")


def _usable(answer: Any, item: Item | None) -> Any:
    """An answer as the rules read it: a number that was no text, or has a decimal comma, is a number all the same."""
    if isinstance(answer, float):
        return str(answer)
    if isinstance(answer, str) and item is not None and item.type is ItemType.DECIMAL:
        return _DECIMAL_COMMA.sub(r"\1.\2", answer) if _DECIMAL_COMMA.fullmatch(answer) else answer
    return answer


def _is_read(survey: Survey, answers: Mapping[str, Any]) -> bool:
    """Whether each of these answers, as they were sent, is one that the instrument allows; of a dose diary also its day."""
    is_dated = survey.instrument.id != DOSE_DIARY or survey.day is not None
    return is_dated and checker_of(survey.instrument).check(answers).problem is None


def read_as_it_is(line: bytes) -> Mapping[str, Any]:
    """What a line says that is not of our form, such as decimals that are no text; nothing where it is no JSON object."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _told(finding: Finding) -> list[str | None]:
    return [finding.subject, finding.value[:100], finding.before, finding.over]
