"""The way into a study: consent and its renewals, criteria and their limits, and where a participant stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.trial import consenting, eligibility
from qol_server.trial.eligibility import Result
from qol_server.trial.participant import Consent
from qol_server.trial.participation import set_apart, standing
from qol_server.trial.protocol import ConsentVersion, Criterion
from tests.trial.worked import cases, one_day, read, somebody

QUICK = settings(max_examples=100, deadline=None)
VERSIONS = tuple(
    ConsentVersion(each["version"], one_day(each["from"]), each.get("renew", False) in (True, "yes"), each.get("until_renewed") == "pause")
    for each in read("consents-renewals")["versions"]
)
FIRST = VERSIONS[0].since
DAYS = st.integers(-10, 200).map(lambda n: FIRST + timedelta(days=n))
GIVEN = st.lists(st.builds(Consent, st.sampled_from([*(one.version for one in VERSIONS), "draft"]), DAYS), max_size=5)
CRITERIA = {
    name: Criterion(
        name, said["ask"], **{key: Decimal(said[key]) for key in ("above", "below", "at_least", "at_most") if key in said},
        expect=said.get("expect") in (True, "yes") if "expect" in said else None,
    )
    for name, said in read("eligibility-limits")["criteria"].items()
}  # fmt: skip


@pytest.mark.parametrize("case", cases("consents-renewals"))
def test_when_a_consent_is_needed_again(case: dict[str, Any]) -> None:
    signed = [Consent(version, one_day(day)) for version, day in case["given"]]
    found = consenting.renewal(VERSIONS, signed, one_day(case["day"]))
    told = None if found is None else {"version": found.version, "since": found.since, "paused_since": found.paused_since}
    assert told == case["expect"]
    assert consenting.collecting_pauses(VERSIONS, signed, one_day(case["day"])) == (told is not None and told["paused_since"] is not None)


@QUICK
@given(GIVEN, DAYS)
def test_signing_what_is_needed_settles_it_on_that_day(signed: list[Consent], day: date) -> None:
    found = consenting.renewal(VERSIONS, signed, day)
    if found is None:
        return
    assert consenting.in_force(VERSIONS, day) == next(one for one in VERSIONS if one.version == found.version)
    assert consenting.renewal(VERSIONS, [*signed, Consent(found.version, day)], day) is None


@QUICK
@given(GIVEN, DAYS, st.builds(Consent, st.sampled_from([one.version for one in VERSIONS]), DAYS))
def test_one_more_signature_never_pauses_anybody(signed: list[Consent], day: date, more: Consent) -> None:
    if consenting.collecting_pauses(VERSIONS, [*signed, more], day):
        assert consenting.collecting_pauses(VERSIONS, signed, day)


@QUICK
@given(GIVEN, DAYS)
def test_any_of_the_versions_that_settle_settles_and_no_other_does(signed: list[Consent], day: date) -> None:
    given_by_then = {one.version for one in signed if one.day <= day}
    settling = consenting.settling(VERSIONS, day)
    assert (consenting.renewal(VERSIONS, signed, day) is None) == (not settling or bool(given_by_then & set(settling)))


@QUICK
@given(GIVEN)
def test_a_phone_that_is_told_ahead_pauses_on_the_day_on_which_the_server_does(signed: list[Consent]) -> None:
    told = consenting.next_pause(VERSIONS, signed)
    last = max((one.day for one in signed), default=FIRST)
    for n in range(150):
        day = max(last, FIRST) + timedelta(days=n)
        assert consenting.collecting_pauses(VERSIONS, signed, day) == (told is not None and told.since <= day)


def test_a_study_that_lists_no_versions_needs_none_again() -> None:
    assert consenting.renewal((), [Consent("1.0", FIRST)], FIRST) is None
    assert consenting.next_pause((), []) is None


@pytest.mark.parametrize("case", cases("eligibility-limits"))
def test_a_criterion_is_judged_by_its_value(case: dict[str, Any]) -> None:
    criterion = CRITERIA[case["criterion"]]
    if case["expect"] == "refused":
        with pytest.raises(ValueError, match="is not"):
            eligibility.read(criterion, case["value"])
        return
    kept = None if case["value"] is None else eligibility.read(criterion, case["value"])
    assert kept == case.get("kept", case["value"])
    judged = eligibility.judge(criterion, kept)
    assert judged.result == case["expect"]
    assert judged.broken == (tuple(case["must"]) if "must" in case else None)
    assert (judged.why == "") == (judged.result is Result.MET)


NUMBERS = st.decimals(0, 999_999, places=6, allow_nan=False, allow_infinity=False)


@QUICK
@given(NUMBERS, NUMBERS, st.sampled_from(["above", "below", "at_least", "at_most"]))
def test_limits_are_exact_and_strict_ones_are_the_inclusive_ones_without_the_number_itself(
    bound: Decimal, value: Decimal, kind: str
) -> None:
    def is_met(name: str, number: Decimal) -> bool:
        text = eligibility.read(CRITERIA["anc"], format(number, "f"))
        return eligibility.judge(Criterion("x", "number", **{name: bound}), text).result is Result.MET  # type: ignore[arg-type]

    opposite = {"above": "at_most", "at_most": "above", "below": "at_least", "at_least": "below"}[kind]
    assert is_met(kind, value) != is_met(opposite, value)
    assert is_met(kind, bound) == (kind in ("at_least", "at_most"))
    least = Decimal("0.000001")
    assert is_met("above", bound + least)
    assert not is_met("at_most", bound + least)


@QUICK
@given(
    st.dictionaries(st.sampled_from(["anc", "creatinine"]), st.sampled_from(["0", "2.5", "1000", "3000"])),
    st.sets(st.tuples(st.sampled_from(["anc", "creatinine"]), st.sampled_from(["0", "2.5", "1000", "3000"]))),
)
def test_a_deviation_counts_for_its_own_value_and_never_for_what_is_unknown(values: dict[str, str], signed: set[tuple[str, str]]) -> None:
    judged = eligibility.judge_all([CRITERIA["anc"], CRITERIA["creatinine"]], values, signed)
    for one in judged:
        accepted = (one.criterion.id, one.value) in signed
        assert one.blocks == (one.result is Result.UNKNOWN or (one.result is Result.NOT_MET and not accepted))
    assert eligibility.may_be_included(judged) == (len(values) == 2 and not any(one.blocks for one in judged))


@pytest.mark.parametrize(
    ("anchors", "withdrawals", "paused_until", "told"),
    [
        ({}, {}, None, None),
        ({"death": "2026-03-05"}, {}, None, None),  # not yet
        ({"death": "2026-03-04"}, {"consent": "2026-03-01"}, "2026-03-09", ("death", "2026-03-04")),
        ({}, {"consent": "2026-03-02", "contact": "2026-03-01"}, "2026-03-09", ("withdrawal.consent", "2026-03-02")),
        ({"lost_to_follow_up": "2026-03-01"}, {"contact": "2026-03-02"}, None, ("withdrawal.contact", "2026-03-02")),
        ({"lost_to_follow_up": "2026-03-01"}, {"treatment": "2026-02-01"}, "2026-03-09", ("lost_to_follow_up", "2026-03-01")),
        ({}, {"questionnaires": "2026-03-01"}, "2026-03-04", ("paused", "2026-03-04")),
        ({}, {"questionnaires": "2026-03-01", "treatment": "2026-02-01"}, "2026-03-03", ("withdrawal.questionnaires", "2026-03-01")),
        ({"lost_to_follow_up": "2026-03-01"}, {"contact": "2026-03-01"}, "9999-12-31", ("said-dead", "9999-12-31")),
        ({"treatment_start": "2026-01-01"}, {"treatment": "2026-02-01"}, None, ("withdrawal.treatment", "2026-02-01")),
    ],
)
def test_what_has_to_be_known_before_somebody_is_called(
    anchors: dict[str, str], withdrawals: dict[str, str], paused_until: str | None, told: tuple[str, str] | None
) -> None:
    one = replace(
        somebody({"anchors": anchors, "withdrawals": withdrawals}), paused_until=None if paused_until is None else one_day(paused_until)
    )
    assert set_apart(one, one_day("2026-03-04")) == (None if told is None else (told[0], one_day(told[1])))


@pytest.mark.parametrize("case", cases("participation-standings"))
def test_where_a_participant_stands(case: dict[str, Any]) -> None:
    included = case.get("included", "yes") in (True, "yes")
    one = replace(somebody(case), included=included, unmet=tuple(case.get("unmet", ())))
    assert standing(one, one_day(case["day"])) == case["expect"]
