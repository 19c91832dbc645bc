"""`qol rebuild`: the views are wiped, made again from the journal, and must be what they were."""

from __future__ import annotations

from pathlib import Path

import click

from qol_server.cli.acting import opened, settings_of
from qol_server.cli.common import common, emit, table


@click.command()
@click.argument("study")
@common
def command(study: str, data: Path) -> int:
    """Wipe the views of STUDY, make them again from the journal, and compare them with what was there."""
    from qol_server.intake.looking import discard, live
    from qol_server.store.driver import sqlite3
    from qol_server.views.showing import rebuild

    there, settings = opened(data, study), settings_of(data)
    try:
        views = live(there, settings)
        differences, rows = rebuild(views)
    except sqlite3.DatabaseError as damage:
        if type(damage) is not sqlite3.DatabaseError:  # busy, full or read-only: the file itself is sound
            raise
        discard(there, settings)
        views = live(there, settings)
        _, rows = rebuild(views)
        differences = [f"the file of the views could not be read ({damage}) and was made anew"]
    position = views.position()

    def human() -> str:
        verdict = f"The views are what they were, as of position {position}."
        if differences:
            verdict = f"Made again as of position {position}. Not equal to what was there:\n" + "\n".join(f"  {one}" for one in differences)
        return f"{table(rows.items(), ('view', 'rows'))}\n{verdict}"

    emit({"study": study, "position": position, "equal": not differences, "differences": differences, "rows": rows}, human)
    return 1 if differences else 0
