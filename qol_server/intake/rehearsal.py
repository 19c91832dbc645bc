"""Draft alert rules are tried on the answers that a study has, and put into force with a reason."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from statistics import median
from typing import Any

from qol_server import journal
from qol_server.access import accounts
from qol_server.intake import adoption
from qol_server.intake.adoption import Adoption
from qol_server.intake.alerting import case_id, read_as_it_is, readable, watches
from qol_server.intake.study import Study, fact_of
from qol_server.library import StudyFileError, drafts
from qol_server.settings import Settings
from qol_server.state import cases, documents, levels, participants, schema
from qol_server.state.fold import fold_alone
from qol_server.state.responses import utc
from qol_server.store import Store, Tx
from qol_server.trial import judging, problems, rehearsing
from qol_server.trial.alerting import URGENCIES
from qol_server.trial.comparing import Comparison, Work
from qol_server.trial.facts import PHONE_KINDS, Entry, Kind
from qol_server.trial.instrument import Instrument
from qol_server.trial.judging import Survey
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Protocol
from qol_server.trial.rehearsing import Came, Changed, Outcome, Response, Staff, Step, Stood
from qol_server.trial.roles import Role

USUALLY = timedelta(days=2)
"""How long a case takes where the study has not resolved any yet."""
_RAISES = (Kind.CASE_OPENED, Kind.CASE_WORSENED, Kind.CASE_RELAPSED, Kind.CASE_REOPENED)

_CHANGES_DOSES = (
    Kind.TREATMENT_PRESCRIBED, Kind.PRESCRIPTION_CORRECTED, Kind.ANCHOR_SET, Kind.ANCHOR_REVOKED, Kind.WITHDRAWAL_RECORDED,
    Kind.WITHDRAWAL_REVOKED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft that was checked: the protocol that it would make, the one in force that it amends, and that one's version."""

    document: bytes
    protocol: Protocol
    present: Protocol


def read_draft(study: Study, draft: bytes) -> Draft:
    """Check a draft against the protocol in force.

    Raises Refused(draft-too-large) before anything is made of it, Refused(bad-study-file) with each line of it that is wrong.
    """
    tx = study.store.read()
    present = study.protocol_in_force(tx)
    text, name = documents.text(tx, "protocol", present.version)
    instruments = {i.id: i for i in (study.instrument(tx, each) for each in documents.versions(tx, "instrument"))}
    try:
        document, protocol = drafts.with_alerts(text, draft, name, instruments)
    except drafts.DraftTooLarge as error:
        raise Refused(problems.DRAFT_TOO_LARGE, errors=[{"where": str(error)}]) from None
    except StudyFileError as error:
        raise Refused(problems.BAD_STUDY_FILE, errors=drafts.mistakes_told(error)) from None
    return Draft(document, protocol, present)


def activate(study: Study, draft: bytes, *, amends: str, actor: str, now: datetime, reason: str) -> Adoption:
    """Put a draft's rules into force as a new version of the protocol ``amends``, of which nothing else changes.

    Raises Refused: draft-too-large, bad-study-file, reason-needed; record-only for a study that raises no alerts; protocol-changed
    where another version came into force meanwhile; bad-value where these rules are in force already.
    """
    read = read_draft(study, draft)
    if not watches(read.present):
        raise Refused(problems.RECORD_ONLY)
    if read.present.version != amends:
        raise Refused(problems.PROTOCOL_CHANGED)
    if not reason.strip():
        raise Refused(problems.REASON_NEEDED, "Say why the rules change.")
    if read.protocol.alerts == read.present.alerts:
        raise Refused(problems.BAD_VALUE, "These rules are in force already.")
    tx = study.store.read()
    instruments = {}
    for asked in sorted({assessment.instrument for assessment in read.present.assessments.values()}):
        version = study.current(tx, "instrument", asked)
        assert version is not None, "a protocol in force has its instruments"  # noqa: S101
        instruments[asked] = documents.text(tx, "instrument", version)[0]
    return adoption.adopt(study, read.document, instruments, actor=actor, now=now, reason=reason.strip(), amends=amends)


# The rehearsal


class SomebodyElse(Exception):
    """Another rehearsal of the study is running; ``actor``: whose."""

    def __init__(self, actor: str) -> None:
        super().__init__(actor)
        self.actor = actor


@contextmanager
def turn(study: Study, actor: str) -> Iterator[None]:
    """One rehearsal of a study at a time, in whatever process. Raises SomebodyElse."""
    file = os.open(f"{study.store.path}.rehearsal", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SomebodyElse(os.pread(file, 1000, 0).decode()) from None
        os.ftruncate(file, 0)
        os.pwrite(file, actor.encode(), 0)
        yield
    finally:
        os.close(file)


Progress = Callable[[int, int], None]
"""(participants done, participants in all)"""


class _Enough(Exception):
    """There is no time for more."""


def compare(
    study: Study, present: Protocol, draft: Protocol, *, since: datetime | None = None, is_over: Callable[[], bool] = lambda: False,
    progress: Progress = lambda _done, _all: None,
) -> tuple[Comparison, int]:  # fmt: skip
    """Let both protocols' rules judge what the study's participants gave; also how many participants there was no time for.

    Answers from before ``since`` are the past of the later ones, and are not counted. ``is_over``: whether no time is left, asked
    again and again; then the participants count who are done, of each site about as many. What is held at a time are one
    participant's answers, and the counts.
    """
    told = Comparison(since)
    numbers = sorted(participants.numbers(study.store.read()), key=lambda number: (number.split("-")[1:2], number))
    done = 0
    with suppress(_Enough):
        for number, site, replayed in replays(study, (present, draft), numbers, is_over):
            if replayed.surveys:
                one, other = replayed.outcomes
                told.add(number, site, replayed.surveys, replayed.first, replayed.last, one, other)
            done += 1
            progress(done, len(numbers))
    return told, len(numbers) - done


@dataclass(slots=True)
class Replayed:
    """One participant's answers judged again: by each protocol's rules, how many surveys there were, and when they came."""

    outcomes: tuple[Outcome, ...]
    surveys: int
    first: datetime
    last: datetime


def replays(
    study: Study, protocols: Sequence[Protocol], numbers: Iterable[str], is_over: Callable[[], bool] = lambda: False
) -> Iterator[tuple[str, str, Replayed]]:
    """Of each of these participants: number, site, and what the protocols' rules make of the answers."""
    tx = study.store.read()
    usual, adopted = _usual(tx), _adopted(tx)
    beside = Store(None)
    beside.write(schema.create)
    try:
        for number in numbers:
            entries = journal.of_participant(tx, number)
            alone = partial(_alone, study=study, tx=tx, protocols=protocols, entries=entries, usual=usual, adopted=adopted, is_over=is_over)
            yield number, participants.site_of(tx, number) or "", beside.write(alone)
    finally:
        beside.close()


def _alone(
    beside: Tx, study: Study, tx: Tx, protocols: Sequence[Protocol], entries: Sequence[Entry], usual: timedelta, adopted: _Adopted,
    is_over: Callable[[], bool],
) -> Replayed:  # fmt: skip
    """Replay one participant; what is folded ``beside`` for it is undone again. Raises _Enough."""
    number = entries[0].participant or ""
    raised = frozenset(
        (fact_of(entry.line)["case"], datetime.fromisoformat(entry.received_at)) for entry in entries if entry.kind in _RAISES
    )
    beside.run("SAVEPOINT one")
    try:
        steps = list(_in_time(_Reader(study, tx, beside, adopted).steps(entries), is_over))
    finally:
        beside.run("ROLLBACK TO one")
        beside.run("RELEASE one")
    came = [step for step in steps if isinstance(step, Came)]
    outcomes = rehearsing.replay(
        [protocol.rules for protocol in protocols],
        _in_time(steps, is_over),
        lambda survey, alert, is_taken: case_id(study.slug, number, survey, alert, is_taken),
        Staff(raised, usual),
    )
    moments = [step.at for step in came] or [datetime.fromisoformat(entries[0].received_at)]
    return Replayed(outcomes, sum(len(step.what) for step in came), moments[0], moments[-1])


def _in_time(steps: Iterable[Step], is_over: Callable[[], bool]) -> Iterator[Step]:
    for step in steps:
        if is_over():
            raise _Enough
        yield step


_Adopted = Sequence[tuple[int, str, str]]
"""(position, id, version) of each instrument that came into use, in order."""


def _adopted(tx: Tx) -> _Adopted:
    facts = [(entry.position, fact_of(entry.line)) for entry in journal.of_kind(tx, Kind.INSTRUMENT_ADOPTED)]
    return [(position, fact["instrument"], fact["version"]) for position, fact in facts]


def _usual(tx: Tx) -> timedelta:
    """How long the study's cases took, half of them less."""
    taken = [datetime.fromisoformat(row["resolved_at"]) - datetime.fromisoformat(row["since"]) for row in cases.lately_resolved(tx, 1000)]
    return timedelta(seconds=median(each.total_seconds() for each in taken)) if taken else USUALLY


@dataclass(slots=True)
class _Reader:
    """Reads one participant's entries as the rules see them; ``beside`` holds what was known of the participant at each."""

    study: Study
    tx: Tx
    beside: Tx
    adopted: _Adopted

    def steps(self, entries: Sequence[Entry]) -> Iterator[Step]:
        for batch in _batches(entries):
            came: list[Response | Survey] = []
            for entry in batch:
                if entry.kind == Kind.RESPONSE_GIVEN:
                    came += self._response(entry)
                elif entry.kind == Kind.ENTRY_QUARANTINED:
                    came += self._under_review(entry)
                elif entry.line:
                    fact, number = fact_of(entry.line), entry.participant or ""
                    before = participants.load(self.beside, number) if entry.kind in _CHANGES_DOSES else None
                    fold_alone(self.beside, entry, fact)
                    after = None if before is None else participants.load(self.beside, number)
                    since = None if before is None or after is None else judging.changed_from(before, after)
                    if after is not None and since is not None:
                        yield Changed(datetime.fromisoformat(entry.received_at), after, since)
                    if entry.kind == Kind.CASE_RESOLVED:
                        yield Stood(fact["case"], datetime.fromisoformat(entry.received_at))
                    elif entry.kind == Kind.SERIOUSNESS_STATED:
                        yield Stood(fact["case"], None)
            participant = participants.load(self.beside, batch[0].participant or "") if came else None
            if participant is not None:
                usual = tuple(levels.expected(self.beside, participant.number))
                yield Came(datetime.fromisoformat(batch[0].received_at), participant, usual, tuple(came))

    def _response(self, entry: Entry) -> Iterator[Response]:
        if entry.line:  # else it was blanked by a logged redaction
            fact = fact_of(entry.line)
            instrument, captured = self.study.instrument(self.tx, fact["version"]), fact["captured_at"]
            survey = Survey(entry.position, entry.occurrence or "", instrument, fact["answers"], captured, utc(captured), entry.id)
            yield Response(entry.id, entry.supersedes, survey)

    def _under_review(self, entry: Entry) -> Iterator[Survey]:
        def instrument(name: str, version: str | None) -> Instrument | None:
            known = [(id_, at) for position, id_, at in self.adopted if position < entry.position]
            of = version if any(at == version for _, at in known) else next((at for id_, at in reversed(known) if id_ == name), None)
            return None if of is None else self.study.instrument(self.tx, of)

        survey = readable(entry, read_as_it_is(entry.line), instrument)
        if survey is not None:
            yield survey


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The entries by what came at once: the rules are asked when all of a phone's request is known; what is typed comes alone."""
    batch: list[Entry] = []
    for entry in entries:
        last = batch[-1] if batch else None
        if last is not None and not (
            _is_from_phone(entry) and _is_from_phone(last) and _came_with(last) == _came_with(entry) and entry.position == last.position + 1
        ):
            yield batch
            batch = []
        batch.append(entry)
    if batch:
        yield batch


def _is_from_phone(entry: Entry) -> bool:
    return entry.device is not None and (entry.kind in PHONE_KINDS or entry.kind == Kind.ENTRY_QUARANTINED)


def _came_with(entry: Entry) -> tuple[str | None, str, str]:
    return entry.device, entry.received_at, entry.actor


# What is told


def nurses(settings: Settings, study: Study) -> dict[str, int]:
    """By site of the protocol in force, how many accounts have a nurse's role there."""
    sites = study.protocol_in_force(study.store.read()).sites
    if not settings.server.exists():
        return dict.fromkeys(sites, 0)
    store = Store(settings.server, read_only=True)
    try:
        tx = store.read()
        return {site: len(accounts.reach(tx, Role.NURSE, study.slug, site)) for site in sites}
    finally:
        store.close()


def as_document(told: Comparison, nurses: Mapping[str, int]) -> dict[str, Any]:
    """A comparison as plain values: counts, and by the week to one decimal."""
    each = {"present": told.a_nurse(told.present, nurses), "draft": told.a_nurse(told.draft, nurses)}
    return {
        "participants": told.participants, "surveys": told.surveys, "weeks": _one(told.weeks),
        "first": told.first, "last": told.last, "urgencies": [str(one) for one in URGENCIES],
        "present": _work(told, told.present), "draft": _work(told, told.draft),
        "sites": [
            {
                "site": site, "nurses": nurses.get(site, 0), "present": _one(told.a_week(told.present.by_site[site])),
                "draft": _one(told.a_week(told.draft.by_site[site])), "present_each": _one(each["present"][site]),
                "draft_each": _one(each["draft"][site]),
            }
            for site in each["present"]
        ],
        "differences": {
            which: {"count": told.counts[which], "listed": [asdict(one) for one in told.listed.get(which, ())]}
            for which in ("lost", "gained", "sooner", "later")
        },
    }  # fmt: skip


def _work(told: Comparison, work: Work) -> dict[str, Any]:
    return {
        "alerts": work.alerts, "suppressed": work.suppressed, "surveys": work.surveys, "cases": work.cases, "anew": work.anew,
        "participants": len(work.by_participant), "alerts_a_week": _one(told.a_week(work.alerts)),
        "cases_a_week": _one(told.a_week(work.cases)), "to_look_at_a_week": _one(told.a_week(work.to_look_at)),
        "rules": dict(sorted(work.rules.items())), "urgencies": {str(one): work.urgencies[one] for one in URGENCIES},
        "by_participant": dict(work.by_participant.most_common()),
    }  # fmt: skip


def _one(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), 1)
