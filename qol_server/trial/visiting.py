"""Which visits of the protocol bring a participant to the site."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qol_server.trial.protocol import Protocol, Visit
from qol_server.trial.schedule import Assignment


def on_site(protocol: Protocol) -> dict[str, tuple[Visit, ...]]:
    """Assessment -> its visits for which the participant comes; only assessments that have one."""
    found = {one.id: tuple(visit for visit in one.visits if visit.on_site) for one in protocol.assessments.values()}
    return {name: visits for name, visits in found.items() if visits}


def coming(protocol: Protocol, assignments: Iterable[Assignment]) -> list[Assignment]:
    """Those of the assignments for which the participant comes to the site."""
    visits = on_site(protocol)
    return [one for one in assignments if any(_makes(visit, one.visit) for visit in visits.get(one.assessment, ()))]


def _makes(visit: Visit, name: str) -> bool:
    """Whether a visit, or a series of them, makes an assignment of this name."""
    pattern = "".join("[0-9]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[nyh]\})", visit.id))
    return re.fullmatch(f"{pattern}(#[0-9]+)?", name) is not None
