"""What a page of the staff's desk is given, and how it says who may see it: the study, who is there, the time, forms, words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

from flask import Response, request

from qol_server.access import accounts
from qol_server.access.sessions import Session
from qol_server.intake.people_shapes import ON_PAPER
from qol_server.intake.staff import Staff
from qol_server.intake.study import Study
from qol_server.staff import look
from qol_server.staff.forms import FORM_ID, Form
from qol_server.staff.words import WORDS
from qol_server.state import participants
from qol_server.store import Tx
from qol_server.trial import problems
from qol_server.trial.participant import Participant
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Protocol
from qol_server.trial.roles import Permission, may, sites

ANY_SITE = "any site"
"""The page shows what the person may see at any of their sites; it filters by ``Desk.sites`` itself."""
WHOLE_STUDY = "whole study"
"""Only with a role for all sites of the study."""

MENU: tuple[tuple[str, str, Permission, str], ...] = (
    ("nav.worklist", "/worklist", Permission.WORKLIST_SEE, ANY_SITE),
    ("nav.calls", "/calls", Permission.WORKLIST_SEE, ANY_SITE),
    ("nav.participants", "/participants", Permission.PARTICIPANT_SEE, ANY_SITE),
    ("nav.visits", "/visits", Permission.PARTICIPANT_SEE, ANY_SITE),
    ("nav.accounts", "/accounts", Permission.STAFF_SEE, WHOLE_STUDY),
    ("nav.load", "/load", Permission.COUNTS_SEE, ANY_SITE),
    ("nav.rehearsal", "/rehearsal", Permission.RULES_REHEARSE, WHOLE_STUDY),
)
"""The areas of the desk in the order of the menu: key of the words, path, and what it takes to see it, and where."""

ABOUT: tuple[tuple[str, Permission], ...] = (
    ("treatment", Permission.PARTICIPANT_SEE),
    ("dates", Permission.PARTICIPANT_SEE),
    ("medicines", Permission.PARTICIPANT_SEE),
    ("adverse-events", Permission.PARTICIPANT_SEE),
    ("enter", Permission.ANSWER_ENTER),
    ("phones", Permission.PARTICIPANT_SEE),
    ("contact", Permission.CONTACT_SEE),
    ("reminders", Permission.PARTICIPANT_SEE),
    ("expected", Permission.WORKLIST_SEE),
    ("consent", Permission.PARTICIPANT_SEE),
    ("eligibility", Permission.PARTICIPANT_SEE),
    ("summary", Permission.PARTICIPANT_SEE),
)
"""The further pages about a participant, in the order in which they stand beside each other: last part of the path, permission."""

View = Callable[..., Response]
SiteOf = Callable[..., str | None]
"""(desk, **parts of the address) -> the site of what the address names; None where there is no such thing."""


@dataclass(slots=True)
class Desk:
    """One request of somebody who is there, at one study. ``tx`` reads; acts of ``intake`` open transactions of their own.

    ``staff``: the accounts' file. ``failure``: why the act that was asked for was refused, on the page that is shown again.
    """

    study: Study
    staff: Staff
    session: Session
    now: datetime
    failure: Refused | None = None
    done: str = ""
    _forms: dict[str, Form] = field(default_factory=dict)
    _protocol: Protocol | None = None
    _sites: tuple[str, ...] = ()
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def tx(self) -> Tx:
        return self.study.store.read()

    @property
    def protocol(self) -> Protocol:
        """The protocol in force. Raises Refused(study-not-active)."""
        if self._protocol is None:
            self._protocol = self.study.protocol_in_force(self.tx)
        return self._protocol

    @property
    def actor(self) -> str:
        """To whom entries are attributed: ``staff:<login>``."""
        return self.session.actor

    @property
    def form_id(self) -> str:
        """The id that the posted form has had since its page was shown: what is sent twice is done once."""
        try:
            return str(UUID(request.form.get(FORM_ID, "")))
        except ValueError:  # no page of ours made it
            return str(uuid4())

    @property
    def language(self) -> str:
        return self.session.language

    @property
    def here(self) -> str:
        """The beginning of every address of this study's desk."""
        return f"/{self.study.slug}/staff"

    def t(self, key: str, **values: Any) -> str:
        """The words of a key in the person's language. Raises KeyError."""
        return look.words(self.language, key, **values)

    def may(self, permission: Permission, site: str | None) -> bool:
        """Whether the person may do something at a site (None: for the study as a whole)."""
        return may(self.session.grants, permission, self.study.slug, site)

    def sites(self, permission: Permission) -> tuple[str, ...]:
        """The sites at which the person may do something, in the order of the study's file; then those that an amendment dropped
        and that have participants."""
        if not self._sites:
            dropped = [site for site in participants.sites(self.tx) if site not in self.protocol.sites]
            self._sites = (*self.protocol.sites, *dropped)
        return sites(self.session.grants, permission, self.study.slug, self._sites)

    @property
    def wall(self) -> str:
        """The time zone of the clock on the person's wall: that of their sites, where these share one, else the study's."""
        held = {grant.site for grant in self.session.grants if grant.study == self.study.slug}
        zones = {site.time_zone for id_, site in self.protocol.sites.items() if None in held or id_ in held}
        return zones.pop() if len(zones) == 1 else self.protocol.time_zone

    def who(self, actor: str) -> str:
        """Whom an entry is attributed to, as people know them: a colleague by name, the clock, the rules, the participant."""
        if actor not in self._names:
            kind, _, login = actor.partition(":")
            name = accounts.name_of(self.staff.store.read(), login) if kind == "staff" else self.t(f"who.{kind}")
            self._names[actor] = name or login
        return self._names[actor]

    def colleagues(self, permission: Permission, sites: Collection[str]) -> list[tuple[str, str]]:
        """Who else may do something at one of these sites: actor, and name with login."""
        open_ = [one for one in accounts.every(self.staff.store.read()) if one.closed_at is None and one.login != self.session.login]
        there = [one for one in open_ if any(may(one.grants, permission, self.study.slug, site) for site in sites)]
        return [(f"staff:{one.login}", f"{one.name} ({one.login})") for one in there]

    def people(self, permission: Permission, sites: Collection[str]) -> list[tuple[str, str]]:
        """Who may have done something at one of these sites: whoever is there, a colleague, or somebody whose name is on paper alone."""
        own = (self.actor, f"{self.session.name} ({self.session.login})")
        return [own, *self.colleagues(permission, sites), (ON_PAPER, self.t("who.on_paper"))]

    def person(self, text: str) -> str:
        """One of ``people`` in words; entries of earlier releases hold the name itself."""
        return self.t("who.on_paper") if text == ON_PAPER else self.who(text) if text.startswith("staff:") else text

    def participant(self, number: str) -> Participant:
        """The participant of a number, which the door has already looked at. Raises Refused(participant-unknown)."""
        found = participants.load(self.tx, number)
        if found is None:
            raise Refused(problems.PARTICIPANT_UNKNOWN)
        return found

    def has_done(self) -> bool:
        """Whether the page was reached by an act that says in words what it did."""
        return f"done.{self.done}" in WORDS

    def menu(self) -> list[tuple[str, str, bool]]:
        """The pages that the person may go to: key of the words, address, whether this is it."""
        there = [
            (key, self.url(path))
            for key, path, permission, at in MENU
            if (self.may(permission, None) if at == WHOLE_STUDY else self.sites(permission))
        ]
        return [(key, url, request.path == url or request.path.startswith(f"{url}/")) for key, url in there]

    def about(self, number: str) -> list[tuple[str, str]]:
        """The pages about a participant that the person may see: last part of the address, address."""
        site = participants.site_of(self.tx, number)
        there = [area for area, permission in ABOUT if self.may(permission, site)]
        return [(area, self.url(f"/participants/<number>/{area}", number=number)) for area in there]

    def form(self, name: str) -> Form:
        """The posted form of that name, or an empty one: its macro shows what was typed and what was wrong."""
        if name not in self._forms:
            posted = request.form if request.method == "POST" and request.form.get("form") == name else None
            self._forms[name] = Form(name, posted, self.t)
        return self._forms[name]

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A template, with the status of the failure where one is shown."""
        if self.failure is not None:
            status = self.failure.problem.status
        return look.page(template, status, desk=self, t=self.t, language=self.language, now=self.now, Permission=Permission, **values)

    def part(self, template: str, **values: Any) -> Response:
        """A piece of a page, for a script that puts it in its place; what it has already (If-None-Match) is not sent again."""
        answer = self.page(template, **values)
        answer.set_etag(hashlib.sha256(look.but_for_ids(answer.get_data())).hexdigest())
        answer.make_conditional(request)
        return answer

    def url(self, path: str, /, *, query: Mapping[str, Any] | None = None, **parts: object) -> str:
        """The address of a page of this desk: ``url("/cases/<case>", case=…)``."""
        return self.here + _filled(path, parts) + (f"?{urlencode(query, doseq=True)}" if query else "")

    def go(self, path: str, /, *, done: str = "", query: Mapping[str, Any] | None = None, **parts: object) -> Response:
        """See another page; ``done``: the key, below "done.", of the words that say what has been done."""
        asked = dict(query or {}) | ({"done": done} if done else {})
        return Response(status=303, headers={"Location": self.url(path, query=asked, **parts), "Cache-Control": "no-store"})


_PART = re.compile(r"<(?:\w+:)?(\w+)>")


def _filled(path: str, parts: Mapping[str, object]) -> str:
    return _PART.sub(lambda match: quote(str(parts[match[1]]), safe=""), path)


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the desk. ``page``: the view that is shown again when an act was refused."""

    path: str
    method: str
    permission: Permission
    at: str | SiteOf
    view: View
    page: View | None = None
    step_up: bool = False
    polled: bool = False

    @property
    def name(self) -> str:
        return f"{self.view.__module__.rpartition('.')[2]}.{self.view.__name__}"


class Pages:
    """The addresses of one area of the desk, each with what it takes to see or do it."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def get(
        self, path: str, permission: Permission, *, at: str | SiteOf, step_up: bool = False, polled: bool = False
    ) -> Callable[[View], View]:
        """A page. ``polled``: a script asks for it, which keeps no session open."""
        return self._add(path, "GET", permission, at, None, step_up, polled)

    def post(
        self, path: str, permission: Permission, *, at: str | SiteOf, page: View | None = None, step_up: bool = False
    ) -> Callable[[View], View]:
        """An act; ``page``, with the same parts in its address, is shown again where it is refused.

        ``step_up``: whoever is there proves it anew unless they did within ten minutes; what was typed is kept meanwhile.
        """
        return self._add(path, "POST", permission, at, page, step_up, False)

    def _add(
        self, path: str, method: str, permission: Permission, at: str | SiteOf, page: View | None, step_up: bool, polled: bool
    ) -> Callable[[View], View]:
        def declare(view: View) -> View:
            self.routes.append(Route(path, method, permission, at, view, page, step_up, polled))
            return view

        return declare


def number_site(desk: Desk, number: str, **_: object) -> str | None:
    """The site of the participant whose number stands in the address."""
    return participants.site_of(desk.tx, number)
