"""Prints the worked examples of windows, doses and reminders into docs/reference/rules.md, between its marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.trial.worked import read

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "rules.md"
MARKS = re.compile(r"(<!-- examples: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rules() -> str:
    """The page with its examples as the files have them now; what stands outside the marks is written by hand."""
    return MARKS.sub(lambda found: found[1] + examples(found["name"]) + found[3], PAGE.read_text("utf-8"))


def examples(name: str) -> str:
    """The worked examples of one file."""
    document = read(name)
    return f"\n`questionnaires/examples/{name}.yaml`. {' '.join(document['source'].split())}\n\n{RULES[document['rule']](document)}\n\n"


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = [list(head), *([shown(cell) for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(value: Any) -> str:
    """A value of an example as a reader expects it."""
    if value is None:
        return "no value"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Mapping):
        return "; ".join(f"{shown(key).replace('_', ' ')}: {shown(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join("not answered" if part is None else shown(part) for part in value)
    return str(value)


def given(case: Mapping[str, Any]) -> str:
    """What a case starts from."""
    return "; ".join(
        f"{shown(value)}" if name == "anchors" else f"{name}: {shown(value)}"
        for name in (
            "anchors",
            "withdrawals",
            "prescriptions",
            "zone",
            "hour",
            "since",
            "answered",
            "outage",
            "fails",
            "quiet",
            "paused_until",
        )
        if (value := case.get(name)) is not None
    )


def windows(document: Mapping[str, Any]) -> str:
    parts = []
    for case in document["cases"]:
        told = f"**{case['title']}.** {given(case)}; up to {case['horizon']}."
        if "count" in case:
            told += f" {case['count']} assignments, from `{case['first']}` to `{case['last']}`."
        if "names" in case:
            told += " " + (", ".join(f"`{name}`" for name in case["names"]) or "Nothing") + "."
        if "windows" in case:
            rows = [[f"`{name}`", *dates, *([""] if len(dates) == 4 else [])] for name, dates in case["windows"].items()]
            told += "\n\n" + table(["Occurrence", "Opens", "Target", "Due", "Closes", ""], rows)
        parts.append(told)
    return "\n\n".join(parts)


def states(document: Mapping[str, Any]) -> str:
    rows = [
        [case["title"], f"`{case['occurrence']}`", given(case), at, ", ".join(received) or "nothing", f"`{state}`"]
        for case in document["cases"]
        for at, *received, state in case["states"]
    ]
    return table(["Example", "Occurrence", "Given", "At (where the participant is)", "Received", "State"], rows)


def serving(document: Mapping[str, Any]) -> str:
    rows = [[case["title"], given(case), case["responses"], case["served"]] for case in document["cases"]]
    return table(["Example", "Given", "Responses", "Served: by"], rows)


def instants(document: Mapping[str, Any]) -> str:
    rows = [[case["title"], case["zone"], at, utc] for case in document["cases"] for at, utc in case["instants"]]
    return table(["Example", "Zone", "Local day and hour", "UTC"], rows)


def names(document: Mapping[str, Any]) -> str:
    told = [
        f"{title} (entry id `{document['entry']}`, {given(document)}): " + ", ".join(f"`{name}`" for name in document[key]) + "."
        for title, key in (("Possible", "possible"), ("Impossible", "impossible"))
    ]
    return "\n\n".join(told)


def dose_days(document: Mapping[str, Any]) -> str:
    rows = [[case["title"], given(case), case.get("intakes", "no diary"), case["expect"]] for case in document["cases"]]
    return table(["1 March 2026", "Given", "Intakes", "The day"], rows)


def doses_known(document: Mapping[str, Any]) -> str:
    rows = [
        [case["title"], [shown(each) for each in case["written"]], case["said"], case["intakes"], case["expect"]]
        for case in document["cases"]
    ]
    return table([shown(document["day"]), "Written down", "Said", "Intakes", "The day"], rows)


def dose_histories(document: Mapping[str, Any]) -> str:
    rows = [
        [case["title"], given(case), case.get("diary", "none"), " to ".join(map(str, case["days"])), case["expect"]]
        for case in document["cases"]
    ]
    return table(["Example", "Given", "Diary", "Days", "Sums"], rows)


def ladders(document: Mapping[str, Any]) -> str:
    rows = [
        [
            case["title"],
            f"`{case['occurrence']}`",
            given(case),
            "; ".join(f"{shown(at)} {channel}" for at, channel in case["expect"]) or "nothing",
        ]
        for case in document["cases"]
    ]
    return table(["Example", "Occurrence", "Given", "Intended"], rows)


def alerts(document: Mapping[str, Any]) -> str:
    rows = [
        [
            case["title"],
            given(case) + ("; " if given(case) and "earlier" in case else "") + shown(case.get("earlier", "")),
            case["answers"],
            "; ".join(found(*each) for each in case["finds"]) or "nothing",
        ]
        for case in document["cases"]
    ]
    return table(["Example", "Given", "Answers", "Finds"], rows)


def found(subject: str, value: str, before: str | None = None, over: str | None = None) -> str:
    return f"{subject} {value}" + ("" if before is None else f" ({over}: {before})")


def escalation(document: Mapping[str, Any]) -> str:
    rows = [[case["title"], case["received"], case["urgency"], case["after"], case["due"]] for case in document["cases"]]
    return table(["Example", "Received", "Urgency", "Step", "Due"], rows)


def follow_up(document: Mapping[str, Any]) -> str:
    rows = [
        [case["title"], case["urgency"], case["done"], "; ".join(f"{who.capitalize()} {shown(at)}" for at, who in case["told"])]
        for case in document["cases"]
    ]
    return table(["Example", "Urgency", "Done", "Told"], rows)


def relapses(document: Mapping[str, Any]) -> str:
    rows = [
        [
            case["title"],
            "; ".join(f"{'left out' if level is None else level}: {what or 'nothing'}" for level, what in case["weeks"]),
            f"after week {case['resolved'] + 1}" if "resolved" in case else "no",
        ]
        for case in document["cases"]
    ]
    return table(["Example", "Nausea, week by week", "Resolved"], rows)


def adverse_events(document: Mapping[str, Any]) -> str:
    rows = [
        [
            case["title"],
            ("" if "death" not in case else f"died: {case['death']}; ") + (shown(case["event"]) or "as usual"),
            "; ".join(f"{field}: {what.replace('_', ' ')}" for field, what in case["wrong"].items()) or "nothing",
        ]
        for case in document["cases"]
    ]
    return f"The usual one: {shown(document['usual'])}.\n\n" + table(["Example", "Differs in", "Wrong"], rows)


def reporting(document: Mapping[str, Any]) -> str:
    rows = [
        [case["title"], case["aware"], case.get("reported", "not yet"), case["now"], case["due"], case["clock"]]
        for case in document["cases"]
    ]
    return table(["Example", "The site knew", "Reported", "Looked at", "Due", "Clock"], rows)


def calls(document: Mapping[str, Any]) -> str:
    rows = [
        [case["title"], f"`{case['task']}`", case_given(case), "no" if case["expect"] is None else shown(case["expect"]) or "nobody"]
        for case in document["cases"]
    ]
    return table(["Example", "Call", "Given", "Found"], rows)


def case_given(case: Mapping[str, Any]) -> str:
    """What is known in an example of a call; its participant is always the same."""
    words = {"days": "days of the diary that were answered", "skew": "milliseconds before ours"}
    told = {words.get(name, name): case[name] for name in ("seen", "skew", "days", "answered", "known", "now") if name in case}
    return shown(told)


RULES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "windows": windows,
    "states": states,
    "served": serving,
    "instants": instants,
    "names": names,
    "dose days": dose_days,
    "doses known": doses_known,
    "dose histories": dose_histories,
    "reminders": ladders,
    "alerts": alerts,
    "escalation": escalation,
    "follow-up": follow_up,
    "relapses": relapses,
    "adverse events": adverse_events,
    "seriousness": reporting,
    "calls": calls,
}
