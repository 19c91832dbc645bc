"""An example of each address of the desk: what to ask for, so that a test can walk all of them for every role and site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qol_server.trial.roles import Grant, Role
from tests import people
from tests.staff import casebook, clinic, course, entering, rehearsing, telephone
from tests.staff.rig import House


@dataclass(frozen=True, slots=True)
class Example:
    """``parts`` makes what stands in the address (of site 01), ``form`` what is posted; both may prepare what has to be there."""

    parts: Callable[[House], dict[str, str]] = lambda _house: {}
    form: Callable[[House], dict[str, Any]] = field(default=lambda _house: {})


def _olga(house: House) -> dict[str, str]:
    """The account of a nurse at site 01."""
    return {"login": house.account("olga", Grant(Role.NURSE, people.SLUG, "01"))}


def _ada(house: House) -> dict[str, str]:
    return {"number": house.ada}


def _nausea(house: House) -> dict[str, str]:
    """Ada, and an adverse event of hers that waits for its signature."""
    return {"number": house.ada, "ae": clinic.record(house)}


def _serious(house: House) -> dict[str, str]:
    """Ada, and a serious adverse event of hers of which the site knows since an hour ago."""
    return {"number": house.ada, "ae": clinic.record(house, clinic.SERIOUS)}


_AE = "/participants/<number>/adverse-events"

_NEW = {"form": "add", "login": "new@hospital.example", "name": "New", "language": "en", "role": "nurse"}


def _call(house: House) -> dict[str, str]:
    """A call of Ada's, who asks for one."""
    return {"call": str(telephone.asked(house)["position"])}


def _calls(house: House) -> dict[str, str]:
    """Several calls and a weekly digest."""
    telephone.asked(house, "stop", "It is too much for me")
    telephone.of_a_fortnight(house)
    return {}


_CALL = "/calls/<int:call>"

EXAMPLES: dict[str, Example] = {
    "GET /": Example(),
    "GET /participants/<number>": Example(_ada),
    "GET /accounts": Example(),
    "POST /accounts": Example(
        form=lambda _house: {"form": "add", "login": "new@hospital.example", "name": "New", "language": "en", "role": "nurse"}
    ),
    "GET /accounts/<login>": Example(_olga),
    "POST /accounts/<login>/reset": Example(_olga),
    "POST /accounts/<login>/close": Example(_olga),
    "POST /accounts/<login>/roles": Example(_olga, lambda _house: {"form": "give", "role": "nurse", "site": "02"}),
    "POST /accounts/<login>/roles/take": Example(_olga, lambda _house: {"form": "take", "role": "nurse", "site": "01"}),
    "GET /calls": Example(_calls),
    "GET /calls/digest": Example(_calls),
    f"GET {_CALL}": Example(_call),
    f"POST {_CALL}/take": Example(_call, lambda house: {"form": "take"} | telephone.seen(house)),
    f"POST {_CALL}/attempt": Example(_call, lambda house: {"form": "attempt", "way": "telephone", "reached": "no"} | telephone.seen(house)),
    f"POST {_CALL}/close": Example(_call, lambda house: {"form": "close", "reason": "informed"} | telephone.seen(house)),
    "GET /participants/<number>/reminders": Example(_ada),
    "GET /participants/<number>/summary": Example(_ada),
    "GET /participants/<number>/answers/<occurrence>": Example(clinic.baseline),
    "GET /participants/<number>/scores/<occurrence>": Example(clinic.baseline),
    f"GET {_AE}": Example(_ada),
    f"GET {_AE}/new": Example(_ada),
    f"POST {_AE}/new": Example(_ada, lambda _house: clinic.NAUSEA | {"form": "event"}),
    f"GET {_AE}/<ae>": Example(_nausea),
    f"POST {_AE}/<ae>/change": Example(
        _nausea, lambda house: clinic.NAUSEA | {"form": "event", "grade": "3", "reason": "worse"} | clinic.seen(house)
    ),
    f"POST {_AE}/<ae>/sign": Example(_nausea, lambda house: {"form": "sign"} | clinic.seen(house)),
    f"POST {_AE}/<ae>/report": Example(
        _serious,
        lambda house: {"form": "report", "reported_at": "2026-03-02T19:30", "by": "on-paper", "to": "Sponsor"} | clinic.seen(house),
    ),
    f"POST {_AE}/<ae>/withdraw": Example(_nausea, lambda house: {"form": "withdraw", "reason": "wrong participant"} | clinic.seen(house)),
    **{name: Example(*both) for name, both in course.EXAMPLES.items()},
    **{name: Example(*both) for name, both in casebook.EXAMPLES.items()},
    **{name: Example(*both) for name, both in entering.EXAMPLES.items()},
    **{name: Example(*both) for name, both in rehearsing.EXAMPLES.items()},
}
"""Method and path below the desk of a study, as they are declared -> the example."""
