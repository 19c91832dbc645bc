"""Signed heads on paper, so to speak: a file beside the journals that can be copied to somewhere the server cannot reach."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from qol_server import journal
from qol_server.intake.staff import Staff
from qol_server.intake.study import Study, fact_of
from qol_server.settings import Settings
from qol_server.store import Tx
from qol_server.trial.facts import Kind, canonical


def has_moved(tx: Tx) -> bool:
    """Whether anything but a seal was recorded since the last seal."""
    last = journal.latest(tx)
    return last > 0 and last == journal.latest(tx, leaving_out=(Kind.JOURNAL_SEALED,))


def path_of(settings: Settings, slug: str) -> Path:
    return settings.data / "seals" / f"{slug}.jsonl"


def copy_out(study: Study | Staff, settings: Settings) -> None:
    """Append the seals that the file does not have yet, one JSON object a line, durably; each once, whoever asks."""
    path = path_of(settings, study.slug)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        whole, end, _ = text.rpartition(b"\n")
        file.truncate(len(whole + end))  # what a crash cut off is written anew
        last = fact_of(whole.rpartition(b"\n")[2])["position"] if whole else 0
        missing = [
            {**fact_of(entry.line), "study": study.slug, "epoch": study.epoch, "sealed_at": entry.received_at}
            for entry in journal.of_kind(study.store.read(), Kind.JOURNAL_SEALED)
        ]
        lines = [canonical(seal) + b"\n" for seal in missing if seal["position"] > last]
        if lines:
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
