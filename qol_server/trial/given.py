"""Which of a participant's responses count, held in memory: the same as the tables of the state say, for a look into the past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from qol_server.trial.judging import Survey


@dataclass(slots=True)
class Given:
    """One response: its entry's id, the id of the one that it corrects, and what it says.

    ``is_superseded``: a correction of it was taken. Its survey's root and ``began`` become those of the first of its corrections.
    """

    id: str
    supersedes: str | None
    survey: Survey
    is_superseded: bool = False


@dataclass(slots=True)
class Responses:
    """The responses of one participant up to some entry; a ``judging.Past``.

    Of unrelated completions of an occurrence the first counts, of the corrections of one response the last, wherever they stand.
    """

    _all: dict[str, Given] = field(default_factory=dict)
    _of: dict[str, list[Given]] = field(default_factory=dict)  # occurrence -> in the order of the journal
    _at: dict[int, str] = field(default_factory=dict)  # position -> id
    _counts: dict[str, dict[str, Survey]] = field(default_factory=dict)  # assessment -> occurrence -> the one that counts
    _corrections: dict[str, list[Given]] = field(default_factory=dict)  # id -> what names it

    def add(self, id_: str, supersedes: str | None, survey: Survey) -> None:
        """Take one more response, in the order of the journal; its survey's ``root`` is its own id."""
        given = Given(id_, supersedes, survey)
        target = None if supersedes is None else self._all.get(supersedes)
        if supersedes is not None:
            root = supersedes if target is None else str(target.survey.root)
            given.survey = replace(survey, root=root, began=survey.began if target is None else target.survey.began)
            self._corrections.setdefault(supersedes, []).append(given)
            if target is not None and target.survey.root != id_:  # two that name each other cannot both be gone
                target.is_superseded = True
        if id_ in self._corrections and id_ != supersedes:  # corrections that arrived before what they correct
            given.is_superseded = True
            for heir in self._all.values():
                if heir.survey.root == id_:
                    heir.survey = replace(heir.survey, root=given.survey.root, began=given.survey.began)
        self._all[id_] = given
        self._at[survey.given] = id_
        self._of.setdefault(survey.occurrence, []).append(given)
        touched = {survey.occurrence}
        if supersedes is not None or given.is_superseded:
            touched |= {each.survey.occurrence for each in self._all.values() if each.survey.root == given.survey.root}
        for occurrence in touched:
            self._choose(occurrence)

    def _choose(self, occurrence: str) -> None:
        there = self._of[occurrence]
        first: dict[str | None, int] = {}
        for each in there:
            first.setdefault(each.survey.root, each.survey.given)
        standing = [each for each in there if not each.is_superseded and not self._is_outdone(each)]
        best = min(standing, key=lambda each: (first[each.survey.root], -each.survey.given), default=None)
        counts = self._counts.setdefault(occurrence.partition("@")[0], {})
        if best is None:
            counts.pop(occurrence, None)
        else:
            counts[occurrence] = best.survey

    def _is_outdone(self, given: Given) -> bool:
        """Whether a later correction of the same response stands, perhaps at another occurrence."""
        return bool(self._corrections) and any(
            each.survey.root == given.survey.root and not each.is_superseded and each.survey.given > given.survey.given
            for each in self._all.values()
            if each.supersedes is not None
        )

    def found(self, id_: str) -> Survey:
        """The response of an id as it now is: of which corrections, and since when. Raises KeyError."""
        return self._all[id_].survey

    def began(self, given: int) -> str | None:
        """When the response at a position of the journal was begun, as far as its corrections say; None where none stands there."""
        id_ = self._at.get(given)
        return None if id_ is None else self._all[id_].survey.began

    def current(self, occurrence: str) -> Survey | None:
        return self._counts.get(occurrence.partition("@")[0], {}).get(occurrence)

    def dose_days(self, since: date) -> list[Survey]:
        """Those that count of dose diaries about the days from ``since`` on, in the order of the days."""
        found = [(each.day, each) for counts in self._counts.values() for each in counts.values()]
        days = [(day, each) for day, each in found if day is not None and day >= since]
        return [each for _, each in sorted(days, key=lambda pair: (pair[0], pair[1].occurrence))]

    def first(self, survey: Survey) -> Survey | None:
        return min(self._before(survey), key=_moment, default=None)

    def previous(self, survey: Survey) -> Survey | None:
        return max(self._before(survey), key=_moment, default=None)

    def following(self, survey: Survey) -> Survey | None:
        return min((each for each in self._others(survey) if _began(each) > _began(survey)), key=_moment, default=None)

    def _before(self, survey: Survey) -> Iterator[Survey]:
        return (each for each in self._others(survey) if _began(each) < _began(survey))

    def _others(self, survey: Survey) -> Iterator[Survey]:
        return (each for each in self._counts.get(survey.assessment, {}).values() if each.occurrence != survey.occurrence)


def _began(survey: Survey) -> str:
    return survey.began or ""


def _moment(survey: Survey) -> tuple[str, int]:
    return _began(survey), survey.given
