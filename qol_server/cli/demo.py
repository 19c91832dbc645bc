"""`qol demo`: a study lived by virtual participants, for whoever wants to see what this is before reading on."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from qol_server.cli.common import emit, fail, json_option, say, table, wants_json


@click.command()
@click.option("--participants", type=click.IntRange(1, 500), default=40, show_default=True)
@click.option("--months", type=click.IntRange(1, 60), default=12, show_default=True, help="How long the study has been running.")
@click.option("--end", type=click.DateTime(["%Y-%m-%d"]), help="The last day.  [default: today]")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other lives.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--no-serve", is_flag=True, help="Stop when the study has been lived.")
@click.option("--fresh", is_flag=True, help="Replace an earlier demonstration in the folder.")
@click.option("--data", type=click.Path(path_type=Path), default="demo-data", show_default="./demo-data", help="The folder to make.")
@json_option
def command(participants: int, months: int, end: datetime | None, seed: int, port: int, no_serve: bool, fresh: bool, data: Path) -> int:
    """Make a study, live its months with virtual participants, and serve it.

    The study is desminib, with its alerts turned on. Staff, participants, phones, networks and clocks are virtual; requests,
    journal, scores, alerts and reminders are real. Texts of licensed questionnaires are stand-ins.
    """
    from qol_server.cli.acting import settings_of
    from qol_server.cli.sources import protocol_source, watched, with_stand_in
    from qol_server.simulation import demo

    now = datetime.now(UTC)
    if end is not None and end.date() > now.date():
        fail(f"{end:%Y-%m-%d} has not come yet.", advice="Give a day up to today.")
    until = now if end is None or end.date() == now.date() else end.replace(hour=23, minute=59, tzinfo=UTC)
    settings = settings_of(data)
    demo.make_folder(settings, fresh=fresh)
    began = time.monotonic()
    wish = demo.Wish(participants, months, until, seed)
    protocol = watched(with_stand_in(protocol_source(demo.STUDY)[1]))
    say(f"{participants} virtual participants live {months} months of the study {demo.STUDY}, until {until:%Y-%m-%d}.")
    with _bar(wish.first, until.date()) as progress:
        lived = demo.live(settings, protocol, wish, progress)
    told = lived | demo.report(settings, until) | {"seconds": round(time.monotonic() - began, 1), "data": str(settings.data)}
    emit(told, lambda: _story(told, port, stays=not no_serve))
    if no_serve or wants_json():
        return 1 if told["nowhere"] or told["faults"] else 0
    from qol_server.cli.serve import command as serve

    context = click.get_current_context()
    return int(
        context.invoke(serve, port=port, host="127.0.0.1", workers=None, tls_cert=None, tls_key=None, insecure=False, data=data) or 0
    )


class _bar:
    """A progress bar on standard error; silent with --json."""

    def __init__(self, first: date, last: date) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._first, self._days = first, (last - first).days + 1
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
            console=Console(stderr=True, quiet=wants_json()), transient=True,
        )  # fmt: skip

    def __enter__(self) -> Any:
        self._bar.start()
        self._task = self._bar.add_task("Living", total=self._days)
        return lambda day: self._bar.update(self._task, completed=(day - self._first).days + 1, description=f"Lived {day}")

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _story(told: dict[str, Any], port: int, *, stays: bool) -> str:
    counts = [
        ("participants at three sites", told["participants"]),
        ("phones paired", told["phones"]),
        ("entries in the journal", told["entries"]),
        ("responses stored", told["responses"]),
        ("… of them late", told["late"]),
        ("… of them corrections", told["corrections"]),
        ("kept for review (quarantine)", told["quarantined"]),
        ("sent again after a lost answer, stored once", told["sent_twice"]),
        ("still waiting on a phone", told["waiting"]),
        ("reminders sent", told["reminders_sent"]),
        ("call tasks raised", told["calls"]),
        ("… of them closed with a reason", told["calls_closed"]),
        ("alerts raised", told["alerts"]),
        ("… of them explained by an expected level", told["suppressed"]),
        ("cases of the others", told["cases"]),
        ("… of them resolved", told["resolved_cases"]),
        ("adverse events signed", told["adverse_events"]),
    ]
    completion = [
        (one["assessment"], f"{one['answered']:,}", f"{one['expected']:,}", "" if one["rate"] is None else f"{one['rate']:.0%}")
        for one in told["completion"]
    ]
    lines = [
        "",
        table([(what, f"{n:,}") for what, n in counts], ("What happened", "")),
        "",
        table(completion, ("Assessment", "answered", "expected", "completion")),
        "",
        *_checked(told),
        "",
        f"It took {told['seconds']} s. The texts of licensed questionnaires are stand-in labels.",
        "",
        f"Journal    {told['journal']}",
        f"Export     {told['export']}",
    ]
    address = f"http://127.0.0.1:{port}"
    accounts = [(one["login"], one["password"], one["role"], one["site"] or "all") for one in told["accounts"]]
    lines += [
        f"Desk       {address}/desminib/staff/ (accounts below; they have no second factor, because this is a demonstration)",
        "", table(accounts, ("login", "password", "role", "site")), "",
    ]  # fmt: skip
    lines += [
        f"Diary      {address}/desminib/app/#{told['code']} (the app of participant {told['newcomer']}; the code is good for 24 hours)",
        f"Interface  {address}/desminib/api/v1/docs", "", "Try next:",
        *([] if stays else [f"  ./qol serve --port {port} --data {told['data']}    (the desk and the diary open then)"]),
        f"  ./qol verify desminib --data {told['data']}",
        f"  ./qol participant list desminib --data {told['data']}",
        f"  ./qol participant show desminib {told['newcomer']} --data {told['data']}",
        f"  ./qol export tidy desminib -o tidy --data {told['data']}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _checked(told: dict[str, Any]) -> list[str]:
    """What holds for every alert and every reminder that there was."""
    alerts = "Every alert that was raised is explained by an expected level or in a case, and every case has a state"
    reminders = "No reminder was sent twice, and none after the answer was received"
    lost, faults = told["nowhere"], told["faults"]
    return [
        f"{lost} alerts are in no case; that is a mistake." if lost else f"{alerts}: {told['alerts']:,} looked at.",
        f"The ledger has faults: {'; '.join(faults[:5])}" if faults else f"{reminders}: {told['reminders_sent']:,} looked at.",
        "Alerts are turned on for the demonstration; the shipped study only records them.",
    ]
