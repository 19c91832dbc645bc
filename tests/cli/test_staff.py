"""The accounts of staff from the command line: added, given roles, reset, listed; who did it is in the server's journal."""

from __future__ import annotations

import io
import json

import pytest

from qol_server import journal, library
from qol_server.intake import logins
from qol_server.intake.staff import open_staff
from qol_server.settings import Settings
from qol_server.store import Store
from tests.access.office import NORA, PASSWORD, START
from tests.cli.desk import Desk

ADD = ("staff", "add", NORA, "--name", "Nora Keller", "--as", "root")


def entries(desk: Desk) -> list[tuple[str, str, dict[str, object]]]:
    """Kind, actor and fact of all that the server's journal holds."""
    store = Store(Settings(desk.data).server, read_only=True)
    return [(entry.kind, entry.actor, json.loads(entry.line)) for entry in journal.every(store.read())]


def test_an_account_is_added_with_a_code_that_sets_it_up(desk: Desk) -> None:
    desk.demonstration()
    added = desk.read(*ADD, "--language", "fr", "--url", "https://qol.example.org/")
    assert added == {"login": NORA, "code": added["code"], "link": f"https://qol.example.org/staff/set-up#{added['code']}"}
    staff = open_staff(Settings(desk.data), START)
    assert logins.begin_set_up(staff, added["code"], PASSWORD, now=START).login == NORA
    [(_, server, _), (kind, actor, fact)] = entries(desk)
    assert (server, kind, actor) == ("server", "account.added", "staff:root")
    assert (fact["login"], fact["language"]) == (NORA, "fr")
    assert "Keller" not in str(entries(desk)), "a name can be erased, an entry cannot"
    assert added["code"] not in str(entries(desk))


def test_what_a_person_reads_says_what_to_do_next(desk: Desk) -> None:
    desk.demonstration()
    assert desk.run(*ADD) == 0
    assert "Code  " in desk.out
    assert f"Hand it to nobody but {NORA}" in desk.out
    assert f"qol staff role {NORA} nurse STUDY" in desk.out


def test_a_password_comes_from_standard_input_and_nowhere_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.demonstration()
    for typed, problem in (("\n", "wrong-input"), ("password1234\n", "password-weak")):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert desk.problem(*ADD, "--password") == (problem, 2)
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert desk.read(*ADD, "--password") == {"login": NORA, "code": None, "link": None}
    assert desk.run(*ADD, "--password", PASSWORD) == 2, "an argument stands in the list of processes"
    staff = open_staff(Settings(desk.data), START)
    assert logins.log_in(staff, NORA, PASSWORD, "", address="192.0.2.7", browser=None, now=START).token
    assert desk.read("staff", "list")["accounts"][0]["state"] == "password only"


def test_a_role_is_given_at_a_site_of_a_study_and_taken_again(desk: Desk) -> None:
    desk.demonstration()
    desk.run(*ADD)
    given = desk.read("staff", "role", NORA, "nurse", "desminib", "--site", "01", "--as", "root")
    assert given["roles"] == [{"role": "nurse", "study": "desminib", "site": "01"}]
    assert desk.run("staff", "role", NORA, "nurse", "desminib", "--site", "01") == 2
    assert "has this role there already" in desk.err
    desk.run("staff", "role", NORA.upper(), "data-manager", "desminib", "--as", "root")
    assert f"{NORA}: data-manager in desminib, nurse in desminib at 01." in desk.out
    assert desk.read("staff", "role", NORA, "nurse", "desminib", "--site", "01", "--take", "--as", "dana")["roles"] == [
        {"role": "data-manager", "study": "desminib", "site": None}
    ]
    assert desk.run("staff", "role", NORA, "nurse", "desminib", "--take") == 2
    assert "does not have this role there" in desk.err
    assert [(kind, actor, fact["role"], fact["site"]) for kind, actor, fact in entries(desk) if kind.startswith("role")] == [
        ("role.given", "staff:root", "nurse", "01"),
        ("role.given", "staff:root", "data-manager", None),
        ("role.taken", "staff:dana", "nurse", "01"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((NORA, "nurse", "desminib", "--site", "09"), "Allowed: 01, 02, 03"),
        ((NORA, "nurse", "another"), "There is no study 'another'"),
        ((NORA, "boss", "desminib"), "'investigator'"),
        (("ivan@hospital.example", "nurse", "desminib"), "qol staff list"),
    ],
)
def test_a_wrong_role_is_named_with_what_is_allowed(desk: Desk, words: tuple[str, ...], said: str) -> None:
    desk.demonstration()
    desk.run(*ADD)
    assert desk.run("staff", "role", *words) == 2
    assert said in desk.err


def test_a_reset_gives_a_new_code_and_keeps_the_roles(desk: Desk) -> None:
    desk.demonstration()
    first = desk.read(*ADD)["code"]
    desk.run("staff", "role", NORA, "nurse", "desminib")
    assert desk.problem(*ADD) == ("account-exists", 1)
    second = desk.read("staff", "reset", NORA, "--as", "root")["code"]
    assert second != first
    [listed] = desk.read("staff", "list")["accounts"]
    assert (listed["login"], listed["state"], len(listed["roles"])) == (NORA, "set-up waits", 1)
    assert entries(desk)[-1][:2] == ("account.reset", "staff:root")
    assert desk.problem("staff", "reset", "nobody@hospital.example") == ("account-unknown", 2)


def test_an_account_is_closed_and_opened_again(desk: Desk) -> None:
    desk.demonstration()
    desk.run(*ADD, "--email", "nora@hospital.example")
    assert desk.read("staff", "close", NORA.upper(), "--as", "root") == {"login": NORA}
    [listed] = desk.read("staff", "list")["accounts"]
    assert listed["state"] == "closed"
    assert desk.problem("staff", "close", NORA, "--as", "root") == ("account-closed", 1)
    desk.run("staff", "erase", NORA, "--as", "root")
    assert desk.read("staff", "list")["accounts"][0]["name"] == NORA
    desk.run("staff", "reset", NORA, "--as", "root")
    assert desk.problem("staff", "erase", NORA, "--as", "root") == ("account-open", 1)
    assert desk.read("staff", "list")["accounts"][0]["state"] == "set-up waits"
    assert [kind for kind, _, _ in entries(desk)][1:] == ["account.added", "account.closed", "account.erased", "account.reset"]


def test_the_list_is_a_table_or_says_how_to_begin(desk: Desk) -> None:
    desk.demonstration()
    desk.run("staff", "list")
    assert "qol staff add LOGIN" in desk.out
    desk.run(*ADD)
    desk.run("staff", "role", NORA, "nurse", "desminib", "--site", "01")
    desk.run("staff", "list")
    assert [line.split() for line in desk.out.splitlines()] == [
        ["login", "name", "state", "last", "login", "roles"],
        [NORA, "Nora", "Keller", "set-up", "waits", "nurse", "in", "desminib", "at", "01"],
    ]


def test_the_servers_journal_is_verified_by_its_name(desk: Desk) -> None:
    desk.demonstration()
    desk.run(*ADD)
    found = desk.read("verify", "server")
    assert (found["study"], found["ok"], found["entries"]) == ("server", True, 2)


def test_the_doctor_looks_at_the_journal_of_accounts_as_well(desk: Desk) -> None:
    desk.demonstration()
    desk.run(*ADD)
    assert desk.run("doctor") == 0
    assert "server: 2 entries; the newest 2 are in order" in desk.out
    store = Store(Settings(desk.data).server)
    store.write(lambda tx: tx.run("DROP TRIGGER entries_stay"))
    store.close()
    assert desk.run("doctor") == 1
    assert "server: the triggers are gone: entries_stay" in desk.out


@pytest.mark.parametrize("slug", ["server", "staff"])
def test_no_study_takes_the_servers_names(desk: Desk, slug: str) -> None:
    desk.run("init")
    protocol = desk.data / "protocol.yaml"
    protocol.write_bytes(library.shipped_studies()["desminib"].read_bytes().replace(b"study: desminib", f"study: {slug}".encode()))
    assert desk.run("study", "adopt", protocol, "--stand-in") == 2
    assert slug in desk.err


def test_without_a_data_folder_it_says_how_to_make_one(desk: Desk) -> None:
    assert desk.run(*ADD) == 3
    assert "qol init" in desk.err
