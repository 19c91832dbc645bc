"""The tidy export: every view as a CSV and a Parquet file, a codebook and a manifest, the same bytes whenever it is made."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qol_server import journal
from qol_server.clock import stamp
from qol_server.exports.codebook import CODEBOOK, codebook
from qol_server.intake import looking
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.journal import Head
from qol_server.trial import problems
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from qol_server.views.showing import VIEWS
from qol_server.views.tables import Columns, Type

if TYPE_CHECKING:
    import polars

FORMAT = "qol-tidy/1"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Made:
    """An export: as of which position, into which folder, and of each file its rows (None: not a table), bytes and SHA-256."""

    position: int
    folder: Path
    files: Mapping[str, Mapping[str, Any]]
    stand_in: tuple[str, ...]


def export(study: Study, folder: Path, *, actor: str, now: datetime, as_of: int | None = None) -> Made:
    """Write the study's data as of a position into ``folder`` and journal it.

    Without ``as_of`` the position is that of the last entry that is not about exports. The files are written beside
    ``folder`` and take its place when they are complete and journaled; an earlier export of the study there is replaced.
    Raises Refused(bad-value) for a position that is not in the journal and for a folder that holds anything else; OSError.
    """
    tx = study.store.read()
    last = journal.latest(tx, leaving_out=(Kind.EXPORT_MADE,))
    position = last if as_of is None else as_of
    if not 1 <= position <= study.head(tx).position:
        raise Refused(
            problems.BAD_VALUE, f"The journal of {study.slug} has no position {position}. Allowed: 1 to {study.head(tx).position}."
        )
    folder = folder.resolve()
    _must_be_ours(folder, study.slug)
    contents, tables, stand_in = _render(study, position)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    partial.mkdir()
    try:
        for name, content in contents.items():
            (partial / name).write_bytes(content)
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        fact = {"format": FORMAT, "as_of": position, "files": digests}
        # journaled before anybody can see the files: no copy is ever handed out of which the journal does not know
        study.store.write(
            lambda tx: record(tx, study, Kind.EXPORT_MADE, fact, actor=actor, now=now, nth=f"{stamp(now)}/{study.head(tx).position}")
        )
        _take_the_place(folder, partial)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    files = {name: {"rows": tables.get(name), "bytes": len(content), "sha256": digests[name]} for name, content in contents.items()}
    return Made(position, folder, files, stand_in)


def _must_be_ours(folder: Path, slug: str) -> None:
    """Refuse a folder that holds anything but an earlier export of this study."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise Refused(problems.BAD_VALUE, f"{folder} is a file; name a folder.")
    there = {path.name for path in folder.iterdir()}
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        ours = manifest["format"] == FORMAT and manifest["study"] == slug and there <= {MANIFEST, *manifest["files"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        ours = not there
    if not ours:
        raise Refused(problems.BAD_VALUE, f"{folder} holds other files; name a new folder, or that of an earlier export of {slug}.")


def _take_the_place(folder: Path, partial: Path) -> None:
    if not folder.exists():
        partial.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old)


def _render(study: Study, position: int) -> tuple[dict[str, bytes], dict[str, int], tuple[str, ...]]:
    """The files' contents, the rows of those that are tables, and the instruments that are told by stand-in labels."""
    views = looking.as_of(study, position)
    tx = views.store.read()
    shown = {name: show(views) for name, show in VIEWS.items()}
    contents: dict[str, bytes] = {}
    tables: dict[str, int] = {}
    for name, (columns, rows) in shown.items():
        frame = _frame(columns, rows)
        contents[f"{name}.csv"], contents[f"{name}.parquet"] = _csv(frame), _parquet(frame)
        tables[f"{name}.csv"] = tables[f"{name}.parquet"] = len(rows)
    protocol = study.folder.protocol(tx)
    book = codebook(study, tx, protocol, {name: columns for name, (columns, _) in shown.items()})
    contents["codebook.csv"] = _csv(_frame(CODEBOOK, book.rows))
    tables["codebook.csv"] = len(book.rows)
    moment = views.moment()
    head = Head(position, journal.digest_at(study.store.read(), study.slug, position) or "")
    manifest = {
        "format": FORMAT,
        "study": study.slug,
        "epoch": study.epoch,
        "title": None if protocol is None else protocol.title,
        "protocol": None if protocol is None else protocol.version,
        "position": position,
        "head": study.signed_head(head),
        "public_key": study.key.public_hex,
        "cut": None if moment is None else stamp(moment),
        "note": _note(book.stand_in),
        "files": {
            name: {"rows": tables[name], "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(contents.items())
        },
    }
    contents[MANIFEST] = (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()
    views.store.close()
    return contents, tables, book.stand_in


def _note(stand_in: Sequence[str]) -> str | None:
    if not stand_in:
        return None
    return f"The codebook has stand-in labels, not the instruments' wording, for: {', '.join(stand_in)}."


def _frame(columns: Columns, rows: Sequence[Sequence[Any]]) -> polars.DataFrame:
    import polars  # slow to import, and needed by exports only

    types: dict[Type, type[polars.DataType]] = {
        Type.TEXT: polars.String,
        Type.INTEGER: polars.Int64,
        Type.NUMBER: polars.Float64,
        Type.DAY: polars.String,
        Type.YES_NO: polars.Int8,
    }
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    series = [polars.Series(one.name, list(part), types[one.type]) for one, part in zip(columns, values, strict=True)]
    as_days = [polars.col(one.name).str.to_date("%Y-%m-%d") for one in columns if one.type is Type.DAY]
    as_yes_no = [polars.col(one.name).cast(polars.Boolean) for one in columns if one.type is Type.YES_NO]
    return polars.DataFrame(series).with_columns(*as_days, *as_yes_no)


def _csv(frame: polars.DataFrame) -> bytes:
    return frame.write_csv(line_terminator="\n").encode()


def _parquet(frame: polars.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd", row_group_size=100_000)
    return out.getvalue()
