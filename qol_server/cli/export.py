"""`qol export`: a study's data as files, named by the journal position they were taken at."""

from __future__ import annotations

from pathlib import Path

import click

from qol_server.cli.acting import as_option, opened
from qol_server.cli.common import common, emit, table


@click.group()
def command() -> None:
    """Write a study's data as files."""


@command.command()
@click.argument("study")
@click.option("-o", "--out", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write.")
@click.option("--as-of", type=int, metavar="POSITION", help="The journal position (default: the last entry that is not about exports).")
@as_option
@common
def tidy(study: str, folder: Path, as_of: int | None, actor: str, data: Path) -> int:
    """Write answers, scores, doses, adverse events, windows and participants of STUDY as CSV and Parquet, with a codebook.

    The same position gives the same bytes whenever it is exported. An earlier export in DIR is replaced.
    """
    from qol_server.clock import wall_clock
    from qol_server.exports.tidy import export

    made = export(opened(data, study), folder, actor=actor, now=wall_clock(), as_of=as_of)

    def human() -> str:
        listed = [(name, about["rows"], about["bytes"]) for name, about in made.files.items()]
        note = f"\nThe codebook has stand-in labels for: {', '.join(made.stand_in)}." if made.stand_in else ""
        return f"{table(listed, ('file', 'rows', 'bytes'))}\n{study} as of position {made.position} is in {made.folder}.{note}"

    payload = {"study": study, "position": made.position, "folder": str(made.folder), "files": made.files, "stand_in": made.stand_in}
    emit(payload, human)
    return 0
