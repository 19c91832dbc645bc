"""The numbers of a run as people read them: each beside what is aimed at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One number. ``aim`` is empty and ``met`` None where nothing is promised."""

    part: str
    what: str
    measured: str
    aim: str = ""
    met: bool | None = None


def _at_most(part: str, what: str, shown: str, value: float, limit: float, unit: str = "") -> Line:
    return Line(part, what, shown, f"≤ {limit:g} {unit}".rstrip(), value <= limit)


def lines(found: dict[str, Any]) -> list[Line]:
    """The numbers that matter of a result of ``bench.runner.run``."""
    return [line for part, make in _LINES.items() if part in found for line in make(found[part])]


LEAST = {20: 8_000, 1: 1_000}
"""Entries a second that are aimed at with several clients, by entries in a request."""


def _ingest(found: dict[str, Any]) -> list[Line]:
    made = []
    for disk, words in (("disk", ""), ("slow_disk", ", each sync 5 ms later")):
        if isinstance(found[disk], str):
            made.append(Line("ingest", words.strip(", "), found[disk]))
            continue
        for about in found[disk].values():
            for run in about["runs"]:
                made += _ingest_run(run, words, promised=disk == "disk" and run["clients"] > 1)
    return made


def _ingest_run(run: dict[str, Any], words: str, *, promised: bool) -> list[Line]:
    clients = "1 client" if run["clients"] == 1 else f"{run['clients']} clients"
    rate, least = run["entries_per_second"], LEAST[run["batch"]]
    shown = f"{rate:,.0f}; {run['of_raw_sqlite']:.2f} of raw SQLite, {run['of_hello']:.2f} of hello"
    first = Line("ingest", f"entries/s, {run['batch']} a request, {clients}{words}", shown)
    if promised:
        first = Line(first.part, first.what, first.measured, f"≥ {least:,}", rate >= least)
    what, shown = f"  answered, 99 of 100, {clients}{words}", f"{run['p99_ms']:.0f} ms; half: {run['p50_ms']:.1f} ms"
    if promised and (run["batch"], run["clients"]) == (1, 8):
        return [first, _at_most("ingest", what, shown, run["p99_ms"], 50, "ms")]
    return [first, Line("ingest", what, shown)]


def _alerts(found: dict[str, Any]) -> list[Line]:
    made = []
    for name in ("batch_20", "batch_1"):
        one = found[name]
        what = f"a sync of {one['size']} with the rules : without them, processor time"
        shown = f"{one['ratio']:.2f} ({one['off_us']:,.0f} → {one['on_us']:,.0f} µs)"
        made.append(_at_most("alerts", what, shown, one["ratio"], 1.3) if name == "batch_1" else Line("alerts", what, shown))
    most = found["batch_20"]
    return [*made, Line("alerts", "  alerts raised by a hundred symptom diaries", f"{100 * most['alerts'] / most['diaries']:.0f}")]


def _sync(found: dict[str, Any]) -> list[Line]:
    made = []
    for what, entries in (("study", found["study_entries"]), ("participant", found["participant_entries"])):
        for how, words in (("in_process", "in the process"), ("http", "over HTTP")):
            one = found[what][how]
            shown = f"{one['ratio']:.2f} ({one['start_us']:.0f} → {one['end_us']:.0f} µs)"
            made.append(_at_most("sync", f"empty sync, {what} of {entries:,} : 0 entries, {words}", shown, one["ratio"], 1.2))
    return made


def _scoring(found: dict[str, Any]) -> list[Line]:
    qol, rows = found["qol"], found["rows"]
    return [
        _at_most("scoring", f"{rows:,} QLQ-C30 rows", f"{qol['seconds']:.1f} s", qol["seconds"], 30 * rows / 1e6, "s"),
        _at_most("scoring", "  peak memory", f"{qol['peak_mb']:.0f} MB", qol["peak_mb"], 500, "MB"),
        Line("scoring", "  pandas' time : ours", f"{found['ratio']:.2f}"),
    ]


_FILES = {
    "export": "tidy export, views made first", "export_again": "tidy export again", "rebuild": "rebuild of the views", "verify": "verify",
}  # fmt: skip


def _export(found: dict[str, Any]) -> list[Line]:
    made = []
    for name, words in _FILES.items():
        one = found[name]
        what, shown = f"{words}, {one['entries']:,} entries", f"{one['seconds']:.1f} s; {one['entries_per_second']:,} entries/s"
        limit = one["entries"] / 10_000
        made.append(_at_most("export", what, shown, one["seconds"], limit, "s") if name == "verify" else Line("export", what, shown))
    return made


def _start(found: dict[str, Any]) -> list[Line]:
    serve = found["serve_seconds"]
    return [
        _at_most("start", "qol serve answers after", f"{serve:.2f} s", serve, 1.5, "s"),
        Line("start", "qol --help", f"{found['help_seconds']:.2f} s"),
    ]


def _memory(found: dict[str, Any]) -> list[Line]:
    return [
        _at_most("memory", f"a worker after {found['requests']:,} requests", f"{found['rss_mb']:.0f} MB", found["rss_mb"], 90, "MB"),
        Line("memory", "  shared pages counted in part", f"{found['pss_mb']:.0f} MB"),
    ]


def _app(found: dict[str, Any]) -> list[Line]:
    first, release = found["first"], found["release"]
    slow, again = "slow 3G, processor 4 times slower", "from the service worker, processor 4 times slower"
    return [
        _at_most("app", "first visit, compressed", f"{first['kb']:.0f} kB", first["kb"], 100, "kB"),
        Line("app", "  requests before the first screen", f"{first['requests']:.0f}"),
        Line(
            "app",
            "  all that is kept to open offline",
            f"{release['kb']:.0f} kB in {release['files']} files; others' {release['vendor_kb']:.0f} kB",
        ),
        _at_most("app", f"first screen, {slow}", f"{first['seconds']:.1f} s", first["seconds"], 3, "s"),
        _at_most("app", f"first screen, {again}", f"{found['again_seconds']:.2f} s", found["again_seconds"], 0.6, "s"),
        _at_most("app", f"  Today, {again}", f"{found['today_seconds']:.2f} s", found["today_seconds"], 0.6, "s"),
        _at_most("app", "an answer is seen, processor 4 times slower", f"{found['chosen_ms']:.0f} ms", found["chosen_ms"], 50, "ms"),
        Line("app", f"  the slowest of {found['answers']}", f"{found['chosen_worst_ms']:.0f} ms"),
        Line("app", "  the next question", f"{found['next_ms']:.0f} ms"),
    ]


def _desk(found: dict[str, Any]) -> list[Line]:
    made = []
    about = f"page of a participant with {found['days']:,} days of diaries"
    words = {
        "worklist": f"worklist of {found['cases']:,} open cases", "participant": f"{about}, eight weeks", "all": f"{about}, all",
        "rows": f"{about}, all with every row",
    }  # fmt: skip
    for page, what in words.items():
        for name, entries in (("short", found["entries"]), ("long", 10 * found["entries"])):
            one = found[name][page]
            shown = f"{one['p95_ms']:.0f} ms; half: {one['median_ms']:.0f} ms; {one['kb']:.0f} kB"
            made.append(_at_most("desk", f"{what}, 95 of 100, {entries:,} responses", shown, one["p95_ms"], 100, "ms"))
        made.append(Line("desk", "  long : short", f"{found[page]:.2f}"))
    return made


_LINES: dict[str, Callable[[dict[str, Any]], list[Line]]] = {
    "ingest": _ingest, "alerts": _alerts, "sync": _sync, "scoring": _scoring, "export": _export, "start": _start, "memory": _memory,
    "app": _app, "desk": _desk,
}  # fmt: skip
