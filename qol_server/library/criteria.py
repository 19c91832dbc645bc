"""The criteria of eligibility in a study's file: their keys, and limits that may not contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from qol_server.library.documents import Report, listed, place
from qol_server.library.fields import Amount, Flag, Many, Name, OneOf, Shape, Table, Text, Told, whole
from qol_server.library.wordings import LANGUAGE
from qol_server.trial.protocol import Criterion

LIMITS = ("above", "below", "at_least", "at_most")


class CriterionShape(Shape):
    id = Name("[a-z][a-z0-9_]{0,39}", "a word of lower-case letters, digits and _", required=True, note="name of the criterion")
    ask = OneOf(("number", "yes_no"), required=True, note="what is asked")
    note = Table(Name(*LANGUAGE), Text(), default={}, note="language -> the criterion in words")
    unit = Table(Name(*LANGUAGE), Text(most=60), default={}, note="language -> unit of the number")
    between = Many(Amount(), least=2, most=2, note="lowest and highest number, both allowed")
    above = Amount(note="strictly above")
    below = Amount(note="strictly below")
    at_least = Amount(note="this or more")
    at_most = Amount(note="this or less")
    expect = Flag(note="the answer that makes eligible; for `yes_no`")


def criteria(loaded: Any, report: Report) -> Iterator[Criterion]:
    """The criteria in the file's order; what contradicts itself in one is reported."""
    seen: set[str] = set()
    for part in whole(loaded):
        wrong, raw = report.wrong, part.raw
        if part["id"] in seen:
            wrong(place(raw, "id"), f'The criterion "{part["id"]}" stands twice', "each id once")
        seen.add(part["id"])
        limits: dict[str, Decimal | None] = {key: part[key] for key in LIMITS}
        if part["between"] is not None:
            if limits["at_least"] is not None or limits["at_most"] is not None:
                wrong(place(raw, "between"), '"between" sets at_least and at_most already', "between, or at_least and at_most")
            limits["at_least"], limits["at_most"] = part["between"]
        stated = [key for key in (*LIMITS, "between") if part[key] is not None]
        if part["ask"] == "number":
            if not stated:
                wrong(place(raw), f'The criterion "{part["id"]}" has no limit', listed((*LIMITS, "between")))
            if part["expect"] is not None:
                wrong(place(raw, "expect"), '"expect" goes with yes_no only', listed((*LIMITS, "between")))
            _check_limits(part, limits, report)
        else:
            if part["expect"] is None:
                wrong(place(raw), f'The criterion "{part["id"]}" does not say which answer makes eligible', "expect: yes, expect: no")
            for key in stated:
                wrong(place(raw, key), f'"{key}" goes with number only', "expect")
        yield Criterion(part["id"], part["ask"], part["unit"], expect=part["expect"], note=part["note"], **limits)


def _check_limits(part: Told, limits: Mapping[str, Decimal | None], report: Report) -> None:
    lows = [(limit, key) for key in ("above", "at_least") if (limit := limits[key]) is not None]
    highs = [(limit, key) for key in ("below", "at_most") if (limit := limits[key]) is not None]
    for bounds, kind in ((lows, "lower"), (highs, "upper")):
        if len(bounds) > 1:
            message = f'The criterion "{part["id"]}" has two {kind} limits'
            report.wrong(place(part.raw), message, "one of " + listed(key for _, key in bounds))
    for low, low_key in lows:
        for high, high_key in highs:
            if low > high or (low == high and (low_key, high_key) != ("at_least", "at_most")):
                message = f'The limits of "{part["id"]}" contradict each other: {low_key} {low} and {high_key} {high}'
                report.wrong(place(part.raw), message, "a lower limit that is below the upper one")
