"""Cases for the tests of the desk: Ada answers, the rules find something, and a form's fields are those of the case as it stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from qol_server.intake import casework, expecting
from qol_server.state import cases, levels
from qol_server.store import Row
from qol_server.trial.adverse_events import Serious
from qol_server.trial.roles import Role
from tests import people
from tests.intake.test_alerting import nausea
from tests.people import Phone
from tests.staff.rig import House


def answers(house: House, week: int = 0, severity: int = 3, **more: Any) -> Phone:
    """Ada's phone answers the symptom diary of a week and sends it, now."""
    phone = house.trial.phone(house.ada)
    phone.answer(f"symptoms@W{week}", nausea(severity) | more)
    phone.sync()
    return phone


def the_case(house: House) -> Row:
    """Ada's case, of which one is made where there is none yet."""
    there = house.trial.study.store.read().one("SELECT * FROM cases ORDER BY opened_at DESC")
    if there is None:
        answers(house)
        return the_case(house)
    return there


def id_of(house: House) -> dict[str, str]:
    return {"case": the_case(house)["case"]}


def seen(house: House, form: str, **fields: Any) -> dict[str, Any]:
    """A form of the case as it stands."""
    return {"form": form, "seen": the_case(house)["version"], **fields}


def step(house: House, actor: str) -> dict[str, Any]:
    """What a step with the case takes, as it stands now."""
    return {"case": the_case(house)["case"], "seen": the_case(house)["version"], "actor": actor, "now": house.now}


def kinds(house: House) -> list[str]:
    """What happened to Ada's case, oldest first."""
    return [row["kind"] for row in cases.steps(house.trial.study.store.read(), the_case(house)["case"])]


def _ada(house: House) -> dict[str, str]:
    return {"number": house.ada}


def _serious(house: House) -> dict[str, str]:
    """A case that is serious since seven in the evening."""
    there, aware = the_case(house), datetime(2026, 3, 2, 18, tzinfo=UTC)
    if there["serious"] is None:
        casework.state_serious(
            house.trial.study, there["case"], seen=there["version"], criterion=Serious.HOSPITALISATION, aware_at=aware,
            actor=people.NURSE, now=house.now,
        )  # fmt: skip
    return id_of(house)


Parts = Callable[[House], dict[str, str]]
Fields = Callable[[House], dict[str, Any]]


def _form(name: str, parts: Parts = id_of, **fields: str) -> tuple[Parts, Fields]:
    """A form of the page of a case."""
    return parts, lambda house: seen(house, name, **fields)


def _hand(house: House) -> dict[str, Any]:
    return seen(house, "hand", owner=house.login(Role.NURSE, "01", name="olga").actor, reason="End of my shift")


def _something_to_do(house: House) -> dict[str, str]:
    _serious(house)
    return {}


_NOTHING: Fields = lambda _house: {}  # noqa: E731


def _expected(house: House) -> dict[str, str]:
    """Ada, of whom a level is expected."""
    expecting.expect(
        house.trial.study, house.ada, "nausea.severity", 3, date(2026, 3, 20), reason="always so", actor=people.NURSE, now=house.trial.now
    )
    return {"number": house.ada}


def expected_level(house: House) -> str:
    """What names the level that is expected of Ada, as a form does."""
    return str(levels.expected(house.trial.study.store.read(), house.ada)[0].position)


EXAMPLES: dict[str, tuple[Parts, Fields]] = {
    "GET /worklist": (_something_to_do, _NOTHING),
    "GET /worklist/rows": (_something_to_do, _NOTHING),
    "GET /cases/<case>": (id_of, _NOTHING),
    "POST /cases/<case>/acknowledge": _form("acknowledge"),
    "POST /cases/<case>/take": _form("take"),
    "POST /cases/<case>/hand": (id_of, _hand),
    "POST /cases/<case>/contact": _form("contact", channel="telephone", reached="no", note="engaged"),
    "POST /cases/<case>/note": _form("note", note="Call again at six"),
    "POST /cases/<case>/advise": _form("advise", text="Please call us before noon."),
    "POST /cases/<case>/serious": _form("serious", criterion="hospitalisation", aware_at="2026-03-02T18:00"),
    "POST /cases/<case>/retract": _form("retract", _serious, reason="another patient"),
    "POST /cases/<case>/report": _form("report", _serious, reported_at="2026-03-02T19:30", by="on-paper", to="the sponsor"),
    "POST /cases/<case>/resolve": _form("resolve", action="called", outcome="improving", reason="better"),
    "GET /participants/<number>/expected": (_ada, _NOTHING),
    "POST /participants/<number>/expected": (
        _ada, lambda _house: {"form": "expect", "level": "nausea.severity=3", "until": "2026-03-20", "reason": "always so"},
    ),
    "POST /participants/<number>/expected/end": (
        _expected, lambda house: {"form": "end", "level": expected_level(house), "reason": "over"},
    ),
}  # fmt: skip
"""Method and path -> what stands in the address, and what is posted."""
