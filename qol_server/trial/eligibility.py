"""Whether somebody may be included: each criterion of the protocol judged by its value, exact at the limits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from qol_server.trial.protocol import Criterion

_NUMBER = re.compile(r"[0-9]{1,9}([.,][0-9]{1,6})?")
YES, NO = "yes", "no"


class Result(StrEnum):
    """How a criterion stands."""

    MET = "met"
    NOT_MET = "not-met"
    UNKNOWN = "unknown"


class Limit(StrEnum):
    """What a value has to be; strict limits leave the number itself out, inclusive ones do not."""

    ABOVE = "above"
    BELOW = "below"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    IS = "is"


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion with its value as it is kept; ``broken``: what it should have been, of one that is not met.

    ``deviation``: an investigator signed that this very value is accepted.
    """

    criterion: Criterion
    value: str | None
    result: Result
    broken: tuple[Limit, str] | None = None
    deviation: bool = False

    @property
    def blocks(self) -> bool:
        """Whether it stands between the participant and the inclusion."""
        return self.result is not Result.MET and not self.deviation

    @property
    def why(self) -> str:
        """In a sentence, what is not met; '' where it is."""
        if self.result is Result.UNKNOWN:
            return f"{self.criterion.id} was not given"
        if self.broken is None:
            return ""
        limit, wanted = self.broken
        must = f"must be {wanted}" if limit is Limit.IS else f"must be {limit} {wanted} {said(self.criterion.unit)}".rstrip()
        return f"{self.criterion.id} is {self.value}; it {must}"


def said(texts: Mapping[str, str], language: str = "en") -> str:
    """A text of the study's file in a language, else in English, else in any; '' where there is none."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def read(criterion: Criterion, text: str) -> str:
    """A value as it is kept: "yes", "no", or a number with a point. Raises ValueError, saying what it is not."""
    text = text.strip()
    if criterion.ask == "yes_no":
        if text not in (YES, NO):
            raise ValueError(f"{text!r} is not yes or no")
        return text
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number ({said(criterion.unit)})".replace(" ()", ""))
    return text.replace(",", ".")


def limits(criterion: Criterion) -> tuple[tuple[Limit, str], ...]:
    """All that a value has to be."""
    if criterion.ask == "yes_no":
        return ((Limit.IS, YES if criterion.expect else NO),)
    stated = (
        (Limit.ABOVE, criterion.above), (Limit.BELOW, criterion.below), (Limit.AT_LEAST, criterion.at_least),
        (Limit.AT_MOST, criterion.at_most),
    )  # fmt: skip
    return tuple((limit, format(number, "f")) for limit, number in stated if number is not None)


def judge(criterion: Criterion, value: str | None) -> Judged:
    """One value, as ``read`` gives it, or None where it is not known yet."""
    if value is None:
        return Judged(criterion, None, Result.UNKNOWN)
    for limit, wanted in limits(criterion):
        if not _holds(limit, value, wanted):
            return Judged(criterion, value, Result.NOT_MET, (limit, wanted))
    return Judged(criterion, value, Result.MET)


def _holds(limit: Limit, value: str, wanted: str) -> bool:
    if limit is Limit.IS:
        return value == wanted
    number, bound = Decimal(value), Decimal(wanted)
    if limit is Limit.ABOVE:
        return number > bound
    if limit is Limit.BELOW:
        return number < bound
    return number >= bound if limit is Limit.AT_LEAST else number <= bound


def judge_all(criteria: Iterable[Criterion], values: Mapping[str, str], deviations: Collection[tuple[str, str]] = ()) -> tuple[Judged, ...]:
    """Every criterion in the protocol's order. ``deviations``: (criterion, value) that were signed; another value needs another one."""
    found = (judge(one, values.get(one.id)) for one in criteria)
    return tuple(
        Judged(one.criterion, one.value, one.result, one.broken, (one.criterion.id, one.value) in deviations)
        if one.result is Result.NOT_MET
        else one
        for one in found
    )


def may_be_included(judged: Iterable[Judged]) -> bool:
    """Whether all is met, or signed for; what is not known is neither."""
    return not any(one.blocks for one in judged)
