"""The door for phones: a batch of lines goes in, each becomes durable in one form or another, each gets its receipt."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from qol_server import journal
from qol_server.access.pairing import Phone
from qol_server.clock import stamp
from qol_server.intake import alerting, calls
from qol_server.intake.examine import Line
from qol_server.intake.study import Study
from qol_server.journal import Head
from qol_server.logs import log_failure
from qol_server.state import devices, participants
from qol_server.state.responses import Known, know
from qol_server.store import StoreBusy, StoreFull, Tx
from qol_server.trial import consenting, facts, problems, schedule
from qol_server.trial.facts import Entry, Kind
from qol_server.trial.participant import Consent
from qol_server.trial.problems import Problem, Refused

log = logging.getLogger(__name__)

CLOCK_SUSPECT = "clock-suspect"
SKEW_LIMIT = 300_000  # milliseconds
YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one line: stored, duplicate or quarantined (all durable), or retry (not stored)."""

    line: int
    id: str | None
    status: str
    position: int | None = None
    digest: str | None = None
    flags: tuple[str, ...] = ()
    problem: Problem | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The results of a batch, and what the server knows of the device's sequence and has told the participant after it."""

    results: tuple[Result, ...]
    contiguous_to: int
    missing: tuple[int, ...]
    revision_before: int
    revision: int
    tells_news: bool = False  # something in it changes what the phone was told, beyond its own receipts


@dataclass(frozen=True, slots=True)
class Typist:
    """Somebody of the staff who types a participant's answers: what a phone is to its own entries."""

    participant: str
    protocol: str
    enrolled_at: str
    ended_on: str | None
    device: None = None


@dataclass(slots=True)
class _Batch:
    """What the decisions on a batch need, read once, and what has been decided so far."""

    study: Study
    phone: Phone | Typist
    now: datetime
    received_at: str
    skew: int | None
    stored: dict[str, tuple[bytes, Head]] = field(default_factory=dict)  # id -> body, receipt
    kept: dict[bytes, tuple[Head, str]] = field(default_factory=dict)  # body -> receipt, problem, of quarantined lines
    has_kept: bool = False
    known: Known | None = None
    consents: tuple[Consent, ...] | None = None
    last_seq: int = 0
    last_captured: datetime | None = None
    actor: str = "participant"


def admit(
    study: Study, phone: Phone, lines: Sequence[Line], seqs: Sequence[int], *, now: datetime, skew: int | None, also: Callable[[Tx], None]
) -> Admitted:
    """Store a batch in one transaction; returns only after the commit. Raises StoreBusy, StoreFull: nothing is stored.

    ``seqs``: the sequence numbers of the lines, as the envelope names them. ``skew``: phone's clock minus ours, in ms;
    None where that is not known (a saved copy).
    ``also``: what else is to be written with it.
    """

    def work(tx: Tx, decide: Callable[[Tx, _Batch, Sequence[Line]], list[Result]]) -> Admitted:
        also(tx)
        return _admit(tx, study, phone, lines, seqs, now, skew, decide)

    try:
        return study.store.write(lambda tx: work(tx, _together))
    except (StoreBusy, StoreFull, Refused):
        raise
    except Exception as failure:  # one entry made a rule or the database stumble: find it, and keep its neighbours
        log_failure(log, "a batch is taken line by line", failure)
        return study.store.write(lambda tx: work(tx, _one_by_one))


def _admit(
    tx: Tx, study: Study, phone: Phone, lines: Sequence[Line], seqs: Sequence[int], now: datetime, skew: int | None,
    decide: Callable[[Tx, _Batch, Sequence[Line]], list[Result]],
) -> Admitted:  # fmt: skip
    device = devices.sequence(tx, phone.device)
    assert device is not None, "a phone has a device"  # noqa: S101
    if device["status"] == "revoked":  # since the token was looked at
        raise Refused(problems.DEVICE_REVOKED)
    captured = device["last_captured"]
    batch = _Batch(
        study, phone, now, stamp(now), skew, has_kept=bool(device["has_kept"]), last_seq=device["last_seq"],
        last_captured=None if captured is None else datetime.fromisoformat(captured),
    )  # fmt: skip
    results = decide(tx, batch, lines)
    stored = {result.line for result in results if result.status != "retry"}
    had = orjson.loads(device["ahead"])
    came = [seq for line, seq in zip(lines, seqs, strict=True) if line.number in stored]
    contiguous_to, ahead = _advance(device["contiguous_to"], had, came)
    if (contiguous_to, batch.last_seq, ahead) != (device["contiguous_to"], device["last_seq"], had):
        latest = None if batch.last_captured is None else batch.last_captured.isoformat()
        devices.went_on(tx, phone.device, contiguous_to, orjson.dumps(ahead).decode(), batch.last_seq, latest, batch.received_at)
    fresh = [result.position for result in results if result.status in ("stored", "quarantined") and result.position is not None]
    return Admitted(
        tuple(results), contiguous_to, missing(contiguous_to, ahead), device["revision"], max([device["revision"], *fresh]),
        any(line.fact is not None and _is_news(line.fact) for line in lines),
    )  # fmt: skip


def _is_news(fact: dict[str, Any]) -> bool:
    """Whether an entry changes more than its own standing: a correction another response's, a preference the participation."""
    return fact.get("supersedes") is not None or fact.get("kind") == Kind.PREFERENCE_SET


def admit_typed(tx: Tx, study: Study, typist: Typist, line: Line, *, actor: str, now: datetime) -> Result:
    """Store one line that somebody of the staff typed, as a phone's would be; a rule that stumbles over it keeps it for review."""
    batch = _Batch(study, typist, now, stamp(now), None, actor=actor)
    (result,) = _alone(tx, batch, line)
    if result.status == "retry":
        raise Refused(problems.INTERNAL)
    return result


MOST_AHEAD = 5000  # sequence numbers kept beyond a gap


def _advance(contiguous_to: int, ahead: list[int], came: list[int]) -> tuple[int, list[int]]:
    """The highest number up to which nothing is missing, and those received beyond it."""
    beyond = {seq for seq in (*ahead, *came) if seq > contiguous_to}
    while contiguous_to + 1 in beyond:
        contiguous_to += 1
        beyond.remove(contiguous_to)
    return contiguous_to, sorted(beyond)[:MOST_AHEAD]


def missing(contiguous_to: int, ahead: Sequence[int]) -> tuple[int, ...]:
    """At most 200 sequence numbers below the highest received one that never came, lowest first."""
    if not ahead:
        return ()
    have, seq = set(ahead), contiguous_to + 1
    gaps: list[int] = []
    while seq < ahead[-1] and len(gaps) < 200:
        if seq not in have:
            gaps.append(seq)
        seq += 1
    return tuple(gaps)


def _together(tx: Tx, batch: _Batch, lines: Sequence[Line]) -> list[Result]:
    """Decide on every line, append what is new at once, fold it in order."""
    _look_up(tx, batch, lines)
    results: list[Result | None] = []
    fresh: list[tuple[int, Line, Entry]] = []
    taken: dict[str, int] = {}  # id -> index in fresh, of this batch
    repeats: list[tuple[int, Line, int]] = []
    held: dict[bytes, int] = {}
    for index, line in enumerate(lines):
        result = _seen_before(batch, line)
        if result is None and line.body in held:
            repeats.append((index, line, held[line.body]))
        elif result is None:
            problem = line.problem or _trouble(tx, batch, line)
            id_ = line.id
            if problem is None and id_ in taken:
                first = taken[id_]
                if fresh[first][1].body == line.body:
                    repeats.append((index, line, first))
                    results.append(None)
                    continue
                problem = problems.ID_REUSE
            if problem is None:
                assert id_ is not None  # noqa: S101
                taken[id_] = len(fresh)
            else:
                line.problem = problem
                held[line.body] = len(fresh)
            fresh.append((index, line, _entry(batch, line)))
        results.append(result)
    receipts = journal.append(tx, batch.study.slug, [(entry, line.body) for _, line, entry in fresh])
    made: list[Result] = []
    for (index, line, entry), receipt in zip(fresh, receipts, strict=True):
        results[index] = result = _fold(tx, batch, line, entry, receipt)
        made.append(result)
    if batch.known is not None:
        batch.known.flush(tx)
    came = [(entry.at(receipt.position), line.fact) for (_, line, entry), receipt in zip(fresh, receipts, strict=True)]
    alerting.look(tx, batch.study, batch.study.protocol(tx, batch.phone.protocol), came, batch.now)
    calls.hear(tx, batch.study, batch.phone.participant, came, batch.now)
    for index, line, first in repeats:
        status = "quarantined" if made[first].status == "quarantined" else "duplicate"
        results[index] = replace(made[first], line=line.number, status=status, flags=())
    if fresh:
        participants.touch(tx, batch.phone.participant, receipts[-1].position)
    return [result for result in results if result is not None]


def _one_by_one(tx: Tx, batch: _Batch, lines: Sequence[Line]) -> list[Result]:
    """Each line by itself: as it is, else kept for review, else to be sent again."""
    return [result for line in lines for result in _alone(tx, batch, line)]


def _alone(tx: Tx, batch: _Batch, line: Line) -> list[Result]:
    original = line.problem
    for problem in (original, problems.UNPROCESSABLE):
        tx.run("SAVEPOINT line")
        line.problem = problem
        try:
            result = _together(tx, batch, [line])
        except Exception as failure:
            if not tx.connection.in_transaction:
                raise
            log_failure(log, "a line could not be taken", failure)
            tx.run("ROLLBACK TO line")
            tx.run("RELEASE line")
            continue
        tx.run("RELEASE line")
        return result
    return [Result(line.number, line.id, "retry", problem=problems.INTERNAL)]


def _look_up(tx: Tx, batch: _Batch, lines: Sequence[Line]) -> None:
    """Find which ids and quarantined lines the journal has already, and what the state knows about the rest."""
    ids = [line.id for line in lines if line.id is not None]
    batch.stored.update(journal.stored(tx, batch.phone.participant, ids))
    if batch.has_kept and batch.phone.device is not None:
        rows = devices.put_aside(tx, batch.phone.device, [line.body for line in lines])
        batch.kept.update({row["body"]: (Head(row["position"], row["digest"].hex()), row["problem"]) for row in rows})
    batch.known = None  # what waited there to be written went with the savepoint that failed
    given = [line for line in lines if line.problem is None and line.fact is not None and line.fact["kind"] == Kind.RESPONSE_GIVEN]
    if given:
        occurrences = (line.fact["occurrence"] for line in given if line.fact is not None)
        protocol = batch.study.protocol(tx, batch.phone.protocol)
        batch.known = know(tx, protocol, batch.phone.participant, [line.id for line in given if line.id], occurrences)


def _seen_before(batch: _Batch, line: Line) -> Result | None:
    """The receipt of a line that is in the journal already; an id that is taken by other bytes becomes a problem."""
    if line.body in batch.kept:
        receipt, name = batch.kept[line.body]
        problem = problems.CATALOGUE[name]
        return Result(line.number, line.id, "quarantined", receipt.position, receipt.digest, problem=problem, detail=line.detail)
    known = batch.stored.get(line.id) if line.id is not None else None
    if known is None:
        return None
    if known[0] == line.body:
        return Result(line.number, line.id, "duplicate", known[1].position, known[1].digest)
    line.problem = line.problem or problems.ID_REUSE
    return None


def _trouble(tx: Tx, batch: _Batch, line: Line) -> Problem | None:
    """Why a well-formed entry cannot be used, given the participant and the study."""
    fact = line.fact
    assert fact is not None  # noqa: S101
    captured = datetime.fromisoformat(fact["captured_at"])
    enrolled = datetime.fromisoformat(batch.phone.enrolled_at)
    skew = batch.skew or 0
    if abs(skew) > YEAR / timedelta(milliseconds=1):  # asked first: beyond the year 9999 there is no sum
        return problems.CLOCK
    if captured - (batch.now + timedelta(milliseconds=skew)) > YEAR or enrolled - captured > YEAR:
        return problems.CLOCK
    ended_on = batch.phone.ended_on
    if ended_on is not None and fact["captured_at"][:10] > ended_on:
        return problems.AFTER_END
    if fact["kind"] == Kind.RESPONSE_GIVEN and not _is_asked(tx, batch, fact):
        return problems.UNKNOWN_OCCURRENCE
    if fact["kind"] == Kind.RESPONSE_GIVEN:
        happened = captured - timedelta(milliseconds=skew)
        is_before = happened < enrolled and _before_consent(tx, batch, happened)  # after the enrolment nobody has to look
        if is_before or _collecting_paused(tx, batch, date.fromisoformat(fact["captured_at"][:10])):
            return problems.CONSENT_NEEDED
    return None


def _before_consent(tx: Tx, batch: _Batch, happened: datetime) -> bool:
    """Whether an instant lies before the day of the first consent."""
    participant = participants.load(tx, batch.phone.participant)
    consents = () if participant is None else participant.anchors.get("consent", ())
    return participant is not None and bool(consents) and schedule.local(happened, participant.time_zone).date() < min(consents)


def _collecting_paused(tx: Tx, batch: _Batch, day: date) -> bool:
    """Whether nothing was to be collected on the day because a consent was needed again."""
    versions = batch.study.protocol(tx, batch.phone.protocol).consents
    if not any(one.pauses for one in versions):
        return False
    if batch.consents is None:
        participant = participants.load(tx, batch.phone.participant)
        batch.consents = () if participant is None else participant.consents
    return consenting.collecting_pauses(versions, batch.consents, day)


def _is_asked(tx: Tx, batch: _Batch, fact: dict[str, Any]) -> bool:
    """Whether the occurrence is, was, or could have been asked of the participant."""
    number = batch.phone.participant
    assert batch.known is not None  # noqa: S101
    if fact["occurrence"] in batch.known.windows:
        return True
    participant = participants.load(tx, number)
    if participant is None:
        return False
    return schedule.could_produce(batch.study.every_protocol(tx), participant, fact["occurrence"], fact["id"])


def _entry(batch: _Batch, line: Line) -> Entry:
    phone, fact = batch.phone, line.fact
    if line.problem is None:
        assert fact is not None  # noqa: S101
        return Entry(
            fact["kind"], fact["id"], line.raw, batch.actor, batch.received_at, phone.participant, phone.device, batch.skew,
            fact.get("occurrence"), fact.get("supersedes"), fact.get("reason"),
        )  # fmt: skip
    occurrence = None if fact is None else fact.get("occurrence")
    if not isinstance(occurrence, str) or len(occurrence) > 128:
        occurrence = None
    identity = facts.server_id(batch.study.slug, Kind.ENTRY_QUARANTINED, phone.participant, phone.device, line.body.hex())
    return Entry(
        Kind.ENTRY_QUARANTINED, identity, line.raw, batch.actor, batch.received_at, phone.participant, phone.device, batch.skew,
        occurrence, None, line.problem.name,
    )  # fmt: skip


def _fold(tx: Tx, batch: _Batch, line: Line, entry: Entry, receipt: Head) -> Result:
    noticed = notice(batch, entry, line.fact, line.notes) if line.problem is None and line.fact is not None else ()
    flags = batch.study.folder.fold(tx, entry.at(receipt.position), line.fact or {}, noticed, batch.known)
    if line.problem is not None:
        batch.has_kept = True
        return Result(line.number, line.id, "quarantined", receipt.position, receipt.digest, (), line.problem, line.detail)
    return Result(line.number, line.id, "stored", receipt.position, receipt.digest, flags or noticed)


def notice(seen: _Batch | Noticer, entry: Entry, fact: dict[str, Any], notes: tuple[str, ...]) -> tuple[str, ...]:
    """What the door notices about a usable entry: the notes of the answer check, and a clock that cannot be right."""
    if entry.device is None:  # typed by staff: no phone's clock and no sequence
        return notes
    captured = datetime.fromisoformat(fact["captured_at"])
    seq = fact["device_seq"]
    suspect = entry.skew is not None and abs(entry.skew) > SKEW_LIMIT
    if seq > seen.last_seq:
        suspect = suspect or (seen.last_captured is not None and captured < seen.last_captured)
        seen.last_seq, seen.last_captured = seq, captured
    return (*notes, CLOCK_SUSPECT) if suspect else notes


@dataclass(slots=True)
class Noticer:
    """One device's running sequence, for reading a journal again from its start."""

    last_seq: int = 0
    last_captured: datetime | None = None
