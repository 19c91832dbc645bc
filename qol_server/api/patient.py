"""The phone's doors: pairing and sync. A token leads to a device and its participant, and to nothing else."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, request

from qol_server import journal
from qol_server.access import pairing
from qol_server.access.pairing import Phone
from qol_server.api import feed
from qol_server.api.answers import CODE, PHONE, json_answer, permission, problem_document
from qol_server.api.asking import caller, json_body
from qol_server.api.envelope import LIMITS, PROTOCOL, Envelope, split, unpack
from qol_server.clock import Clock, stamp
from qol_server.intake import reach
from qol_server.intake.admit import Admitted, Result, admit, missing
from qol_server.intake.examine import examine
from qol_server.intake.record import record
from qol_server.intake.shapes import Shape, Text, Zone, uuid_field
from qol_server.intake.study import Study
from qol_server.keys import verifies
from qol_server.logs import log_failure
from qol_server.store import Tx
from qol_server.trial import facts, problems
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Problem, Refused

log = logging.getLogger(__name__)


class PairingRequest(Shape):
    """What a phone sends to be paired."""

    code = Text(40, required=True)
    installation_id = uuid_field(required=True)
    app = Text(40, required=True)
    platform = Text(40, required=True)
    time_zone = Zone(required=True)


_PAIRING = PairingRequest()


@dataclass(frozen=True, slots=True)
class PatientApi:
    """The views, with what they need: how to find a study, the clock, and how often phones should ask."""

    study: Callable[[str], Study]
    clock: Clock
    sync_again_after: int

    def blueprint(self) -> Blueprint:
        routes = Blueprint("patient", __name__, url_prefix="/<slug>/api/v1")
        routes.add_url_rule("/devices", "pair", permission(CODE)(lambda slug: self.pair(slug)), methods=["POST"])
        routes.add_url_rule("/sync", "sync", permission(PHONE)(lambda slug: self.sync(slug)), methods=["POST"])
        return routes

    # pairing

    def pair(self, slug: str) -> Response:
        study, now = self.study(slug), self.clock()
        asked = json_body(_PAIRING, "A pairing")
        wait = pairing.throttled(study.store.read(), request.remote_addr or "", now)
        if wait:
            raise Refused(problems.TOO_MANY_TRIES, retry_after=wait)
        digest = pairing.code_digest(asked["code"])
        paired = study.store.write(lambda tx: _pair(tx, study, asked, digest, request.remote_addr or "", now))
        if isinstance(paired, Problem):
            raise Refused(paired)
        reach.settle(study, paired.participant, now)
        protocol = study.protocol_in_force(study.store.read())
        return json_answer(
            {
                "protocol": PROTOCOL, "device_id": paired.device, "token": paired.token, "participant": paired.participant,
                "epoch": study.epoch, "server_time": stamp(now), "head": study.signed_head(paired.head), "limits": LIMITS,
                "study": {"id": study.slug, "title": protocol.title, "languages": list(protocol.languages)},
            },
            201,
        )  # fmt: skip

    # sync

    def sync(self, slug: str) -> Response:
        study, now = self.study(slug), self.clock()
        tx = study.store.read()
        phone, token = caller(tx)
        if request.mimetype not in ("application/x-ndjson", "application/ndjson"):
            raise Refused(problems.MEDIA_TYPE, "A sync is sent as application/x-ndjson.")
        envelope, lines = split(unpack(request.stream, request.headers.get("Content-Encoding", "")))  # type: ignore[arg-type]
        old = _too_old(study, tx, phone, envelope)
        if old and not lines:
            raise Refused(problems.APP_TOO_OLD)
        admitted = self._admit(study, tx, phone, token, envelope, lines, now)
        if envelope.witness is not None and _disagrees(study, tx, envelope.epoch or study.epoch, envelope.witness, now):
            envelope = replace(envelope, cursor=None)  # what this phone was told is of a journal that is no more
        return json_answer(
            {
                "protocol": PROTOCOL, "batch": envelope.batch, "epoch": study.epoch, "server_time": stamp(now),
                "results": [_result(result) for result in admitted.results],
                "device_seq": {"contiguous_to": admitted.contiguous_to, "missing": admitted.missing},
                "archived_through": phone.archived_through, "head": study.signed_head(study.head(tx)),
                "feed": _feed(study, tx, phone, envelope, admitted, now, old), "sync_again_after_s": self.sync_again_after,
            }
        )  # fmt: skip

    @staticmethod
    def _admit(study: Study, tx: Tx, phone: Phone, token: str, envelope: Envelope, lines: list[bytes], now: datetime) -> Admitted:
        is_new, is_due = not phone.token_used, pairing.is_due_to_be_seen(phone, now)
        skew = round((envelope.sent_at - now) / timedelta(milliseconds=1))

        def note(tx: Tx) -> None:
            """What has to be remembered of a sync besides its entries; most syncs write nothing here."""
            if is_new:
                pairing.token_used(tx, token, phone.device)
            if is_due:
                queue = envelope.queue or {"unsent": 0}
                pairing.seen(tx, phone.device, now, queue["unsent"], queue.get("oldest"), skew)

        if not lines:
            if is_new or is_due:
                study.store.write(note)
            gaps = missing(phone.contiguous_to, orjson.loads(phone.ahead))
            return Admitted((), phone.contiguous_to, gaps, phone.participant_revision, phone.participant_revision)
        examined = [examine(study, tx, number, raw) for number, raw in enumerate(lines, 2)]
        seqs = envelope.seqs or tuple(line.seq or 0 for line in examined)
        return admit(study, phone, examined, seqs, now=now, skew=skew, also=note)


@dataclass(frozen=True, slots=True)
class _Paired:
    device: str
    token: str
    participant: str
    head: journal.Head


def _pair(tx: Tx, study: Study, asked: dict[str, Any], digest: bytes, address: str, now: datetime) -> _Paired | Problem:
    claimed = pairing.claim(tx, digest, asked["installation_id"], address, now)
    if isinstance(claimed, Problem):
        return claimed
    device = claimed.device
    if device is None:
        if claimed.replaces:
            for old in pairing.active_devices(tx, claimed.participant):
                record(
                    tx, study, Kind.DEVICE_REPLACED, {"device": old}, actor="participant", now=now, participant=claimed.participant, nth=old
                )
        device = str(uuid.uuid4())
        fact = {key: asked[key] for key in ("installation_id", "app", "platform", "time_zone")}
        record(
            tx, study, Kind.DEVICE_PAIRED, fact, actor="participant", now=now, participant=claimed.participant, device=device, nth=device
        )
        pairing.use(tx, claimed, asked["installation_id"], device)
    return _Paired(device, pairing.issue_token(tx, device), claimed.participant, study.head(tx))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isascii() and part.isdigit() else 0 for part in text.split("."))


def _too_old(study: Study, tx: Tx, phone: Phone, envelope: Envelope) -> bool:
    least = study.protocol(tx, phone.protocol).minimum_app
    return least is not None and _version(envelope.app or phone.app) < _version(least)


def _feed(study: Study, tx: Tx, phone: Phone, envelope: Envelope, admitted: Admitted, now: datetime, too_old: bool) -> dict[str, Any]:
    if phone.status == "replaced" or too_old:
        return _silent(envelope, problems.APP_TOO_OLD if too_old else problems.DEVICE_REPLACED)
    told = admitted.revision_before if not admitted.tells_news else -1
    phone = replace(phone, participant_revision=admitted.revision)
    try:
        return feed.read(study, tx, phone, envelope.cursor, envelope.language, now, up_to_date_at=told)
    except Exception as failure:  # the upload is stored; whatever the feed stumbles over must not hide that
        log_failure(log, "the feed cannot be told", failure)
        return _silent(envelope, problems.INTERNAL)


def _silent(envelope: Envelope, problem: Problem) -> dict[str, Any]:
    """A feed that tells nothing but why."""
    return {"reset": False, "changes": [], "cursor": envelope.cursor, "more": False, "problem": problem_document(problem)}


def _result(result: Result) -> dict[str, Any]:
    said: dict[str, Any] = {"line": result.line, "id": result.id, "status": result.status}
    if result.position is not None:
        said |= {"position": result.position, "digest": result.digest}
    if result.status == "quarantined":
        said["ticket"] = f"Q-{result.position}"
    if result.flags:
        said["flags"] = result.flags
    if result.problem is not None:
        said["problem"] = problem_document(result.problem, result.detail)
    return said


def _disagrees(study: Study, tx: Tx, epoch: str, witness: dict[str, Any], now: datetime) -> bool:
    """Whether a phone holds a head that we signed and that our journal does not have; it is journaled."""
    position, digest = witness["position"], witness["digest"]
    if journal.digest_at(tx, study.slug, position) == digest:
        return False
    message = facts.head_message(study.slug, epoch, position, digest)
    is_ours = verifies(study.key.public_hex, message, witness["signature"])
    if is_ours:
        fact = {"position": position, "digest": digest, "signature": witness["signature"]}
        study.store.write(lambda tx: record(tx, study, Kind.WITNESS_DISAGREED, fact, actor="server", now=now, nth=f"{position}/{digest}"))
    return is_ours
