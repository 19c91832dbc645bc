"""How a report to the sponsor is recorded, of a case and of an adverse event alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qol_server.clock import stamp
from qol_server.intake.enrolling import must_be_no_name
from qol_server.trial import problems, seriousness
from qol_server.trial.problems import Refused
from qol_server.trial.seriousness import Report


@dataclass(frozen=True, slots=True)
class Made:
    """A report as it was made: when, by whom, to whom; ``reference``: how, and under which number, where there is one.

    ``by`` is as ``enrolling.must_be_no_name`` wants it.
    """

    at: datetime
    by: str
    to: str
    reference: str = ""


def fact(report: Report, made: Made, now: datetime) -> dict[str, str]:
    """What the journal keeps of a report, but for what it is about. Raises Refused(bad-value)."""
    if not seriousness.may_be_reported(report, made.at, now):
        between = f"between {stamp(report.aware_at)} and {stamp(now)}"
        raise Refused(problems.BAD_VALUE, f"The report can have been made {between}, and is recorded once.")
    if not made.to.strip():
        raise Refused(problems.BAD_VALUE, "Say who received the report.")
    must_be_no_name(made.by)
    return {"reported_at": stamp(made.at), "by": made.by, "to": made.to.strip(), "reference": made.reference.strip()}
