"""`qol verify`: a journal is checked entry by entry, and against the signed heads that were given away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qol_server.cli.acting import counted, settings_of
from qol_server.cli.common import common, emit, fail, say
from qol_server.trial.facts import SERVER

if TYPE_CHECKING:
    from qol_server.store import Store

SAY_EVERY = 25_000


@dataclass(slots=True)
class Witnesses:
    """What the signed heads say. ``agree``: how many; ``highest``: the last position that one of them covers."""

    agree: int = 0
    highest: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)

    def found(self, position: int, why: str) -> None:
        self.findings.append({"position": position, "why": why})


@click.command()
@click.argument("journal", metavar="STUDY|FILE")
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A signed head, or a file of them.")
@common
def command(journal: str, against: Path | None, data: Path) -> int:
    """Check the journal of STUDY, or in FILE, and name the first position that does not hold (exit code 1).

    "server" as STUDY is the server's own journal, of accounts and their roles.

    Every line, every digest and the count of positions are checked; the file is not changed. What was cut off at the end
    shows only against a signed head: those in seals/STUDY.jsonl of the data folder, and those of --against.
    """
    from qol_server import journal as journals
    from qol_server.store import Store

    settings = settings_of(data)
    named = settings.server if journal == SERVER else settings.studies / f"{journal}.db"
    path = Path(journal) if Path(journal).is_file() else named
    slug = _study_in(path, journal)
    store = Store(path, read_only=True)
    head, broken = journals.verify(store, lambda n: say(f"{n:,} entries …") if n % SAY_EVERY == 0 else None)
    witnesses = Witnesses()
    redacted: list[int] = []
    if broken is None:
        redacted = journals.redacted(store.read())
        seals = settings.data / "seals" / f"{slug}.jsonl"
        for file in [*([seals] if seals.is_file() else []), *([against] if against else [])]:
            _compare(store, _heads(file), _keys(store, settings.keys), witnesses)
    store.close()
    first = min(
        [*([{"position": broken.position, "why": broken.why}] if broken else []), *witnesses.findings],
        key=lambda finding: finding["position"],
        default=None,
    )
    payload = {
        "journal": path, "study": slug, "ok": first is None, "entries": head.position, "head": head.digest, "first_bad": first,
        "findings": witnesses.findings, "signed_heads": witnesses.agree, "covered_to": witnesses.highest, "redacted": redacted,
    }  # fmt: skip
    emit(payload, lambda: _as_text(payload))
    return 0 if first is None else 1


def _study_in(path: Path, named: str) -> str:
    """The short name of the study that a file is the journal of. Raises Refused(not-a-journal)."""
    from qol_server import journal as journals
    from qol_server.store import Store
    from qol_server.trial.problems import NOT_A_JOURNAL, Refused

    if not path.is_file():
        raise Refused(NOT_A_JOURNAL, f"There is neither a study nor a file {named!r}.")
    store = Store(path, read_only=True)
    try:
        return journals.identity(store.read())[0]
    except OSError:
        raise
    except Exception as failure:  # any other file, or one damaged where it says what it is
        raise Refused(NOT_A_JOURNAL, f"{path} cannot be read as one ({failure}).") from None
    finally:
        store.close()


def _heads(file: Path) -> list[Mapping[str, Any]]:
    """The signed heads of a file: one JSON document, or one a line; a last line that was cut off is left out."""
    text = file.read_bytes()
    try:
        read = json.loads(text)
        found = read if isinstance(read, list) else [read]
    except ValueError:
        *lines, _rest = text.split(b"\n")
        try:
            found = [json.loads(line) for line in lines if line.strip()]
        except ValueError as error:
            fail(f"{file} holds no signed heads: {error}.", advice="It holds position, digest, signature and key, as JSON.")
    found = [one.get("head", one) if isinstance(one, dict) else one for one in found]
    for one in found:
        if not isinstance(one, dict) or type(one.get("position")) is not int or not {"digest", "signature"} <= one.keys():
            fail(f"{file} holds something that is no signed head.", advice="A head has position, digest, signature and key.")
    if not found:
        fail(f"{file} holds no signed head.")
    return found


def _keys(store: Store, folder: Path) -> dict[str, str]:
    """Key id -> public key (hex): the data folder's own, which nobody who only had the journal could exchange, else the journal's."""
    from qol_server import journal as journals

    beside = folder / "journal.pub"
    if beside.is_file():
        public = beside.read_text(encoding="ascii").strip()
    else:
        first = journals.one(store.read(), 1)
        public = json.loads(first.line)["public_key"] if first is not None else ""
    return {hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]: public}


def _compare(store: Store, heads: list[Mapping[str, Any]], keys: Mapping[str, str], witnesses: Witnesses) -> None:
    from qol_server import journal as journals
    from qol_server.keys import verifies
    from qol_server.trial import facts

    tx = store.read()
    study, epoch = journals.identity(tx)
    for head in heads:
        position, digest = head["position"], str(head["digest"])
        message = facts.head_message(str(head.get("study", study)), str(head.get("epoch", epoch)), position, digest)
        public = keys.get(str(head.get("key", "")))
        if head.get("study", study) != study:
            witnesses.found(position, f"the signed head is of another study, {head['study']}")
        elif public is None or not verifies(public, message, str(head["signature"])):
            witnesses.found(position, "the signature of the head does not hold, so it is no witness")
        elif (there := journals.digest_at(tx, study, position)) is None:
            last = journals.head(tx, study).position
            witnesses.found(last + 1, f"the journal ends at {last}, but a head was signed at {position}: entries were cut off")
        elif there != digest:
            witnesses.found(position, "a head was signed here with another digest: the journal was exchanged up to here or before")
        else:
            witnesses.agree += 1
            witnesses.highest = max(witnesses.highest, position)


def _as_text(found: Mapping[str, Any]) -> str:
    lines = []
    if found["first_bad"] is None:
        lines.append(f"{found['study']}: {counted(found['entries'], 'entry', 'entries')}, all in order. Head {found['head']}.")
        if found["redacted"]:
            blank = counted(len(found["redacted"]), "line is", "lines are")
            lines.append(f"{blank} blank by a redaction, at {', '.join(map(str, found['redacted']))}: what stood there is gone.")
    else:
        first = found["first_bad"]
        lines.append(f"{found['study']}: the journal does not hold at position {first['position']}: {first['why']}.")
        lines += [f"  position {each['position']}: {each['why']}" for each in found["findings"] if each != first]
        lines.append("Keep the file as it is, and compare it with a backup and with the heads that phones and others hold.")
    if found["signed_heads"]:
        lines.append(f"It agrees with {counted(found['signed_heads'], 'signed head')} up to position {found['covered_to']:,}.")
    elif found["first_bad"] is None:
        lines.append("No signed head was compared: entries that were cut off at the end would not be noticed.")
    return "\n".join(lines)
