"""Who may do what, written down once more by hand: every role, every permission, every place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server.trial.roles import RIGHTS, Grant, Permission, Role, may, sites

# x: the role may. The columns: nurse, investigator, data manager, study manager, administrator, inspector.
WRITTEN_DOWN = """
                      nu in da st ad ip
study.enter            x  x  x  x  x  x
worklist.see           x  x  .  .  .  x
case.work              x  x  .  .  .  .
case.resolve           x  x  .  .  .  .
call.close             x  x  .  .  .  .
expected_level.set     x  x  .  .  .  .
participant.see        x  x  x  .  .  x
participant.enrol      x  x  .  .  .  .
deviation.sign         .  x  .  .  .  .
anchor.write           x  x  .  .  .  .
prescription.write     x  x  .  .  .  .
medicine.write         x  x  .  .  .  .
answer.enter           x  x  .  .  .  .
phone.pair             x  x  .  .  .  .
message.send           x  x  .  .  .  .
contact.see            x  x  .  .  .  .
contact.write          x  x  .  .  .  .
adverse_event.write    x  x  .  .  .  .
adverse_event.sign     .  x  .  .  .  .
correction.propose     x  x  x  .  .  .
correction.decide      .  x  .  .  .  .
scores.see             x  x  x  .  .  x
quarantine.decide      .  .  x  .  .  .
export.make            .  .  x  .  .  .
journal.inspect        .  .  x  .  .  x
counts.see             x  x  x  x  .  x
rules.rehearse         .  .  x  x  .  .
rules.activate         .  .  .  x  .  .
staff.see              .  .  .  x  x  x
staff.manage           .  .  .  .  x  .
"""
COLUMNS = {"nu": "nurse", "in": "investigator", "da": "data-manager", "st": "study-manager", "ad": "administrator", "ip": "inspector"}
OURS, OTHERS = "desminib", "another"


def written_down() -> dict[tuple[str, str], bool]:
    first, *rows = (line.split() for line in WRITTEN_DOWN.strip().splitlines())
    return {(COLUMNS[column], name): mark == "x" for name, *marks in rows for column, mark in zip(first, marks, strict=True)}


def places() -> Iterator[tuple[Grant | None, str, str | None, bool]]:
    """A grant's place, the place asked for, and whether the one covers the other."""
    for asked in (OURS, OTHERS):
        for site in ("01", "02", None):
            yield Grant(Role.NURSE, OURS, "01"), asked, site, asked == OURS and site == "01"
            yield Grant(Role.NURSE, OURS, None), asked, site, asked == OURS


def test_the_table_knows_every_role_and_every_permission() -> None:
    assert {role for role, _ in written_down()} == {str(role) for role in Role}
    assert {name for _, name in written_down()} == {str(permission) for permission in Permission} == {str(name) for name in RIGHTS}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_a_role_may_what_was_written_down_where_it_was_given_and_nowhere_else(role: Role, permission: Permission) -> None:
    wanted = written_down()[role.value, permission.value]
    for place, study, site, covered in places():
        assert place is not None
        held = (Grant(role, place.study, place.site),)
        assert may(held, permission, study, site) is (wanted and covered), (place, study, site)
    assert not may((), permission, OURS, "01")


def test_whoever_reads_for_an_inspection_writes_nothing_and_meets_no_names() -> None:
    held = {name for (role, name), allowed in written_down().items() if role == "inspector" and allowed}
    assert {name.partition(".")[2] for name in held} == {"enter", "see", "inspect"}
    assert "contact.see" not in held


def test_lists_hold_the_sites_of_the_role_that_may_see_them() -> None:
    held = (Grant(Role.NURSE, OURS, "02"), Grant(Role.ADMINISTRATOR, OURS), Grant(Role.INVESTIGATOR, OTHERS))
    assert sites(held, Permission.WORKLIST_SEE, OURS, ("01", "02", "03")) == ("02",)
    assert sites(held, Permission.WORKLIST_SEE, OTHERS, ("01", "02")) == ("01", "02")
    assert sites(held, Permission.STAFF_MANAGE, OTHERS, ("01", "02")) == ()


GRANTS = st.builds(Grant, st.sampled_from(Role), st.sampled_from([OURS, OTHERS]), st.sampled_from([None, "01", "02"]))


@given(st.lists(GRANTS, max_size=5), GRANTS, st.sampled_from(Permission), st.sampled_from([None, "01", "02", "03"]))
def test_another_grant_never_takes_anything_away_and_each_counts_by_itself(
    held: list[Grant], more: Grant, permission: Permission, site: str | None
) -> None:
    alone = [may([each], permission, OURS, site) for each in (*held, more)]
    assert may([*held, more], permission, OURS, site) is any(alone)


def test_every_permission_says_what_it_allows_in_a_sentence() -> None:
    assert all(right.meaning.endswith(".") and right.roles for right in RIGHTS.values())
