"""`qol wording`: the texts of an instrument, taken into a study under their licence."""

from __future__ import annotations

from pathlib import Path

import click

from qol_server.cli.acting import Stated, as_option, opened
from qol_server.cli.common import common, emit
from qol_server.cli.sources import instrument_of, instruments_in_reach


@click.group()
def command() -> None:
    """Take the wording of an instrument into a study."""


@command.command("import")
@click.argument("study")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--licence", type=Stated(), metavar="REFERENCE", help="The licence under which the texts may be used here; it goes into the journal."
)
@click.option("--instruments", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder of instrument files.")
@as_option
@common
def import_(study: str, file: Path, licence: str | None, instruments: Path | None, actor: str, data: Path) -> None:
    """Take in the wording pack FILE for STUDY; it replaces the one in the same language.

    A pack for an instrument that an amendment is going to bring is checked against the instrument's file.
    """
    from qol_server.clock import wall_clock
    from qol_server.intake import adoption

    there, text = opened(data, study), file.read_bytes()
    instrument = instrument_of(text, file)
    document = instruments_in_reach(file, text, instruments).get(instrument)
    wording = adoption.import_wording(there, instrument, text, licence, actor=actor, now=wall_clock(), document=document)
    tx = there.store.read()
    lacks = adoption.lacking(there, tx) if there.folder.protocol(tx) else []
    under = f" under {licence}" if licence else ""
    lines = [f"{wording.instrument} in {wording.language}: wording {wording.version[:12]}… taken in{under}."]
    lines += ["Still lacking before the study can be activated:", *(f"  {each}" for each in lacks)] if lacks else []
    payload = {
        "study": study, "instrument": wording.instrument, "language": wording.language, "version": wording.version,
        "licence": licence, "stand_in": wording.stand_in, "lacks": lacks,
    }  # fmt: skip
    emit(payload, "\n".join(lines))
