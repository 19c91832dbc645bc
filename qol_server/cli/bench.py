"""`qol bench`: everything that the project says of its speed, measured in one run on this machine."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
from pathlib import Path

import click

from qol_server.cli import browser
from qol_server.cli.common import emit, fail, json_option, say, table
from qol_server.cli.failures import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("ingest", "alerts", "sync", "scoring", "export", "start", "memory", "app", "desk")
MET = {True: "yes", False: "no", None: ""}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(PARTS))
@click.option("--quick", is_flag=True, help="Smaller and shorter: about two minutes instead of about ten.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here too, as JSON.")
@json_option
def command(names: tuple[str, ...], quick: bool, out: Path | None) -> int:
    """Measure NAMES (ingest, alerts, sync, scoring, export, start, memory, app, desk; all without names) and print them beside the aims.

    Works on the loopback interface and in a temporary folder, on the disk of TMPDIR. A missed aim is told and is no
    failure: the exit code is 0 when everything was measured.
    """
    _must_be_able_to(names or PARTS)
    if out is not None and not out.absolute().parent.is_dir():
        fail(f"{out} cannot be written: there is no folder {out.parent}.", advice="Make the folder first, or name another file.")
    measured = importlib.import_module("bench.runner").run(names, quick=quick, say=say)
    lines = importlib.import_module("bench.report").lines(measured)
    measured["aims"] = [{"part": line.part, "what": line.what.strip(), "aim": line.aim, "met": line.met} for line in lines if line.aim]
    if out is not None:
        out.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")

    def human() -> str:
        on = measured["machine"]
        rows = [(line.part, line.what, line.measured, line.aim, MET[line.met]) for line in lines]
        return (
            f"{table(rows, ('part', 'what', 'measured', 'aim', 'met'))}\n{on['cores']} cores, Python {on['python']}, SQLite {on['sqlite']},"
            f" {on['file_system']}, fsync {on['fsync_ms']} ms, load {on['load_at_start']} to {on['load_at_end']};"
            f" took {measured['seconds']:.0f} s."
        )

    emit(measured, human)
    return 0


def _must_be_able_to(parts: tuple[str, ...]) -> None:
    """Stop when something that the measurements need is not there."""
    if not (ROOT / "bench").is_dir():
        fail("the benchmark is not installed with the command.", advice="Run ./qol bench in the project's folder.", code=ENVIRONMENT)
    lacking = [name for name in ("pandas", "playwright", "psutil") if importlib.util.find_spec(name) is None]
    if lacking:
        advice = "./qol bench installs it; elsewhere: pip install -r requirements-bench.txt"
        fail(f"{' and '.join(lacking)} must be installed to measure.", advice=advice, code=ENVIRONMENT)
    if "app" in parts and browser.find_or_install(say) is None:
        advice = "Install Chromium or Google Chrome. Or leave out the part app by naming the others."
        fail("no browser was found, and none could be installed.", advice=advice, code=ENVIRONMENT)
    if "ingest" in parts and shutil.which("wrk") is None:
        advice = "Debian, Ubuntu: apt-get install wrk. macOS: brew install wrk. Or leave out the part ingest by naming the others."
        fail("the load generator wrk is not installed.", advice=advice, code=ENVIRONMENT)
