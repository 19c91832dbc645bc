"""Examples of the addresses about a participant's course: what stands in the address, and what is posted."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from qol_server.access import pairing
from qol_server.intake import medicating, pausing, prescribing
from qol_server.intake.medicating import Written
from qol_server.state import medicines, participants
from qol_server.trial.medicines import Medicine
from tests import people
from tests.staff.rig import House

ONE = "/participants/<number>"


def ada(house: House) -> dict[str, str]:
    return {"number": house.ada}


def nothing(_house: House) -> dict[str, Any]:
    return {}


def last(house: House) -> int:
    """The position at which Ada's prescriptions last changed."""
    return prescribing.last(participants.prescriptions(house.trial.study.store.read(), house.ada))


def prescription(house: House) -> dict[str, str]:
    return {"number": house.ada, "position": str(last(house))}


def paused(house: House) -> dict[str, str]:
    """Ada, whose contact is paused."""
    if house.trial.study.store.read().one("SELECT 1 FROM pauses") is None:
        pausing.pause(house.trial.study, house.ada, date(2026, 3, 20), reason="hospital", actor=people.NURSE, now=house.now)
    return ada(house)


def phone(house: House) -> str:
    """A phone of Ada's; one that was not locked out, if there is any."""
    devices = pairing.active_devices(house.trial.study.store.read(), house.ada)
    return devices[0] if devices else house.trial.phone(house.ada).client.device_id


def dose(house: House) -> dict[str, str]:
    return {"number": house.ada, "occurrence": "dose@2026-03-02"}


def happened(house: House) -> dict[str, str]:
    """Something that happened; each time another."""
    return {"number": house.ada, "occurrence": "adverse-event@new"}


def typed(_house: House) -> dict[str, Any]:
    said = {"mode": "telephone", "by": "participant", "answered": "2026-03-02T19:00", "item.what": "Nausea", "item.severity": "2"}
    return {"form": "answers", "entry": str(uuid.uuid4()), **said}


IBUPROFEN = {"name": "Ibuprofen", "indication": "Headache", "purpose": "other", "standing": "ongoing", "start": "2026-03-02"}


def known_medicine(house: House) -> Any:
    """What Ada takes besides; written down where nothing was yet."""
    study = house.trial.study
    if not medicines.of(study.store.read(), house.ada):
        what = Written(Medicine("Ibuprofen", start=date(2026, 3, 2)), "Headache", "400 mg", ongoing=True)
        medicating.write_down(study, house.ada, str(uuid.uuid4()), what, actor=people.NURSE, now=house.now)
    return medicines.of(study.store.read(), house.ada)[0]


def medicine(house: House) -> dict[str, str]:
    return {"number": house.ada, "medicine": known_medicine(house)["medicine"]}


def hold(house: House) -> dict[str, Any]:
    odd = ["same-day", "today"]
    return {"form": "prescribe", "what": "hold", "day": "2026-03-02", "reason": "toxicity", "seen": last(house), "confirm": odd}


def moved(house: House) -> dict[str, Any]:
    before = "before-treatment-start"
    return {"form": "correct", "how": "moved", "day": "2026-03-01", "reason": "a slip", "seen": last(house), "confirm": before}


def confirmed(what: str) -> Callable[[House], dict[str, Any]]:
    return lambda _house: {"form": "confirm", "what": what, "day": "2026-03-02", "reason": "a letter"}


EXAMPLES: dict[str, tuple[Callable[[House], dict[str, str]], Callable[[House], dict[str, Any]]]] = {
    f"GET {ONE}/treatment": (ada, nothing),
    f"POST {ONE}/treatment": (ada, hold),
    f"GET {ONE}/treatment/<position>": (prescription, nothing),
    f"POST {ONE}/treatment/<position>": (prescription, moved),
    f"GET {ONE}/phones": (ada, nothing),
    f"POST {ONE}/phones": (ada, lambda _house: {"form": "code", "how": "beside"}),
    f"POST {ONE}/phones/lost": (ada, lambda house: {"form": "lost", "device": phone(house), "reason": "lost"}),
    f"GET {ONE}/enter": (ada, nothing),
    f"GET {ONE}/enter/<occurrence>": (dose, nothing),
    f"POST {ONE}/enter/<occurrence>": (happened, typed),
    f"GET {ONE}/medicines": (ada, nothing),
    f"POST {ONE}/medicines": (ada, lambda _house: {"form": "medicine", **IBUPROFEN}),
    f"GET {ONE}/medicines/<medicine>": (medicine, nothing),
    f"POST {ONE}/medicines/<medicine>": (
        medicine,
        lambda house: {"form": "change", **IBUPROFEN, "reason": "it is over", "seen": known_medicine(house)["version"]},
    ),
    f"GET {ONE}/dates": (ada, nothing),
    f"POST {ONE}/dates/preview": (ada, lambda _house: {"form": "change", "what": "death", "day": "2026-03-02"}),
    f"POST {ONE}/dates/record": (ada, confirmed("progression")),
    f"POST {ONE}/dates/end": (ada, confirmed("withdrawal.consent")),
    f"POST {ONE}/dates/pause": (ada, lambda _house: {"form": "pause", "until": "2026-03-20", "reason": "hospital"}),
    f"POST {ONE}/dates/resume": (paused, lambda _house: {"form": "resume"}),
}
"""Method and path -> the two parts of an example."""
