"""A data folder is made once, private, and never made over."""

from __future__ import annotations

from tests.cli.desk import Desk


def test_the_folder_and_its_key_are_made_for_nobody_else(desk: Desk) -> None:
    said = desk.read("init")
    assert (desk.data / "keys").stat().st_mode & 0o777 == 0o700
    for name in ("journal.pem", "contacts.key", "push.pem"):
        assert (desk.data / "keys" / name).stat().st_mode & 0o777 == 0o600
        assert str(desk.data / "keys" / name) in said["made"]


def test_a_second_time_makes_nothing_and_keeps_the_key(desk: Desk) -> None:
    first = desk.read("init")
    again = desk.read("init")
    assert again["made"] == []
    assert again["public_key"] == first["public_key"]
    desk.run("init")
    assert "Keep a copy of" in desk.out


def test_a_key_that_others_may_read_is_made_private_again(desk: Desk) -> None:
    desk.run("init")
    for name in ("journal.pem", "contacts.key", "push.pem"):
        (desk.data / "keys" / name).chmod(0o644)
        assert desk.run("doctor") == 1
        desk.run("init")
        assert (desk.data / "keys" / name).stat().st_mode & 0o777 == 0o600


def test_a_key_of_contacts_that_is_lost_is_not_made_anew_beside_what_it_opens(desk: Desk) -> None:
    desk.run("init")
    (desk.data / "contacts").mkdir()
    (desk.data / "contacts" / "desminib.db").touch()
    (desk.data / "keys" / "contacts.key").unlink()
    assert desk.run("init") == 3
    assert "contacts.key" in desk.err
    assert not (desk.data / "keys" / "contacts.key").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(desk: Desk) -> None:
    desk.data.parent.mkdir(exist_ok=True)
    desk.data.write_text("a file", encoding="ascii")
    assert desk.run("init") == 2
    assert str(desk.data) in desk.err
