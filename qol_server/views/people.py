"""The view `participants`: who takes part, since when, the dates that count for them, and what is prescribed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from qol_server.state import participants
from qol_server.trial import diary, schedule
from qol_server.views.reading import Views
from qol_server.views.tables import WHO, Columns, day, number, text, whole


def table(views: Views) -> tuple[Columns, list[tuple[Any, ...]]]:
    """One row per participant. A date that happened again has a column for each time: ``progression``, ``progression_2``."""
    tx, moment = views.store.read(), views.moment()
    protocol = views.source.folder.protocol(tx)
    if protocol is None or moment is None:
        return columns([], []), []
    everybody = [participants.load(tx, one) for one in participants.numbers(tx)]
    times = {name: max([1, *(len(one.anchors.get(name, ())) for one in everybody if one)]) for name in protocol.anchors}
    anchors = [(name, nth) for name in protocol.anchors for nth in range(1, times[name] + 1)]
    kinds = list(protocol.withdrawals)
    roster = {row["participant"]: row for row in tx.all("SELECT participant, enrolled_at, ended_on FROM roster")}
    counts = {
        row["participant"]: row["n"]
        for row in tx.all("SELECT participant, count(*) AS n FROM responses WHERE current = 1 GROUP BY participant")
    }
    rows = []
    for one in everybody:
        if one is None:
            continue
        in_force = diary.prescribed(one, _today(moment, one.time_zone))
        dates = [one.anchors.get(name, ())[nth - 1 : nth] for name, nth in anchors]
        rows.append(
            (
                one.number, one.site, one.language, one.time_zone, roster[one.number]["enrolled_at"], roster[one.number]["ended_on"],
                "yes" if one.included else "no", " ".join(one.unmet) or None, one.consents[-1].version if one.consents else None,
                None if in_force is None else in_force.regimen or "hold", None if in_force is None else float(in_force.mg_per_day),
                counts.get(one.number, 0), *(found[0].isoformat() if found else None for found in dates),
                *(one.withdrawals[kind].isoformat() if kind in one.withdrawals else None for kind in kinds),
            )
        )  # fmt: skip
    return columns(anchors, kinds), rows


def _today(moment: datetime, zone: str) -> date:
    return schedule.local(moment, zone).date()


def columns(anchors: list[tuple[str, int]], withdrawals: list[str]) -> Columns:
    """The columns of a protocol's anchors, each with which time it is (1, 2, …), and kinds of withdrawal."""
    return (
        *WHO,
        text("language", "The language chosen for the app."),
        text("time_zone", "Where the participant is, as the phone last said.", "an IANA time zone"),
        text("enrolled_at", "When the enrolment was recorded, UTC.", "RFC 3339"),
        day("ended_on", "The day of death, study end or withdrawal of consent; empty: takes part."),
        text("included", "Whether the participant was included; no: in screening, or not eligible.", "yes, no"),
        text("unmet", "Criteria that are not met and for which no deviation was signed.", "ids of criteria"),
        text("consent_version", "The version of the consent that was signed last."),
        text("regimen", "The regimen in force on the day of the cut.", "a regimen of the protocol, hold"),
        number("mg_per_day", "What it prescribes; 0 on hold.", "mg/day"),
        whole("responses", "Current responses.", "responses"),
        *(
            day(name if nth == 1 else f"{name}_{nth}", f"The protocol's anchor {name}" + (f", time {nth}." if nth > 1 else "."))
            for name, nth in anchors
        ),
        *(day(f"withdrawal_{kind}", f"Withdrawal: {kind}.") for kind in withdrawals),
    )
