"""The participants of somebody's sites as a list, and who is expected at the sites on a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Response, request

from qol_server.access import pairing
from qol_server.staff import look
from qol_server.staff.course import withdrawal_of
from qol_server.staff.desk import ANY_SITE, Desk, Pages
from qol_server.state import participants, roll
from qol_server.state.roll import Completion
from qol_server.store import Row
from qol_server.trial import consenting, visiting
from qol_server.trial.participant import Participant
from qol_server.trial.participation import DONE, Standing, set_apart, standing
from qol_server.trial.roles import Permission
from qol_server.trial.schedule import Assignment, local

PAGES = Pages()
AT_ONCE = 50  # participants on a page
SORTS = ("number", "standing", "seen")
CONSENT = "consent"  # as a filter beside the standings: whose consent is needed again
GRAVITY = {  # how much a standing needs somebody's eye
    Standing.SCREENING: "calm", Standing.NOT_ELIGIBLE: "plain", Standing.INCLUDED: "calm", Standing.ON_TREATMENT: "good",
    Standing.FOLLOW_UP: "good", Standing.LOST: "soon", Standing.ENDED: "plain", Standing.WITHDRAWN: "plain", Standing.DIED: "plain",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One participant in the list. ``phone``: of the phones in use, or None. ``next``: the next visit at the site."""

    who: Participant
    standing: Standing
    renewal: consenting.Renewal | None
    phone: Row | None
    next: Assignment | None
    cases: int
    calls: int
    completion: Completion


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of the list, as its address says it; what makes no sense is left out."""

    find: str
    site: str
    standing: str
    sort: str
    page: int

    def query(self, **other: object) -> dict[str, object]:
        """The address of the same list but for something."""
        said = {"find": self.find, "site": self.site, "standing": self.standing, "sort": self.sort, "page": self.page}
        return {name: value for name, value in (said | other).items() if value not in ("", 1, "number")}


@PAGES.get("/participants", Permission.PARTICIPANT_SEE, at=ANY_SITE)
def show(desk: Desk) -> Response:
    """All participants of the sites that the person sees, filtered, sorted, and searched by number."""
    wish = _wish(desk)
    sites = desk.sites(Permission.PARTICIPANT_SEE)
    numbers = roll.at_sites(desk.tx, [wish.site] if wish.site else sites)
    found = [number for number in numbers if _plain(wish.find) in _plain(number)]
    if wish.standing or wish.sort == "standing":
        found = _by_standing(desk, found, wish)
    if wish.sort == "seen":  # who was not seen for longest comes first, and first of all who never was
        phones = pairing.at_hand(desk.tx, found)
        found.sort(key=lambda number: (phones[number]["at"] or "" if number in phones else "", number))
    start = (wish.page - 1) * AT_ONCE
    shown = participants.load_all(desk.tx, found[start : start + AT_ONCE])
    lines = _lines(desk, [(one, standing(one, today(desk, one))) for one in (shown[each] for each in found[start : start + AT_ONCE])])
    return desk.page(
        "people/list.html", title=desk.t("people.title"), lines=lines, wish=wish, total=len(found), all=len(numbers),
        pages=-(-len(found) // AT_ONCE), sites=sites, gravity=GRAVITY, standings=[*(str(each) for each in Standing), CONSENT],
        tomorrow=_expected(desk, _tomorrow(desk)), enrolling=enrols_at(desk), sorts=SORTS,
        withdrawal_of=withdrawal_of,
    )  # fmt: skip


@PAGES.get("/visits", Permission.PARTICIPANT_SEE, at=ANY_SITE)
def visits(desk: Desk) -> Response:
    """Who comes to each site on a day, tomorrow unless another is asked for."""
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        day = _tomorrow(desk)
    day = max(date(2000, 1, 2), min(day, date(2199, 12, 30)))
    return desk.page(
        "people/visits.html", title=desk.t("visits.title"), day=day, before=day - timedelta(days=1), after=day + timedelta(days=1),
        expected=_expected(desk, day), sites=desk.sites(Permission.PARTICIPANT_SEE),
    )  # fmt: skip


def today(desk: Desk, participant: Participant) -> date:
    """The participant's own day."""
    return local(desk.now, participant.time_zone).date()


def apart(desk: Desk, one: Participant) -> str:
    """In words what whoever is about to call has to know first: died, withdrew (from what), lost, contact paused; "" for nothing."""
    found = set_apart(one, today(desk, one))
    if found is None:
        return ""
    name, day = found
    if name.startswith("withdrawal."):
        return desk.t("apart.withdrawal", what=withdrawal_of(desk, name.removeprefix("withdrawal.")), day=look.day(day, desk.language))
    return desk.t(f"apart.{name}", day=look.day(day, desk.language))


def all_apart(desk: Desk, numbers: Iterable[str]) -> dict[str, str]:
    """The same by number, at the price of one look into each table."""
    return {number: apart(desk, one) for number, one in participants.load_all(desk.tx, sorted(set(numbers))).items()}


def enrols_at(desk: Desk) -> list[str]:
    """The sites at which the person may enrol somebody: none that an amendment dropped."""
    return [site for site in desk.sites(Permission.PARTICIPANT_ENROL) if site in desk.protocol.sites]


def renewal(desk: Desk, participant: Participant) -> consenting.Renewal | None:
    """The consent that the participant has to sign again, if any."""
    day = today(desk, participant)
    return None if standing(participant, day) in DONE else consenting.renewal(desk.protocol.consents, participant.consents, day)


def unsettled(desk: Desk, permission: Permission) -> int:
    """How many participants of the person's sites have to sign the consent again."""
    versions = consenting.settling(desk.protocol.consents, local(desk.now, desk.protocol.time_zone).date())
    if not versions:
        return 0
    numbers = roll.without_consent(desk.tx, desk.sites(permission), versions)
    return sum(renewal(desk, one) is not None for one in participants.load_all(desk.tx, numbers).values())


def _wish(desk: Desk) -> Wish:
    asked = request.args
    site, where, sort = asked.get("site", ""), asked.get("standing", ""), asked.get("sort", "")
    page = asked.get("page", "1")
    return Wish(
        asked.get("find", "").strip()[:20],
        site if site in desk.sites(Permission.PARTICIPANT_SEE) else "",
        where if where in (*Standing, CONSENT) else "",
        sort if sort in SORTS else "number",
        max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def _plain(number: str) -> str:
    return number.replace("-", "").replace(" ", "")


def _by_standing(desk: Desk, numbers: list[str], wish: Wish) -> list[str]:
    """Those who stand where it was asked for, in the order asked for. It takes everybody's dates, and the day where they are."""
    everybody = [(one, standing(one, today(desk, one))) for one in participants.load_all(desk.tx, numbers).values()]
    wanted = [(one, where) for one, where in everybody if wish.standing in ("", where) or (wish.standing == CONSENT and renewal(desk, one))]
    if wish.sort == "standing":
        order = list(Standing)
        wanted.sort(key=lambda each: (order.index(each[1]), each[0].number))
    return [one.number for one, _ in wanted]


def _lines(desk: Desk, shown: list[tuple[Participant, Standing]]) -> list[Line]:
    tx, numbers = desk.tx, [one.number for one, _ in shown]
    phones, cases, calls = pairing.at_hand(tx, numbers), roll.open_cases(tx, numbers), roll.open_calls(tx, numbers)
    done = roll.completion(tx, desk.protocol, {one.number: today(desk, one) for one, _ in shown})
    first = min((today(desk, one) for one, _ in shown), default=desk.now.date())
    to_come = roll.to_come(tx, numbers, first, visiting.on_site(desk.protocol))
    return [
        Line(
            one, where, renewal(desk, one), phones.get(one.number), _next(desk, one, to_come.get(one.number, ())),
            cases.get(one.number, 0), calls.get(one.number, 0), done.get(one.number, Completion()),
        )
        for one, where in shown
    ]  # fmt: skip


def _next(desk: Desk, who: Participant, to_come: Iterable[Assignment]) -> Assignment | None:
    return next((one for one in visiting.coming(desk.protocol, to_come) if one.target >= today(desk, who)), None)


def _tomorrow(desk: Desk) -> date:
    return local(desk.now, desk.protocol.time_zone).date() + timedelta(days=1)


def _expected(desk: Desk, day: date) -> dict[str, list[tuple[str, Assignment, bool]]]:
    """Site -> (number, assignment, answered) of those who come on the day."""
    found: dict[str, list[tuple[str, Assignment, bool]]] = {}
    sites, asked = desk.sites(Permission.PARTICIPANT_SEE), visiting.on_site(desk.protocol)
    for site, number, assignment, answered in roll.on_day(desk.tx, sites, day, asked):
        if visiting.coming(desk.protocol, [assignment]):
            found.setdefault(site, []).append((number, assignment, answered))
    return found
