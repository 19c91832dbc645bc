"""What the browser's tests share: a prepared study, phones that are real browsers, and the modules of the app as functions.

A story reads like this::

    def test_…(server: Server, ada: AppPhone) -> None:
        ada.pair_by_link()
        ada.at("2026-03-02 20:30")
        …
        ada.check_nothing_is_lost()
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, BrowserContext, BrowserType, ConsoleMessage, Locator, Page, Worker, expect

from qol_server.cli.browser import FLAGS
from tests import people
from tests.browser import witness
from tests.browser.pages import READ, as_bytes, patiently, rows, until
from tests.browser.weather import PATIENCE, Server

expect.set_options(timeout=1000 * PATIENCE)
PHONE_SIZE = {"width": 360, "height": 740}
TABLET_SIZE = {"width": 768, "height": 1024}
NETWORK_NOISE = re.compile(r"^Failed to load resource: ")
"""What a browser itself says of a request that failed or was refused."""


@dataclass
class AppPhone:
    """The app in a browser, in the hand of one participant.

    ``errors``: what went wrong in the page without anybody catching it; ``allowed``: patterns of what a story expects of it.
    ``witnessed``: each entry at the moment of its sealing, seen from outside of the app: id -> bytes.
    ``evicted``: of these, what the browser threw away with its storage, by the story's own doing.
    The clock of its pages is virtual and goes on by itself; the service worker's is the machine's.
    """

    server: Server
    context: BrowserContext
    number: str
    person: people.Person
    allowed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    witnessed: dict[str, bytes] = field(default_factory=dict)
    evicted: set[str] = field(default_factory=set)
    _page: Page | None = None
    _is_offline: bool = False
    _texts: dict[str, str] = field(default_factory=dict)  # what a question says -> its item

    def __post_init__(self) -> None:
        self.context.set_default_timeout(1000 * PATIENCE)
        self.context.on("weberror", lambda wrong: self.errors.append(f"uncaught: {wrong.error}"))
        self.context.on("console", self._note)
        self.context.add_init_script(witness.SCRIPT)
        self.context.clock.install(time=self.server.trial.now)

    def _note(self, said: ConsoleMessage) -> None:
        if witness.hears(said, self.witnessed):
            return
        if said.type in ("error", "warning") and not NETWORK_NOISE.match(said.text):
            self.errors.append(f"{said.type}: {said.text}")

    def witness(self, worker: Worker) -> None:
        """See also what this service worker seals from now on."""
        worker.on("console", self._note)
        worker.evaluate(witness.SCRIPT)

    def unexpected(self) -> list[str]:
        return [error for error in self.errors if not any(re.search(pattern, error) for pattern in self.allowed)]

    # opening and closing

    @property
    def page(self) -> Page:
        assert self._page is not None, "the app is not open"
        return self._page

    def open(self, fragment: str = "") -> Page:
        """Open the app (a second time: in another tab)."""
        self._page = self.context.new_page()
        self._page.goto(self.server.app_url + fragment)
        expect(self._page.get_by_role("heading", level=1)).to_be_visible()
        return self._page

    def kill(self) -> None:
        """The app is gone from one moment to the next; what the browser keeps stays."""
        if self._is_offline:  # the browser ends this before it ends the page, which would send at once
            self.page.evaluate("() => { globalThis.fetch = () => new Promise(() => {}); }")
        self.page.close(run_before_unload=False)
        self._page = None

    def reopen(self) -> Page:
        """Kill the app and open it again."""
        self.kill()
        return self.open()

    # time and network

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.person.time_zone)

    def at(self, moment: str) -> None:
        """Move everybody's clock to "2026-03-05 22:10", as the wall shows it where the participant is."""
        self.server.trial.at(moment, self.person.time_zone)
        self.phone_clock(moment)

    def phone_clock(self, moment: str) -> None:
        """Move the phone's clock alone; timers that fall due on the way forward fire once, as after a sleep."""
        then = datetime.fromisoformat(moment).replace(tzinfo=self.zone).astimezone(UTC)
        ahead = 0 if self._page is None else round(then.timestamp() * 1000 - self._page.evaluate("Date.now()"))
        if ahead > 0:
            self.context.clock.fast_forward(ahead)
        else:
            self.context.clock.set_system_time(then)

    def offline(self) -> None:
        """No network from now on, as soon as the phone keeps the whole app."""
        if self._page is not None:
            self.installed()
        self.context.set_offline(True)
        self._is_offline = True

    def online(self) -> None:
        self._is_offline = False
        self.context.set_offline(False)

    # pairing

    def pair_by_link(self) -> None:
        """Scan the nurse's code, compare the number, and land on Today."""
        self.open("#" + self.server.code(self.number))
        self.press("action.go_on")
        self.confirm_number()

    def pair_by_typing(self) -> None:
        """Open the app by its address and type the code as it was read out."""
        self.open()
        self.page.get_by_role("textbox").fill(self.server.code(self.number).lower())
        self.press("action.go_on")
        self.confirm_number()

    def confirm_number(self) -> None:
        """Compare the number with the nurse's sheet, say that it is right, and go on to Today with its contents."""
        expect(self.page.get_by_text(self.number, exact=True)).to_be_visible()
        self.press("confirm.yes")
        self.press("ready.done")
        expect(self.page.get_by_role("button", name=self.words("today.start"))).to_be_visible()

    # what a person does

    def words(self, key: str, **parameters: Any) -> str:
        """The app's words for a key, in the language of the screen; a page that just opens has none yet."""
        module = f"{self.server.app_url}{self.release}/words/index.js"

        def said() -> str:
            words = str(self.page.evaluate("async ([url, key, p]) => (await import(url)).t(key, p)", [module, key, parameters]))
            return "" if words == key else words

        return patiently(self.page, said)

    @property
    def release(self) -> str:
        """The release that the page runs: ``v/<digest>``."""
        return str(self.page.evaluate("document.querySelector('script[src$=\"main.js\"]').getAttribute('src')")).removesuffix("/main.js")

    def press(self, key: str, **parameters: Any) -> None:
        """Press the button that carries these words of the app."""
        self.button(self.words(key, **parameters)).click()

    def send_now(self, once: Callable[[], object]) -> None:
        """See "send now", let the way be free ``once`` that is called, and tap: the phone itself may be quicker by a moment."""
        button = self.button(self.words("outbox.send_now"))
        button.click(trial=True)
        shown = button.element_handle()
        once()
        shown.dispatch_event("click")

    def button(self, name: str | re.Pattern[str], *, exact: bool = True) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    def choose(self, code: str | int) -> None:
        """Choose an answer of the question on the screen, by its code."""
        self.page.locator(f'.choice input[value="{code}"]').check()

    @property
    def question(self) -> str:
        """The heading of the screen."""
        return self.page.get_by_role("heading", level=1).inner_text()

    def heading(self, text: str | re.Pattern[str]) -> None:
        """The screen with this heading is there."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def sees(self, key: str, **parameters: Any) -> None:
        """These words of the app are on the screen."""
        expect(self.page.get_by_text(self.words(key, **parameters)).first).to_be_visible()

    def begin(self, key: str = "today.start", by: str = "participant") -> None:
        """Open what is due first, say who answers, and stand before the first question."""
        self.press(key)
        self.choose(by)
        self.press("fill.start")
        expect(self.page.locator(".progress")).to_be_visible()

    @property
    def item(self) -> str | None:
        """The item that is asked; None on any other screen."""
        if not self._texts:
            feed = self.rows("feed").values()
            for instrument in (row["data"] for row in feed if row["type"] == "instrument"):
                texts = (instrument["wording"] or {"items": {}})["items"]
                for nth, item in enumerate(instrument["items"], 1):
                    self._texts[texts.get(item["id"]) or self.words("fill.question", n=nth)] = item["id"]
        return self._texts.get(self.question)

    def give_answer(self, answer: Any) -> None:
        """Choose or type this answer of the question on the screen."""
        if self.page.locator("main .choice").count() and not self.page.locator("main .field").count():
            self.choose(answer)
        else:
            self.page.locator("main .field input, main .field textarea").fill(str(answer))

    def fill(self, answers: Mapping[str, Any], until: str | None = None, rest: Any = None) -> None:
        """Answer one question after the other, up to the question of ``until`` or to whatever is no question.

        ``rest``: the answer to choices that ``answers`` does not name; None leaves them empty.
        """
        while (item := self.item) is not None and item != until:
            asked = self.question
            is_choice = self.page.locator("main .choice").count() > 0 and not self.page.locator("main .field").count()
            answer = answers.get(item, rest if is_choice else None)
            if answer is not None:
                self.give_answer(answer)
            self.press("action.next")
            if answer is None and is_choice:
                self.press("fill.leave_empty")
            expect(self.page.get_by_role("heading", level=1)).not_to_have_text(asked)

    def kept(self, draft: str, item: str, answer: Any) -> None:
        """Wait until the phone keeps this answer in a draft."""
        self.wait_for(
            f"""async ([key, item, answer]) => {{
                const drafts = new Map(await ({READ})(["qol/{people.SLUG}", "drafts"]));
                return drafts.get(key)?.answers[item] === answer;
            }}""",
            [draft, item, answer],
        )

    def kept_left(self) -> None:
        """Wait until the phone keeps that no questionnaire is open any more."""
        self.wait_for(
            f"""async () => {{
                const meta = new Map(await ({READ})(["qol/{people.SLUG}", "meta"]));
                return meta.get("settings").openDraft === null;
            }}"""
        )

    def wait_for_sync(self, state: str) -> None:
        """Wait until the line on Today tells of this: "waiting", "offline" or "held", with one entry unsent."""
        expect(self.page.locator(".sync-line")).to_have_text(self.words(f"sync.{state}", n=1))

    def entry_states(self) -> list[str]:
        """The state of each entry on the phone, oldest first."""
        return [entry["state"] for entry in self.rows("entries").values()]

    def press_sync_line(self) -> None:
        """Look at what waits and what was sent."""
        self.page.locator(".sync-line").click()
        self.heading(self.words("outbox.title"))

    def send(self) -> None:
        """Send from the last look at all answers, and see that it is saved."""
        self.press("fill.send")
        self.heading(self.words("sent.title"))

    def take_dose(self) -> None:
        """Say that the medicine was taken, from Today to Today."""
        self.begin()
        self.fill({"intake.1.status": "taken", "intake.1.time": "08:00"})
        self.send()
        self.press("action.done")
        self.heading(self.words("today.title"))

    def installed(self) -> None:
        """Wait until the phone keeps the whole app, so that it opens without a network."""
        self.wait_for("async () => (await navigator.serviceWorker.ready).active.state === 'activated'")
        if not self.page.evaluate("() => Boolean(navigator.serviceWorker.controller)"):
            self.page.reload()  # it was fetched while the worker took over: such a page is served by the network to its end
            expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def rows(self, store: str) -> dict[str, Any]:
        """A store of the phone's database, by key; the app may be closed."""
        if self._page is not None:
            return rows(self._page, store)
        page = self.context.new_page()
        page.goto(f"{self.server.origin}/health")
        try:
            return rows(page, store)
        finally:
            page.close()

    def sealed(self) -> dict[str, bytes]:
        """The entries whose bytes are on the phone: id -> bytes."""
        return {entry["id"]: as_bytes(entry["line"]) for entry in self.rows("entries").values() if entry["line"] is not None}

    def stored(self) -> dict[str, bytes]:
        """The entries that the server has of this participant: id -> bytes."""
        return self.server.stored(self.number)

    def wait_until_sent(self, count: int | None = None) -> None:
        """Wait until the phone knows that all it sealed is stored; ``count``: how many entries that are."""
        script = f"""async (least) => {{
            const entries = (await ({READ})(["qol/{people.SLUG}", "entries"])).map(([, entry]) => entry);
            return entries.length >= least && entries.every((entry) => ["committed", "archived"].includes(entry.state));
        }}"""
        self.wait_for(script, count or 0)

    def wait_for(self, script: str, argument: Any = None) -> None:
        """Wait until an (async) function of the page says yes."""
        until(self.page, script, argument)

    def check_nothing_is_lost(self, *others: AppPhone, drafts: Sequence[str] = ()) -> None:
        """
        What was seen at its sealing here (and on ``others``), what the phones keep and what the server has of this participant
        are the same entries, byte for byte; these drafts are begun.
        """
        self.wait_until_sent()
        assert sorted(self.rows("drafts")) == sorted(drafts)
        witnessed = self.check_kept()
        for other in others:
            witnessed |= other.check_kept()
        stored = self.stored()
        lost = {id for phone in (self, *others) for id in phone.evicted if id not in stored}
        assert {id: line for id, line in witnessed.items() if id not in lost} == stored

    def check_kept(self) -> dict[str, bytes]:
        """
        What was seen at its sealing is what the phone keeps, but for what was evicted; returns all that was seen. An archived
        entry has its digest left and no bytes.
        """
        entries = self.rows("entries").values()
        expected = {id: line for id, line in self.witnessed.items() if id not in self.evicted}
        digests = {id: hashlib.sha256(line).hexdigest() for id, line in expected.items()}
        assert {entry["id"]: entry["sha256"] for entry in entries} == digests
        archived = {entry["id"] for entry in entries if entry["state"] == "archived"}
        assert self.sealed() == {id: line for id, line in expected.items() if id not in archived}
        return dict(self.witnessed)

    def deliver(self) -> None:
        """Fair weather, and the app opened anew where something waits still: all of it is sent."""
        if not all(state in ("committed", "archived") for state in self.entry_states()):
            for page in self.context.pages:
                page.close()
            self.online()
            self.open()
            self.wait_until_sent()


def phone(browser: Browser, server: Server, person: people.Person, number: str, *, background: bool = False, **settings: Any) -> AppPhone:
    """A phone with a fresh profile, set to the person's language and time zone.

    ``background``: the browser may send what waits by itself; without it the phone is like those that cannot, and all that
    is sent is sent by the page, whose clock is the story's.
    """
    context = browser.new_context(**profile(person, **settings))
    if not background:
        context.add_init_script("delete globalThis.ServiceWorkerRegistration?.prototype.sync")
    return AppPhone(server, context, number, person)


def profile(person: people.Person, **settings: Any) -> dict[str, Any]:
    """A browser's settings for a person."""
    usual = {
        "locale": {"fr": "fr-FR", "en": "en-GB"}[person.language], "timezone_id": person.time_zone, "viewport": PHONE_SIZE,
        "has_touch": True, "is_mobile": True, "reduced_motion": "reduce", "service_workers": "allow",
    }  # fmt: skip
    return usual | settings


@contextlib.contextmanager
def whole_browser(chromium: BrowserType, path: str, folder: Path, person: people.Person) -> Iterator[BrowserContext]:
    """A browser with a profile on disk, for stories in which the whole browser ends and starts again."""
    context = chromium.launch_persistent_context(folder, executable_path=path, args=list(FLAGS), **profile(person))
    try:
        yield context
    finally:
        context.close()
