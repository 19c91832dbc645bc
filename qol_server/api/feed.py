"""The feed: what a phone is told, as changes since its cursor or as a snapshot."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import orjson

from qol_server.access.pairing import Phone
from qol_server.intake.study import Study
from qol_server.state import feed as state
from qol_server.state import messages, participants
from qol_server.store import Row, Tx
from qol_server.trial import consenting, schedule
from qol_server.trial.diary import treatment_days
from qol_server.trial.instrument import Instrument, Item, as_data
from qol_server.trial.participant import Participant
from qol_server.trial.protocol import Assessment, Protocol

HORIZON = timedelta(days=35)
PAGE = 400  # changes in one answer
TYPES = ("study", "participation", "instrument", "assignment", "entry_status", "message")
"""Feed types in the order in which they are sent."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a phone has read: revisions, the horizon's day and the language; while paging also the last key sent.

    ``reach`` is what the cursor becomes when the last page has been sent.
    """

    participant: int = 0
    study: int = 0
    horizon: str = ""
    language: str = ""
    after: tuple[int, str] | None = None
    reach: tuple[int, int, str, str] | None = None

    def encode(self, owner: str) -> str:
        return base64.urlsafe_b64encode(
            orjson.dumps([owner, self.participant, self.study, self.horizon, self.language, self.after, self.reach])
        ).decode()


def decode(text: str, owner: str) -> Cursor | None:
    """The cursor of a text; None where it cannot be used, also when it is another participant's or epoch's."""
    try:
        whose, participant, study, horizon, language, after, reach = orjson.loads(base64.urlsafe_b64decode(text))
        if whose != owner or not isinstance(language, str):
            return None
        return Cursor(
            _revision(participant), _revision(study), _day(horizon), language,
            None if after is None else (_revision(after[0]), str(after[1])),
            None if reach is None else (_revision(reach[0]), _revision(reach[1]), _day(reach[2]), str(reach[3])),
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, IndexError, binascii.Error):
        return None


def _revision(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(value)
    return value


def _day(value: Any) -> str:
    if date.fromisoformat(value).isoformat() != value:
        raise ValueError(value)
    return str(value)


Change = dict[str, Any]
_Pending = tuple[int, str, Callable[[], Change]]


def read(
    study: Study, tx: Tx, phone: Phone, cursor_text: str | None, language: str | None, now: datetime, *, up_to_date_at: int
) -> dict[str, Any]:
    """The feed part of a sync answer. An empty one costs no more than comparing the cursor.

    ``up_to_date_at``: the participant's revision just before this phone's own batch. A phone that knew all up to there
    is told nothing of its own entries but the new cursor; it has their receipts.
    """
    owner = f"{study.epoch}/{phone.participant}"
    cursor = None if cursor_text is None else decode(cursor_text, owner)
    if cursor is not None and (cursor.participant > phone.participant_revision or cursor.study > phone.study_revision):
        cursor = None  # the phone knows more than the journal: the file was put back to an older state
    reset = cursor is None
    since = cursor or Cursor(horizon="0001-01-01")
    today = schedule.local(now, phone.time_zone).date()
    wanted = language or phone.language
    horizon = max(since.horizon, (today + HORIZON).isoformat())  # what was in sight stays so, when the phone flies west too
    reach = (phone.participant_revision, phone.study_revision, horizon, wanted)
    if _has_ended(phone, today):  # what it is not told now is news again should the end be taken back
        reach = (phone.participant_revision, since.study, since.horizon, since.language)
    if not reset and since.after is None and (since.participant, since.study, since.horizon, since.language) == reach:
        return {"reset": False, "changes": [], "cursor": cursor_text, "more": False}
    if not reset and since.after is None and since.participant == up_to_date_at:
        since = replace(since, participant=phone.participant_revision)
        if (since.participant, since.study, since.horizon, since.language) == reach:
            return {"reset": False, "changes": [], "cursor": since.encode(owner), "more": False}
    if since.reach is not None:
        reach = since.reach
    pending = sorted(_pending(study, tx, phone, since, reach, today), key=lambda p: p[:2])
    if since.after is not None:
        pending = [p for p in pending if p[:2] > since.after]
    page, more = pending[:PAGE], len(pending) > PAGE
    following = replace(since, after=page[-1][:2], reach=reach) if more else Cursor(*reach)
    return {"reset": reset, "changes": [make() for _, _, make in page], "cursor": following.encode(owner), "more": more}


def _has_ended(phone: Phone, today: date) -> bool:
    return phone.ended_on is not None and phone.ended_on <= today.isoformat()


def _pending(study: Study, tx: Tx, phone: Phone, since: Cursor, reach: tuple[int, int, str, str], today: date) -> list[_Pending]:
    """Every change as (rank of its type, id, what makes it)."""
    protocol = study.protocol(tx, phone.protocol)
    found: list[_Pending] = []
    if phone.participant_revision > since.participant:
        found.append((1, phone.participant, partial(_participation, tx, phone, protocol)))
        for row in state.responses(tx, phone.participant, since.participant):
            found.append((4, row["id"], partial(_status, row)))
        for row in state.quarantined(tx, phone.participant, since.participant):
            found.append((4, f"Q-{row['position']}", partial(_review, row)))
    if _has_ended(phone, today):
        return found  # nothing more is asked of somebody whose part has ended
    language = reach[3] if reach[3] in protocol.languages else protocol.languages[0]
    new_study = reach[1] > since.study or reach[3] != since.language
    if new_study:
        found.append((0, study.slug, partial(_study, study.slug, protocol, language)))
        for name in sorted({a.instrument for a in protocol.assessments.values()}):
            found.append((2, name, partial(_instrument, study, tx, name, language)))
    found += [(5, row["id"], partial(_message, row)) for row in messages.of(tx, phone.participant, since.participant)]
    rows = state.assignments(
        tx, phone.participant, since=since.participant, old_horizon="0001-01-01" if new_study else since.horizon, horizon=reach[2],
    )  # fmt: skip
    names = {row["instrument"] for row in rows}
    versions = {name: study.in_force(tx, phone.study_revision, name, language) for name in names}
    return found + [(3, row["occurrence"], partial(_assignment, row, versions[row["instrument"]])) for row in rows]


def _put(type_: str, id_: str, data: dict[str, Any]) -> Change:
    return {"op": "put", "type": type_, "id": id_, "data": data}


def _assignment(row: Row, versions: tuple[str | None, str | None]) -> Change:
    if row["retired"]:
        return {"op": "retire", "type": "assignment", "id": row["occurrence"]}
    return _put(
        "assignment",
        row["occurrence"],
        {
            "occurrence": row["occurrence"], "assessment": row["assessment"], "visit": row["visit"],
            "instrument": row["instrument"], "version": versions[0], "wording": versions[1], "opens": row["opens"],
            "opens_at": row["opens_at"], "target": row["target"], "due": row["due"], "closes": row["closes"],
            "late_reason_after": row["late_reason_after"], "served_by": row["served_by"], "expected": bool(row["expected"]),
        },
    )  # fmt: skip


def _status(row: Row) -> Change:
    status = "current" if row["current"] else "superseded" if row["superseded"] else "not-current"
    data = {"occurrence": row["occurrence"], "status": status, "position": row["position"], "captured_at": row["captured_at"]}
    data["read_at"] = row["read_at"]
    return _put("entry_status", row["id"], data | {"flags": row["flags"].split(), "supersedes": row["supersedes"]})


def _review(row: Row) -> Change:
    data = {"occurrence": row["occurrence"], "status": "under-review", "position": row["position"], "sha256": row["body"].hex()}
    data["read_at"] = row["read_at"]
    return _put("entry_status", f"Q-{row['position']}", data)


def _message(row: Row) -> Change:
    return _put("message", row["id"], {key: row[key] for key in ("text", "language", "sent_at", "about", "read_at")})


def _participation(tx: Tx, phone: Phone, protocol: Protocol) -> Change:
    row = state.roster(tx, phone.participant)
    site = protocol.site(row["site"])
    participant = participants.load(tx, phone.participant)
    assert participant is not None, phone.participant  # noqa: S101
    prescriptions = [
        {
            "from": p["day"], "regimen": p["regimen"], "mg_per_day": p["mg_per_day"], "intakes_per_day": p["intakes_per_day"],
        }
        for p in state.prescriptions(tx, phone.participant)
    ]  # fmt: skip
    return _put(
        "participation",
        phone.participant,
        {
            "participant": phone.participant, "site": site.name, "site_phone": site.phone, "site_time_zone": site.time_zone,
            "coverage": [
                {"days": list(c.days), "from": c.start.isoformat("minutes"), "to": c.to.isoformat("minutes")} for c in site.coverage
            ],
            "holidays": [day.isoformat() for day in site.holidays],
            "language": row["language"], "time_zone": row["time_zone"], "reminder_hour": row["reminder_hour"],
            "ended_on": row["ended_on"], "ended_by": state.end(tx, phone.participant), "prescriptions": prescriptions,
            "treatment": _treatment(participant), "consent_needed": _consent_needed(protocol, participant),
        },
    )  # fmt: skip


def _treatment(participant: Participant) -> dict[str, str | None]:
    """The first and last day of the treatment: a dose outside them is more than is prescribed."""
    first, last = treatment_days(participant)
    return {"from": None if first is None else first.isoformat(), "until": None if last is None else last.isoformat()}


def _consent_needed(protocol: Protocol, participant: Participant) -> dict[str, str] | None:
    """For want of which consent collecting pauses, and from when; told ahead, so that a phone pauses without a network."""
    version = consenting.next_pause(protocol.consents, participant.consents)
    return None if version is None else {"version": version.version, "from": version.since.isoformat()}


def _study(slug: str, protocol: Protocol, language: str) -> Change:
    return _put(
        "study",
        slug,
        {
            "id": slug, "title": protocol.title, "registry": protocol.registry, "languages": list(protocol.languages),
            "protocol": protocol.version, "stand_in": protocol.wording == "stand-in",
            "intended_use": dict(protocol.intended_use), "emergency_number": protocol.emergency_number,
            "assessments": [_assessment(a) for a in protocol.assessments.values()],
            "reasons": {name: list(codes) for name, codes in protocol.reasons.items()},
            "rules": [_rule(rule) for rule in protocol.alerts if _is_for_phones(rule)],
            "advice": {name: texts[language] for name, texts in protocol.advice.items() if language in texts},
            "treatment": None if protocol.treatment is None else {
                "name": protocol.treatment.name,
                "regimens": {r.id: {"mg": str(r.mg), "intakes_per_day": r.intakes_per_day} for r in protocol.treatment.regimens.values()},
            },
        },
    )  # fmt: skip


def _is_for_phones(rule: Mapping[str, Any]) -> bool:
    """Whether a phone has something to say where the rule is raised."""
    return rule.get("enabled") != "no" and (rule["urgency"] == "now" or rule.get("advice") is not None)


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What a phone needs to apply a rule; notes are for those who write the study's file."""
    return {key: part for key, part in rule.items() if key in ("id", "when", "urgency", "advice", "on_phone_from")}


def _assessment(assessment: Assessment) -> dict[str, Any]:
    return {
        "id": assessment.id, "instrument": assessment.instrument, "ad_hoc": assessment.ad_hoc,
        "daily": assessment.daily is not None, "own_trend": assessment.own_trend,
    }  # fmt: skip


def _instrument(study: Study, tx: Tx, name: str, language: str) -> Change:
    version = study.current(tx, "instrument", name)
    wording = study.current(tx, "wording", name, language)
    assert version is not None, "a protocol names only adopted instruments"  # noqa: S101
    return _put(
        "instrument", name, instrument_document(study.instrument(tx, version), None if wording is None else study.wording(tx, wording))
    )


def instrument_document(instrument: Instrument, wording: Any) -> dict[str, Any]:
    """An instrument as a phone shows it: items in order, what may be answered, when to ask, and the words."""
    words = None
    if wording is not None:
        words = {
            "version": wording.version, "language": wording.language, "stand_in": wording.stand_in,
            "ours": wording.licence == "ours", "title": wording.title,
            "introduction": wording.introduction or None, "by": dict(wording.by), "non_answers": dict(wording.non_answers),
            "items": dict(wording.items),
            "choices": {name: [[code, label] for code, label in labels.items()] for name, labels in wording.choices.items()},
        }  # fmt: skip
    return {
        "id": instrument.id, "version": instrument.version, "title": instrument.title,
        "items": [_item(item) for item in instrument.items], "wording": words,
    }  # fmt: skip


def _item(item: Item) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": item.id, "type": str(item.type), "codes": list(item.codes), "choices": item.choices,
        "non_answers": list(item.non_answers), "required": item.required,
        "at_least": None if item.at_least is None else str(item.at_least),
        "at_most": None if item.at_most is None else str(item.at_most), "max_length": item.max_length,
        "recall": item.recall, "attribute": item.attribute,
    }  # fmt: skip
    if item.ask_when is not None:
        said["ask_when"] = as_data(item.ask_when)
    return said
