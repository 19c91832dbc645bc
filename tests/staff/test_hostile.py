"""What somebody may send who means harm, or whose finger slipped: it is refused in words, quickly, and nothing breaks."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from qol_server.access import passwords
from qol_server.intake import vault
from qol_server.staff.forms import LONGEST, Form
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Role
from tests import people
from tests.staff.rig import House

MARKS = "a" + "\u0300\u0316" * 200_000


def form(**typed: str) -> Form:
    return Form("one", MultiDict(typed), lambda key, **_values: key)


def test_a_text_of_nothing_but_marks_is_not_brought_into_one_form() -> None:
    def never(*_: object) -> str:
        raise AssertionError("it takes the square of the length")

    asked = form(reason=MARKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unicodedata.normalize", never)
        assert asked.text("reason") == ""
        with pytest.raises(Refused, match="characters"):
            passwords.check(MARKS)
    assert asked.errors == {"reason": "form.too_long"}


def test_a_text_of_letters_with_marks_may_be_as_long_as_any_other() -> None:
    decomposed = "e\u0301" * LONGEST
    asked = form(reason=decomposed)
    assert (asked.text("reason"), asked.errors) == ("é" * LONGEST, {})


@pytest.mark.parametrize("typed", ["0001-01-01", "1026-03-02", "9999-12-31"])
def test_a_slip_in_the_year_is_told(typed: str) -> None:
    asked = form(day=typed, moment=f"{typed}T20:15")
    assert (asked.day("day"), asked.moment("moment")) == (None, None)
    assert asked.errors == {"day": "form.day", "moment": "form.moment"}


@pytest.mark.parametrize("path", ["/calls?after=1~²", f"/calls?after=1~{'9' * 22}", f"/calls?order=age&after={'9' * 5000}"])
def test_a_place_in_the_list_of_calls_that_there_is_not(desk: House, path: str) -> None:
    assert desk.login(Role.NURSE, "01").get(path).status_code == 200


def test_a_call_beyond_all_numbers(desk: House) -> None:
    assert desk.login(Role.NURSE, "01").get(f"/calls/{'9' * 20}").status_code == 404


def test_what_is_erased_stays_so_whoever_writes_at_the_same_time(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    study, number = desk.trial.study, desk.ada
    said = {"actor": people.NURSE, "now": desk.now}
    erasing = threading.Thread(target=vault.erase, args=(study, number), kwargs={"reason": "asked for"} | said)
    put = study.contacts.put

    def overtaken(*given: Any) -> None:
        """Between the word in the journal and the details somebody else wants to erase them."""
        erasing.start()
        erasing.join(0.2)  # whoever may not write yet is still waiting then
        put(*given)

    monkeypatch.setattr(study.contacts, "put", overtaken)
    vault.write(study, number, {"name": "Ada Martin"}, **said)
    erasing.join()
    assert not vault.is_kept(study, number)


def test_nobody_gives_a_role_to_themselves(desk: House) -> None:
    alma = desk.login(Role.ADMINISTRATOR)
    alma.post(f"/accounts/{alma.login}/roles", form="give", role="investigator", site="")
    assert alma.status == 409
    assert "own account" in alma.text
    assert alma.get(f"/participants/{desk.ada}/contact").status_code == 404
