"""Which consent a participant has to sign: the version in force on a day, and whether an amendment needs it anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from qol_server.trial.participant import Consent
from qol_server.trial.protocol import ConsentVersion


@dataclass(frozen=True, slots=True)
class Renewal:
    """A consent that is needed again: ``version`` is to be signed, since a day; ``paused_since``: nothing is collected from then on."""

    version: str
    since: date
    paused_since: date | None


def in_force(versions: Sequence[ConsentVersion], day: date) -> ConsentVersion | None:
    """The version that is signed on a day; None before the first, or where the study lists none."""
    return next((one for one in reversed(versions) if one.since <= day), None)


def renewal(versions: Sequence[ConsentVersion], given: Iterable[Consent], day: date) -> Renewal | None:
    """What has to be signed again on ``day``; None when nothing has.

    ``versions`` in order of time. Only what was given by that day counts. A consent covers its own version and all before it;
    one to a version that is not listed covers none that needs renewing.
    """
    current = in_force(versions, day)
    open_ones = [one for one in _outstanding(versions, [each for each in given if each.day <= day]) if one.since <= day]
    if current is None or not open_ones:
        return None
    return Renewal(current.version, open_ones[0].since, min((one.since for one in open_ones if one.pauses), default=None))


def settling(versions: Sequence[ConsentVersion], day: date) -> tuple[str, ...]:
    """The versions of which any one settles all that has to be renewed by ``day``; none where nothing has."""
    last = max((place for place, one in enumerate(versions) if one.renew and one.since <= day), default=None)
    return () if last is None else tuple(one.version for one in versions[last:])


def next_pause(versions: Sequence[ConsentVersion], given: Iterable[Consent]) -> ConsentVersion | None:
    """The first version, now or later in force, for want of which collecting pauses; None when there is none.

    A phone is told it ahead, so that it pauses by itself, without a network.
    """
    return next((one for one in _outstanding(versions, list(given)) if one.pauses), None)


def collecting_pauses(versions: Sequence[ConsentVersion], given: Iterable[Consent], day: date) -> bool:
    """Whether nothing is collected on ``day`` because a consent is needed again."""
    found = renewal(versions, given, day)
    return found is not None and found.paused_since is not None


def _outstanding(versions: Sequence[ConsentVersion], given: Sequence[Consent]) -> list[ConsentVersion]:
    places = {one.version: place for place, one in enumerate(versions)}
    reached = max((places.get(one.version, -1) for one in given), default=-1)
    return [one for one in versions[reached + 1 :] if one.renew]
