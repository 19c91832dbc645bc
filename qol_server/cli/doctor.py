"""`qol doctor`: what this machine or data folder lacks, each with what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from qol_server.cli.acting import counted, settings_of
from qol_server.cli.common import common, emit

if TYPE_CHECKING:
    from qol_server.settings import Settings

NEWEST = 1000  # entries of each journal that are checked; qol verify checks all
LITTLE, TOO_LITTLE = 2 * 1024**3, 256 * 1024**2  # bytes of free disk
TICK_IS_LATE = timedelta(minutes=5)
VIEWS_LAG = 1000  # entries


class Finding(NamedTuple):
    """``level``: ok, warn or bad."""

    level: str
    about: str
    what: str
    advice: str = ""


@click.command()
@common
def command(data: Path) -> int:
    """Look for what this machine or the data folder lacks. Exit code 1 when something is bad."""
    from qol_server.clock import wall_clock

    findings = list(examine(settings_of(data), wall_clock()))
    bad = sum(one.level == "bad" for one in findings)
    warn = sum(one.level == "warn" for one in findings)
    lines = []
    for one in findings:
        lines.append(f"{one.level:<4}  {one.about}: {one.what}")
        lines += [f"      {one.advice}"] if one.advice else []
    lines.append(f"{bad} bad, {counted(warn, 'warning')}.")
    emit({"ok": not bad, "findings": [one._asdict() for one in findings]}, "\n".join(lines))
    return 1 if bad else 0


def examine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """All findings about the machine, the data folder, its keys, its clock and each of its studies."""
    from qol_server.intake.study import path_of, slugs
    from qol_server.trial.facts import SERVER

    yield from _machine()
    if not settings.data.is_dir():
        yield Finding("bad", "data folder", f"{settings.data} is not there", "Make it with: qol init")
        return
    yield from _folder(settings)
    yield from _keys(settings)
    there = slugs(settings)
    if not there:
        yield Finding("warn", "studies", "there is none", "Make one with: qol study adopt desminib, or the path of a protocol.")
    for slug in there:
        yield from _study(settings, slug, path_of(settings, slug))
    if settings.server.is_file():
        yield from _study(settings, SERVER, settings.server)
    if there:
        yield _clock(settings, now)


def _machine() -> Iterator[Finding]:
    from importlib import metadata
    from zoneinfo import ZoneInfo

    from qol_server.store import driver

    python = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= (3, 11)
    yield Finding("ok" if good else "bad", "Python", python, "" if good else "Use Python 3.11 or newer.")
    sqlite = ".".join(str(part) for part in driver.VERSION)
    if driver.WAL_IS_SAFE:
        yield Finding("ok", "SQLite", sqlite)
    else:
        why = "before 3.51.3 its write-ahead log can corrupt a file, so a slower mode is used"
        yield Finding("warn", "SQLite", f"{sqlite}; {why}", "Install the package pysqlite3, which brings a newer one.")
    try:
        ZoneInfo("Europe/Paris")
        yield Finding("ok", "time zones", f"tzdata {metadata.version('tzdata')}")
    except (KeyError, ModuleNotFoundError) as failure:
        yield Finding("bad", "time zones", f"their data are not there ({failure})", "Install the package tzdata.")


def _folder(settings: Settings) -> Iterator[Finding]:
    closed = [path for path in (settings.data, settings.studies) if path.is_dir() and not os.access(path, os.W_OK | os.X_OK)]
    if closed:
        yield Finding(
            "bad", "data folder", f"{closed[0]} may not be written by you", "Change its owner or mode, or use the server's account."
        )
    else:
        yield Finding("ok", "data folder", str(settings.data))
    free = shutil.disk_usage(settings.data).free
    level = "bad" if free < TOO_LITTLE else "warn" if free < LITTLE else "ok"
    advice = "" if level == "ok" else "Free some space: when it is used up, phones keep their answers and nothing new is stored."
    yield Finding(level, "disk", f"{free / 1024**3:.1f} GiB free", advice)


def _keys(settings: Settings) -> Iterator[Finding]:
    from qol_server import keys
    from qol_server.trial.problems import Refused

    try:
        key = keys.load(settings.keys)
    except Refused as refusal:
        yield Finding("bad", "keys", refusal.detail, "Bring keys back from their copy; only where there never were any: qol init")
        return
    there = [path for path in (settings.keys, *(settings.keys / name for name in keys.FILES)) if path.exists()]
    loose = [path for path in there if path.stat().st_mode & 0o077]
    if loose:
        yield Finding("bad", "keys", f"others may read {loose[0]}", "Close it with: qol init")
    else:
        yield Finding("ok", "keys", f"journals are signed with {key.id}; keep a copy of {settings.keys} elsewhere")


def _study(settings: Settings, slug: str, path: Path) -> Iterator[Finding]:
    from qol_server import journal
    from qol_server.store import Store
    from qol_server.views.reading import reached

    store = Store(path, read_only=True)
    try:
        tx = store.read()
        last = journal.head(tx, slug).position
        faults = journal.structure(tx)
        unprotected = journal.unprotected(tx)
        _, broken = journal.verify(store, after=max(0, last - NEWEST))
    except Exception as failure:  # whatever it is, this study cannot be read, and the others are looked at all the same
        yield Finding("bad", slug, f"the journal cannot be read ({failure})", f"Check it with: qol verify {slug}")
        return
    finally:
        store.close()
    wrong = [*faults[:1], *(["the triggers are gone: " + ", ".join(unprotected)] if unprotected else [])]
    wrong += [f"position {broken.position}: {broken.why}"] if broken else []
    if wrong:
        yield Finding("bad", slug, "; ".join(wrong), f"Stop the server, keep a copy of the file, and run: qol verify {slug}")
    else:
        yield Finding("ok", slug, f"{counted(last, 'entry', 'entries')}; the newest {min(last, NEWEST):,} are in order")
    views = settings.data / "views" / f"{slug}.db"
    if views.is_file():
        behind = last - reached(Store(views, read_only=True))
        if behind > VIEWS_LAG:
            yield Finding(
                "warn",
                slug,
                f"the views are {counted(behind, 'entry', 'entries')} behind",
                f"A running clock brings them up; else: qol rebuild {slug}",
            )


def _clock(settings: Settings, now: datetime) -> Finding:
    advice = "Reminders and scores wait. Start the clock with: qol serve, or python -m scheduler"
    try:
        ticked = datetime.fromisoformat((settings.data / "clock.txt").read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return Finding("warn", "clock", "it never ticked for this data folder", advice)
    if now - ticked > TICK_IS_LATE:
        return Finding("warn", "clock", f"its last tick was at {ticked:%Y-%m-%d %H:%M} UTC", advice)
    return Finding("ok", "clock", f"it ticks; last at {ticked:%H:%M:%S} UTC")
