"""The reference client: what a phone does to lose nothing, in the order in which it does it."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import random
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

PROTOCOL = "qol-sync/1"
PROBLEMS = "urn:qol:problem:"
"""How the type of every problem that the server itself explains begins."""


class EntryState(StrEnum):
    """An entry's life on the phone. No arrow deletes an entry that is not archived."""

    QUEUED = "queued"
    SENDING = "sending"
    COMMITTED = "committed"
    ARCHIVED = "archived"


@dataclass(slots=True)
class Sealed:
    """An entry whose bytes are frozen: they are sent as they are, any number of times.

    ``receipt`` is what the server said of it: status, position, digest, ticket, flags.
    """

    id: str
    seq: int
    line: bytes
    state: EntryState = EntryState.QUEUED
    receipt: dict[str, Any] = field(default_factory=dict)
    offers: int = 0  # how often it was sent again because the server said that it lacks it

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.line).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer: status, headers with lower-case names, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Transport = Callable[[str, bytes, Mapping[str, str]], Reply]
"""Posts a body to a path with headers. Raises OSError when no answer came."""


class Unreachable(Exception):
    """No usable answer came; whatever was sent may or may not have arrived, and is sent again.

    ``retry_after``: the seconds that the answer asked to wait, 0 where it named none.
    """

    def __init__(self, why: str, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class HeldBack(Exception):
    """The token is not accepted: everything is kept, and the phone asks to be paired again."""


class Declined(Exception):
    """The server explained why it does not do this; ``problem`` is its RFC 9457 document."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or "declined"))
        self.problem = problem


class HttpTransport:
    """One kept-alive connection to a server's base address, like ``http://127.0.0.1:8000``."""

    def __init__(self, base: str, timeout: float = 30.0) -> None:
        parts = urlsplit(base)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=timeout)

    def __call__(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            return self._post(path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self._connection.close()  # the server closed an idle connection: nothing was answered, so try once afresh
            return self._post(path, body, headers)

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            self._connection.request("POST", path, body, dict(headers))
            answer = self._connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        except http.client.HTTPException as broken:
            self._connection.close()
            if isinstance(broken, ConnectionResetError):
                raise
            raise OSError(str(broken)) from broken
        except OSError:
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()


class PhoneClient:
    """A paired phone: an outbox of frozen entries, and what the feed told it.

    ``feed`` holds the pulled things by (type, id). ``outbox`` keeps every entry, also when it is archived (its bytes go
    then). ``last_problem`` is why the feed stopped, where it did.
    """

    def __init__(self, transport: Transport, study: str, installation_id: str, *, app: str = "1.0.0", platform: str = "python") -> None:
        self.transport = transport
        self.study = study
        self.installation_id = installation_id
        self.app = app
        self.platform = platform
        self.participant = ""
        self.device_id = ""
        self.token = ""
        self.epoch: str | None = None
        self.cursor: str | None = None
        self.head: dict[str, Any] | None = None
        self.limits = {"entries": 200, "bytes": 1_048_576, "entry_bytes": 65_536}
        self.outbox: list[Sealed] = []
        self.feed: dict[tuple[str, str], dict[str, Any]] = {}
        self.archived_through = 0
        self.last_problem: Mapping[str, Any] | None = None
        self._seq = 0
        self._batch_limit = self.limits["entries"]

    # pairing

    def pair(self, code: str, time_zone: str) -> str:
        """Pair with a code; returns the participant number, which the nurse compares. Safe to repeat after a lost answer.

        Raises Unreachable (also after too many wrong codes, with ``retry_after``) or Declined (code unknown, used, expired; or
        another participant's, while entries of the one before are kept here: they must never be sent as somebody else's).
        """
        asked = {
            "code": code, "installation_id": self.installation_id, "app": self.app, "platform": self.platform, "time_zone": time_zone,
        }  # fmt: skip
        reply = self._send("devices", json.dumps(asked).encode(), {"Content-Type": "application/json"})
        said = _object(reply)
        if reply.status != 201 or said.get("protocol") != PROTOCOL:
            raise _refusal(reply, said)
        if self.participant not in ("", said["participant"]) and any(entry.state is not EntryState.ARCHIVED for entry in self.outbox):
            raise Declined({"title": f"The code is of {said['participant']}; this phone keeps entries of {self.participant}."})
        self.device_id, self.token, self.participant = said["device_id"], said["token"], said["participant"]
        self.limits = said["limits"]
        self._heed_restore(said["epoch"], said["head"])
        return self.participant

    # sealing

    def seal(self, kind: str, *, captured_at: datetime, time_zone: str, **fields: Any) -> Sealed:
        """Freeze an entry: its id and bytes are made before the screen says "saved". ``captured_at`` is local, aware.

        ``{id}`` in an occurrence stands for the entry's own id (``adverse-event@{id}``: something happened). Raises
        ValueError for an entry larger than the server takes.
        """
        seq, id_ = self._seq + 1, str(uuid.uuid4())
        if isinstance(fields.get("occurrence"), str):
            fields["occurrence"] = fields["occurrence"].replace("{id}", id_)
        entry = {
            "id": id_, "device_seq": seq, "kind": kind, **fields, "app": self.app,
            "captured_at": captured_at.isoformat(timespec="seconds"), "time_zone": time_zone,
        }  # fmt: skip
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
        if len(line) > self.limits["entry_bytes"]:
            raise ValueError(f"an entry of {len(line)} bytes is larger than {self.limits['entry_bytes']}")
        self._seq = seq  # only now: a number that is never sent would be missed on the server for ever
        sealed = Sealed(id_, seq, line)
        self.outbox.append(sealed)
        return sealed

    def waiting(self) -> list[Sealed]:
        """What is not known to be stored, in order."""
        return [entry for entry in self.outbox if entry.state in (EntryState.QUEUED, EntryState.SENDING)]

    # syncing

    def sync(self, *, now: datetime, time_zone: str, language: str | None = None, compress: bool = True) -> dict[str, Any]:
        """One flight: send what waits (within the limits), take the receipts, apply the feed; returns the server's answer.

        ``now`` is the phone's own clock, aware. Raises Unreachable (send again later, see ``back_off``), HeldBack (pair
        again) or Declined. In each case everything that waited still waits.
        """
        flight = self._load()
        body = b"".join(entry.line + b"\n" for entry in flight)
        waiting = self.waiting()
        batch = str(uuid.uuid4())
        envelope = {
            "protocol": PROTOCOL, "batch": batch, "entries": len(flight), "digest": hashlib.sha256(body).hexdigest(),
            "seqs": [entry.seq for entry in flight], "epoch": self.epoch, "cursor": self.cursor,
            "sent_at": now.isoformat(timespec="milliseconds"), "time_zone": time_zone, "queue": {"unsent": len(waiting)},
            "language": language, "app": self.app, "witness": self._witness(),
        }  # fmt: skip
        whole = json.dumps(envelope, separators=(",", ":")).encode() + b"\n" + body
        headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {self.token}"}
        if compress:
            whole, headers["Content-Encoding"] = gzip.compress(whole, 6), "gzip"
        for entry in flight:
            entry.state = EntryState.SENDING
        try:
            return self._take(self._send("sync", whole, headers), batch, flight)
        finally:
            for entry in flight:
                if entry.state is EntryState.SENDING:
                    entry.state = EntryState.QUEUED

    def _load(self) -> list[Sealed]:
        flight: list[Sealed] = []
        room = self.limits["bytes"] - 8192  # the envelope's part
        for entry in self.waiting():
            room -= len(entry.line) + 1
            if flight and (room < 0 or len(flight) >= self._batch_limit):
                break
            flight.append(entry)
        return flight

    def _witness(self) -> dict[str, Any] | None:
        return None if self.head is None else {key: self.head[key] for key in ("position", "digest", "signature")}

    def _take(self, reply: Reply, batch: str, flight: list[Sealed]) -> dict[str, Any]:
        said = _object(reply)
        # only our own protocol and batch count: a portal's friendly page is no receipt
        if reply.status != 200 or said.get("protocol") != PROTOCOL or said.get("batch") != batch:
            if reply.status == 413 and len(flight) > 1:  # whoever on the way says so
                self._batch_limit = len(flight) // 2  # halve the batch, never drop
                raise Unreachable("the batch was too large; it is halved")
            why = _refusal(reply, said)
            raise HeldBack(str(why)) if reply.status == 401 and isinstance(why, Declined) else why
        self._heed_restore(said["epoch"], said["head"])
        for result in said["results"]:
            entry = flight[result["line"] - 2]
            if result["status"] in ("stored", "duplicate", "quarantined"):
                entry.state = EntryState.COMMITTED
                entry.receipt = result
        self._offer_missing(said["device_seq"], flight)
        self._batch_limit = min(self.limits["entries"], self._batch_limit * 2)
        self.archived_through = said["archived_through"]
        self._apply(said["feed"])
        return said

    def _heed_restore(self, epoch: str, head: dict[str, Any]) -> None:
        """After the server was restored, everything is offered again whose body is still here.

        It was when the epoch is another, or when the journal ends before where it ended already (its file was put back and
        nobody said so). The new archive mark cannot say what is safe: the restored journal gives positions anew from where
        its copy ended, and may have grown past this phone's old receipts. What the server has is only a duplicate.
        """
        went_back = self.head is not None and (
            head["position"] < self.head["position"]
            or (head["position"] == self.head["position"] and head["digest"] != self.head["digest"])
        )
        if went_back or self.epoch not in (None, epoch):
            for entry in self.outbox:
                if entry.state is EntryState.COMMITTED:
                    entry.state = EntryState.QUEUED
        self.epoch, self.head = epoch, head

    def _offer_missing(self, has: Mapping[str, Any], flight: list[Sealed]) -> None:
        """Offer again what the server acknowledged once and lacks now, three times at most.

        Epoch and head alone miss a journal that was put back silently and has outgrown meanwhile what this phone saw of it.
        """
        missing, beyond = set(has["missing"]), has["contiguous_to"]
        for entry in self.outbox:
            lacks = entry.seq in missing if missing else entry.seq > beyond
            if lacks and entry.state is EntryState.COMMITTED and entry.offers < 3 and entry not in flight:
                entry.state, entry.offers = EntryState.QUEUED, entry.offers + 1

    def _apply(self, feed: Mapping[str, Any]) -> None:
        """Changes and cursor belong together; a snapshot replaces what was pulled and never touches the outbox."""
        self.last_problem = feed.get("problem")
        if feed["reset"]:
            self.feed.clear()
        for change in feed["changes"]:
            key = (change["type"], change["id"])
            if change["op"] == "put":
                self.feed[key] = change["data"]
            else:
                self.feed.pop(key, None)
        self.cursor = feed["cursor"]

    def pulled(self, kind: str) -> Iterable[dict[str, Any]]:
        """What the feed told of one type: study, participation, instrument, assignment, entry_status, message."""
        return [data for (type_, _), data in self.feed.items() if type_ == kind]

    def _send(self, name: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            return self.transport(f"/{self.study}/api/v1/{name}", body, headers)
        except OSError as lost:
            raise Unreachable(str(lost)) from lost


def _object(reply: Reply) -> dict[str, Any]:
    """The JSON object of an answer; an empty one where it has none (a portal's page, a cut-off answer)."""
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _refusal(reply: Reply, said: Mapping[str, Any]) -> Unreachable | Declined:
    """What an answer that is no success means. Portals and proxies speak JSON too and say 302, 401 or 403: only a problem
    of the server's own catalogue is a decision, everything else is a network that does not work yet.
    """
    asked = reply.headers.get("retry-after", "").strip()
    # a day at most: a mistaken header must not silence a phone
    wait = min(float(asked), 86_400.0) if asked.isascii() and asked.isdigit() else 0.0
    if not str(said.get("type", "")).startswith(PROBLEMS) or said.get("status") != reply.status:
        return Unreachable(f"status {reply.status}", wait)
    # 400: the request was damaged on its way
    return Unreachable(str(said.get("title")), wait) if said.get("retryable") or reply.status == 400 else Declined(said)


def back_off(failures: int, chance: random.Random, retry_after: float = 0.0) -> float:
    """Seconds to wait after so many failures in a row: full jitter, base 2 s, cap 15 min, at least ``retry_after``."""
    return chance.uniform(retry_after, max(retry_after, min(900.0, 2.0 * 2.0 ** min(failures, 20))))
