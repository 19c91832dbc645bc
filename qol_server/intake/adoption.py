"""What puts a study's documents into force: the protocol and its instruments, their wordings, and the leave to go live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from qol_server import library
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.library import StudyFileError
from qol_server.state import documents, participants
from qol_server.store import Tx
from qol_server.trial import problems, schedule
from qol_server.trial.facts import Kind
from qol_server.trial.instrument import Instrument
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Protocol

STAND_IN = "stand-in"
"""A protocol's ``wording``: labels without licensed texts, for demonstrations."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """What adopting a protocol did: its version, the one it amends, and by participant what changed how often.

    ``wordings``: (instrument, language) of the packs that came with it.
    """

    version: str
    amends: str | None
    instruments: tuple[str, ...]
    touched: Mapping[str, Mapping[str, int]]
    wordings: tuple[tuple[str, str], ...] = ()


def adopt(
    study: Study, protocol: bytes, instruments: Mapping[str, bytes], *, actor: str, now: datetime, reason: str | None = None,
    amends: str | None = None,
) -> Adoption:  # fmt: skip
    """Put a protocol and its instruments into force, with the wordings that come with the software; all go into the journal.

    ``instruments``: id -> document, for all that the protocol names. ``amends``: the version that it was made from. Raises
    StudyFileError, or Refused: bad-value for the protocol of another study, stand-in-wording and not-licensed for what a live
    study may not be given, protocol-changed where another version than ``amends`` is in force.
    """
    parsed, checked = _checked(study, protocol, instruments)
    used = sorted({a.instrument for a in checked.assessments.values()})

    def work(tx: Tx) -> Adoption:
        _must_suit(study, tx, checked)
        before = study.current(tx, "protocol", study.slug)
        if amends is not None and amends != before:
            raise Refused(problems.PROTOCOL_CHANGED)
        new = []
        for name in used:
            fact: dict[str, object] = {"instrument": name, "version": parsed[name].version, "text": instruments[name].decode()}
            if _put(tx, study, Kind.INSTRUMENT_ADOPTED, name, fact, actor, now, reason):
                new.append(name)
        fact = {"study": study.slug, "version": checked.version, "text": protocol.decode(), "amends": before}
        position = _put(tx, study, Kind.PROTOCOL_ADOPTED, study.slug, fact, actor, now, reason)
        touched: dict[str, Mapping[str, int]] = {}
        if position:
            for number in participants.numbers(tx):
                changes = study.folder.recalendar(tx, number, position)
                if changes:
                    touched[number] = dict(Counter(what for what, _ in changes))
        supplied = _supply(tx, study, checked, actor, now)
        if study.is_active(tx):
            _must_be_complete(study, tx)
        return Adoption(checked.version, before, tuple(new), touched, tuple(supplied))

    return study.store.write(work)


def _checked(study: Study, protocol: bytes, instruments: Mapping[str, bytes]) -> tuple[dict[str, Instrument], Protocol]:
    parsed = {name: library.instrument_from(text, name) for name, text in instruments.items()}
    checked = library.protocol_from(protocol, study.slug, parsed)
    if checked.study != study.slug:
        raise Refused(problems.BAD_VALUE, f"The protocol is of the study {checked.study!r}, not of {study.slug!r}.")
    return parsed, checked


def _put(
    tx: Tx, study: Study, kind: Kind, name: str, fact: Mapping[str, object], actor: str, now: datetime, reason: str | None = None
) -> int | None:
    """Record a document unless it is in force already; returns the position."""
    language = fact.get("language")
    version = fact["version"]
    if study.current(tx, kind.partition(".")[0], name, None if language is None else str(language)) == version:
        return None
    receipt = record(tx, study, kind, fact, actor=actor, now=now, reason=reason, nth=f"{version}/{study.head(tx).position}")
    return None if receipt is None else receipt.position


def _must_suit(study: Study, tx: Tx, protocol: Protocol) -> None:
    """A live study never shows stand-in labels, and what was collected under them never becomes a live study's data."""
    if study.is_active(tx) and (protocol.wording == STAND_IN) != (study.protocol_in_force(tx).wording == STAND_IN):
        which = "live" if protocol.wording == STAND_IN else "a demonstration in stand-in labels"
        raise Refused(problems.STAND_IN_WORDING, f"{study.slug} is {which}; its protocol says wording: {protocol.wording}.")


def _supply(tx: Tx, study: Study, protocol: Protocol, actor: str, now: datetime) -> list[tuple[str, str]]:
    """Take in the wordings that need nobody's licence: those that are shipped, and in a demonstration stand-in labels."""
    supplied = []
    for status in wordings(study, tx):
        instrument, language = status.instrument, status.language
        if not status.lacks:
            continue
        shipped = library.shipped_wordings(instrument.id).get(language)
        if shipped is not None:
            text = shipped.read_bytes()
        elif protocol.wording == STAND_IN:
            try:
                text = library.stand_in_document(instrument, language)
            except KeyError:
                raise Refused(problems.BAD_VALUE, f"There are no stand-in labels in {language!r}; there are some in en and fr.") from None
        else:
            continue
        try:
            _import(tx, study, instrument, text, None, actor, now)
        except StudyFileError:  # the shipped texts are of another version of the instrument
            continue
        supplied.append((instrument.id, language))
    return supplied


def preview(study: Study, protocol: bytes, instruments: Mapping[str, bytes]) -> dict[str, dict[str, int]]:
    """By participant, how many assignments an amendment would add, move or retire; nothing is stored."""
    _, checked = _checked(study, protocol, instruments)
    touched: dict[str, dict[str, int]] = {}
    tx = study.store.read()
    _must_suit(study, tx, checked)
    for number in participants.numbers(tx):
        participant = participants.load(tx, number)
        assert participant is not None  # noqa: S101
        had = {a.occurrence: a for a in participants.assignments(tx, number)}
        will = {a.occurrence: a for a in schedule.calendar(checked, participant, date.max)}
        changes = Counter("moved" if name in had else "added" for name, a in will.items() if had.get(name) != a)
        changes["retired"] = len(had.keys() - will.keys())
        if changes.total():
            touched[number] = {what: count for what, count in changes.items() if count}
    return touched


def import_wording(
    study: Study, instrument: str, text: bytes, licence: str | None, *, actor: str, now: datetime, document: bytes | None = None
) -> library.Wording:
    """Take in a wording pack. ``document``: the instrument's, for a pack that comes before the amendment that needs it.

    Raises StudyFileError; Refused: unknown-instrument where the study has not adopted it and no document is given,
    stand-in-wording in a live study.
    """

    def work(tx: Tx) -> library.Wording:
        version = study.current(tx, "instrument", instrument)
        if version is not None:
            known = study.instrument(tx, version)
        elif document is not None:
            known = library.instrument_from(document, instrument)
        else:
            raise Refused(problems.UNKNOWN_INSTRUMENT, f"{study.slug} has not adopted {instrument!r}; adopt a protocol that uses it first.")
        return _import(tx, study, known, text, licence, actor, now)

    return study.store.write(work)


def _import(tx: Tx, study: Study, instrument: Instrument, text: bytes, licence: str | None, actor: str, now: datetime) -> library.Wording:
    wording = library.wording_from(text, instrument.id, instrument)
    if wording.stand_in and study.is_active(tx) and study.protocol_in_force(tx).wording != STAND_IN:
        raise Refused(problems.STAND_IN_WORDING, f"{study.slug} is live; the pack of {instrument.id} holds stand-in labels.")
    fact = {
        "instrument": instrument.id, "language": wording.language, "version": wording.version, "text": text.decode(),
        "licence": licence, "stand_in": wording.stand_in,
    }  # fmt: skip
    _put(tx, study, Kind.WORDING_IMPORTED, instrument.id, fact, actor, now)
    return wording


@dataclass(frozen=True, slots=True)
class WordingStatus:
    """One instrument in one language of the study. ``lacks``: why it cannot be used, '' when it can.

    ``says``: "missing", "stand-in", "shipped", "imported", or "licence <reference>".
    """

    instrument: Instrument
    language: str
    says: str
    lacks: str


def wordings(study: Study, tx: Tx) -> list[WordingStatus]:
    """Every instrument that the protocol in force uses, in every language of the study."""
    protocol = study.protocol_in_force(tx)
    found = []
    for name in sorted({a.instrument for a in protocol.assessments.values()}):
        version = study.current(tx, "instrument", name)
        assert version is not None  # noqa: S101
        instrument = study.instrument(tx, version)
        for language in protocol.languages:
            row = documents.in_force(tx, "wording", name, language)
            if row is None:
                found.append(WordingStatus(instrument, language, "missing", f"{name} has no wording in {language}."))
                continue
            lacks = ""
            if row["stand_in"] and protocol.wording != STAND_IN:
                lacks = f"{name} has no wording in {language} but stand-in labels."
            elif instrument.licence.must_be_recorded and not row["licence"] and not row["stand_in"]:
                lacks = f"{name} in {language} has no licence reference; {instrument.licence.holder or 'its holder'} requires one."
            elif not _fits(row["text"].encode(), instrument):
                lacks = f"The wording of {name} in {language} does not fit the version of {name} in force."
            shipped = library.shipped_wordings(name).get(language)
            ours = shipped is not None and library.version(shipped.read_bytes()) == row["version"]
            licensed = f"licence {row['licence']}" if row["licence"] else "shipped" if ours else "imported"
            found.append(WordingStatus(instrument, language, "stand-in" if row["stand_in"] else licensed, lacks))
    return found


def _fits(text: bytes, instrument: Instrument) -> bool:
    try:
        library.wording_from(text, instrument.id, instrument)
    except StudyFileError:
        return False
    return True


def lacking(study: Study, tx: Tx) -> list[str]:
    """What the study lacks before it may be activated, one sentence each."""
    return [status.lacks for status in wordings(study, tx) if status.lacks]


def _must_be_complete(study: Study, tx: Tx) -> None:
    lacks = lacking(study, tx)
    if lacks:
        raise Refused(problems.NOT_LICENSED, f"{study.slug} may not go live like this.", errors=[{"what": each} for each in lacks])


def activate(study: Study, *, actor: str, now: datetime) -> None:
    """Let a study go live. Raises Refused(not-licensed) naming each instrument that lacks a licence or wording."""

    def work(tx: Tx) -> None:
        _must_be_complete(study, tx)
        record(tx, study, Kind.STUDY_ACTIVATED, {"protocol": study.protocol_in_force(tx).version}, actor=actor, now=now)

    study.store.write(work)
