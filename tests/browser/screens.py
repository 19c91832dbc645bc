"""Every screen of the app, once: the way of one participant through all of them, for whoever looks at each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from playwright.sync_api import expect

from qol_server.intake import conduct
from tests import people
from tests.browser.rig import AppPhone

NOW = "2026-03-26 20:00"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/604.1"
MESSAGES = {
    "en": "Thank you for your diary. Your next blood test is on 2 April at 9:00. – Nora",
    "fr": "Merci pour votre carnet. Votre prochaine prise de sang est le 2 avril à 9 h. – Nora",
}
WORDS = {
    "en": ("Nausea after dinner", "Headache", "With dinner", "Shivering since noon"),
    "fr": ("Nausées après le dîner", "Mal de tête", "Avec le dîner", "Des frissons depuis midi"),
}
TAKEN = {"intake.1.status": "taken", "intake.1.time": "20:10"}
UNUSUAL = {
    "2026-03-07": {"intake.1.status": "not_taken", "intake.1.reason": "forgot"},
    "2026-03-11": {"intake.1.status": "vomited", "intake.1.mg": "400", "intake.1.time": "20:05"},
    "2026-03-18": {"intake.1.status": "different", "intake.1.mg": "200", "intake.1.time": "21:00"},
}
"""The days on which something else was said than that the dose was taken; the 14th to 16th are held, the 20th is unknown."""
RED_FLAGS = ("breathlessness_at_rest", "bleeding", "black_stool", "jaundice", "blistering_rash")
SYMPTOMS = ("nausea", "vomiting", "diarrhoea", "fatigue", "oedema", "muscle_cramps", "rash", "abdominal_pain", "tumour_pain", "fever")

LIVE = """async ([base, study, given]) => {
    const { openPhone } = await import(`${base}/phone/index.js`);
    let now = 0;
    const phone = await openPhone({ study, api: new URL("../api/v1/", location.href).href, now: () => now });
    for (const { at, ...draft } of given) {
        now = Date.parse(at);
        const { version, wording } = phone.known.instruments[draft.instrument];
        await phone.keepDraft({
            version, wording: wording?.version ?? null, language: wording?.language ?? "en", protocol: phone.known.study.protocol,
            opened_at: phone.moment(), by: "participant", at: "review", corrects: null, reason: null, advised: [], urgent: [], ...draft,
        });
        await phone.give(draft.key);
    }
    await phone.close();
}"""
SET = """async ([base, study, choice]) => {
    const { openPhone } = await import(`${base}/phone/index.js`);
    const phone = await openPhone({ study, api: new URL("../api/v1/", location.href).href });
    await phone.set(choice);
    await phone.close();
}"""
GO = """(route) => {
    history.pushState({ route, depth: 1 }, "");
    dispatchEvent(new PopStateEvent("popstate", { state: { route, depth: 1 } }));
}"""


def _draft(day: str, key: str, instrument: str, answers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    assessment = key.removeprefix("new:").partition("@")[0]
    occurrence = None if key.startswith("new:") else key
    return {
        "at": f"{day}T20:15:00+0{1 if day < '2026-03-29' else 2}:00", "key": key, "assessment": assessment, "occurrence": occurrence,
        "instrument": instrument, "answers": dict(answers), **more,
    }  # fmt: skip


def three_weeks(language: str) -> list[dict[str, Any]]:
    """What was given since the treatment began, in order."""
    nausea, headache, comment, _ = WORDS[language]
    given: list[dict[str, Any]] = []
    for number in range(2, 26):
        day = f"2026-03-{number:02}"
        if number not in (14, 15, 16, 20):
            given.append(_draft(day, f"dose@{day}", "dose-diary", UNUSUAL.get(day) or TAKEN | {"comment": comment}))
        if number in (9, 16):
            symptoms: dict[str, Any] = {f"{symptom}.frequency": 0 for symptom in SYMPTOMS} | dict.fromkeys(RED_FLAGS, "no")
            symptoms |= {"nausea.frequency": 2, "nausea.severity": 2 if number == 9 else 1, "nausea.interference": 1}
            given.append(_draft(day, f"symptoms@W{(number - 2) // 7}", "symptom-diary", symptoms))
        if number == 5:
            answers = {"what": nausea, "started": "2026-03-05", "severity": 2, "ongoing": "yes", "told_staff": "no"}
            given.append(_draft(day, "new:adverse-event", "adverse-event-diary", answers))
        if number == 12:
            answers = {
                "what": headache,
                "started": "2026-03-10",
                "severity": 1,
                "ongoing": "no",
                "ended": "2026-03-12",
                "told_staff": "yes",
            }
            given.append(_draft(day, "new:adverse-event", "adverse-event-diary", answers))
    return given


@dataclass
class Walk:
    """One way through all screens. ``language`` is that of the screens: en, fr or qps."""

    phone: AppPhone
    language: str

    @property
    def base(self) -> str:
        return f"{self.phone.server.app_url}{self.phone.release}"

    def set(self, **choice: Any) -> None:
        self.phone.page.evaluate(SET, [self.base, people.SLUG, choice])

    def go(self, name: str, **route: Any) -> None:
        """To a screen by its name, as a tap would."""
        self.phone.page.evaluate(GO, {"name": name, **route})

    def on(self) -> None:
        """Press the main button of the screen and wait for the next one."""
        before = self.phone.question
        self.phone.page.locator("footer .main").click()
        expect(self.phone.page.get_by_role("heading", level=1)).not_to_have_text(before)

    def stays(self) -> None:
        """Press the main button where something has to be said first."""
        self.phone.page.locator("footer .main").click()
        expect(self.phone.page.locator('[role="alert"], .notice').first).to_be_visible()

    def heading(self, key: str, **parameters: Any) -> None:
        expect(self.phone.page.get_by_role("heading", level=1)).to_be_visible()  # only now the words are there
        self.phone.heading(self.phone.words(key, **parameters))

    def screens(self) -> Iterator[str]:
        """Each screen's name, when one stands on it."""
        yield from self._before_pairing()
        yield from self._live()
        yield from self._side_screens()
        yield from self._diaries()
        yield from self._trouble()

    def _before_pairing(self) -> Iterator[str]:
        phone = self.phone
        phone.server.trial.at(NOW, phone.person.time_zone)
        phone.context.clock.set_system_time(phone.server.trial.now)
        phone.open()
        self.set(language=self.language)
        devtools = phone.context.new_cdp_session(phone.page)
        usual = phone.page.evaluate("navigator.userAgent")
        devtools.send("Emulation.setUserAgentOverride", {"userAgent": IPHONE, "platform": "iPhone"})
        phone.page.goto(f"{phone.server.app_url}#7QK4-M2XP-9D")
        phone.page.reload()
        self.heading("install.title")
        yield "install"
        devtools.send("Emulation.setUserAgentOverride", {"userAgent": usual})
        phone.page.reload()
        self.heading("welcome.title")
        self.stays()
        yield "welcome-incomplete"
        self.go("emergency")
        self.heading("emergency.title")
        yield "emergency-unpaired"
        phone.page.goto("about:blank")
        phone.page.goto(f"{phone.server.app_url}#{phone.server.code(phone.number)}")
        self.heading("welcome.title")
        yield "welcome"
        self.on()
        self.heading("confirm.title")
        yield "confirm"
        self.on()
        self.heading("ready.title")
        yield "ready"
        self.on()
        self.heading("today.title")

    def _live(self) -> Iterator[str]:
        """Three weeks pass; then it is the evening on which a dose, a weekly diary and a questionnaire are due."""
        phone, trial, spoken = self.phone, self.phone.server.trial, self.phone.person.language
        yield "today-first"
        trial.hold(phone.number, date(2026, 3, 14))
        trial.prescribe(phone.number, "400", date(2026, 3, 17), "recovery")
        text = MESSAGES[spoken]
        conduct.send_message(trial.study, phone.number, text, actor=people.NURSE, now=trial.now)
        phone.page.evaluate(LIVE, [self.base, people.SLUG, three_weeks(spoken)])
        self.go("outbox")
        phone.press("outbox.send_now")
        phone.wait_until_sent(24)
        self.go("today")
        expect(phone.page.locator(".due")).to_be_visible()
        yield "today"

    def _side_screens(self) -> Iterator[str]:
        plain = (
            "emergency", "messages", "settings", "language", "text-size", "reminders", "pin", "outbox", "my-data", "new-phone", "help",
            "about", "history", "dose-calendar", "something-happened",
        )  # fmt: skip
        before = self.phone.question
        for name in plain:
            self.go(name)
            expect(self.phone.page.get_by_role("heading", level=1)).not_to_have_text(before)
            before = self.phone.question
            yield name
        for what in ("call-me", "pause", "stop"):
            self.go("ask", what=what)
            self.heading(f"help.{what}.title")
            yield f"ask-{what}"
        for name, day in {"open": "2026-03-26", "taken": "2026-03-24", "held": "2026-03-15", "unknown": "2026-03-20"}.items():
            self.go("dose", day=day)
            expect(self.phone.page.locator(".day-state")).to_be_visible()
            yield f"dose-{name}"
        self.go("trend", assessment="symptoms")
        self.heading("trend.title")
        yield "trend-not-yet"
        entries = [entry for entry in self.phone.rows("entries").values() if entry["kind"] == "response.given"]
        self.go("response", id=entries[-1]["id"])
        expect(self.phone.button(self.phone.words("response.correct"))).to_be_visible()
        yield "response"
        self.go("fill", key=f"correct:{entries[-1]['id']}")
        expect(self.phone.page.locator("main .choice").first).to_be_visible()
        yield "correct"

    def _diaries(self) -> Iterator[str]:
        phone = self.phone
        choice = phone.page.locator("main .choice").first
        *_, shivering = WORDS[phone.person.language]

        def begin(key: str) -> None:
            self.go("fill", key=key)
            expect(phone.page.locator('.choice input[value="participant"]')).to_be_visible()

        self.go("today")
        begin("dose@2026-03-26")
        yield "fill-first"
        phone.choose("participant")
        self.on()
        expect(choice).to_be_visible()
        yield "fill-choice"
        self.stays()
        yield "fill-empty"
        phone.choose("vomited")
        yield "fill-help"
        self.on()
        phone.give_answer("12345")
        self.stays()
        yield "fill-fault"
        phone.give_answer("400")
        self.on()
        yield "fill-hour"
        self.on()
        yield "fill-text"
        self.on()
        self.heading("fill.review")
        yield "fill-review"
        phone.press("fill.send")
        self.heading("sent.title")
        phone.wait_until_sent(25)
        yield "sent"

        begin("qol@M1")
        yield "fill-first-sample"
        self.on() if phone.page.locator('.choice input[value="participant"]').count() == 0 else phone.choose("participant")
        self.on()
        yield "fill-sample"

        begin("new:adverse-event")
        phone.choose("participant")
        self.on()
        phone.give_answer(shivering)
        yield "fill-words"
        self.on()
        yield "fill-day"
        phone.give_answer("2026-03-26")
        self.on()
        for code in (3, "yes"):
            phone.choose(code)
            self.on()
        yield "fill-number"
        phone.give_answer("38.6")
        self.on()
        self.heading("urgent.title")
        yield "urgent"
        phone.press("urgent.go_on")
        expect(choice).to_be_visible()

        begin("symptoms@W3")
        phone.choose("participant")
        self.on()
        phone._texts.clear()
        phone.fill({"nausea.frequency": 1, "nausea.severity": 1, "nausea.interference": 0}, rest=0, until="breathlessness_at_rest")
        phone.fill(dict.fromkeys(RED_FLAGS, "no"))
        phone.press("fill.send")
        self.heading("sent.title")
        phone.wait_until_sent(27)
        yield "sent-with-trend"
        self.go("trend", assessment="symptoms")
        expect(phone.page.locator("table")).to_be_visible()
        yield "trend"

    def _trouble(self) -> Iterator[str]:
        phone, server = self.phone, self.phone.server
        phone.offline()
        phone.page.evaluate(LIVE, [self.base, people.SLUG, [_draft("2026-03-24", "dose@2026-03-20", "dose-diary", TAKEN)]])
        self.go("outbox")
        expect(phone.page.get_by_role("heading", level=1)).to_be_visible()
        yield "outbox-waiting"
        self.go("today")
        phone.sees("notice.unsent-long.title")
        yield "today-in-trouble"
        self.set(openDraft=None)
        phone.online()
        self.go("outbox")
        phone.press("outbox.send_now")
        phone.wait_until_sent(28)
        self.go("pin")
        self.heading("pin.set")
        phone.page.get_by_label(phone.words("pin.new"), exact=True).fill("2580")
        phone.page.get_by_label(phone.words("pin.again"), exact=True).fill("2580")
        phone.press("pin.save")
        expect(phone.page.get_by_role("heading", level=1)).not_to_have_text(phone.words("pin.set"))
        phone.reopen()
        self.heading("lock.title")
        yield "lock"
        self.go("emergency")
        self.heading("emergency.title")
        yield "emergency-locked"
        phone.reopen()
        phone.page.get_by_label(phone.words("pin.old")).fill("2580")
        phone.press("lock.open")
        expect(phone.page.get_by_role("heading", level=1)).not_to_have_text(phone.words("lock.title"))
        conduct.revoke(server.trial.study, phone.number, actor=people.NURSE, now=server.trial.now)
        self.go("outbox")
        phone.press("outbox.send_now")
        phone.sees("sending.held.title")
        yield "outbox-held"
        self.go("again")
        self.heading("notice.held.title")
        yield "again"
        phone.page.get_by_label(phone.words("code.label")).press_sequentially(server.code(phone.number))
        phone.press("again.pair")
        self.heading("again.done.title")
        yield "again-done"
        server.trial.withdraw(phone.number, "consent", date(2026, 3, 26))
        self.go("outbox")
        phone.press("outbox.send_now")
        self.go("today")
        self.heading("ended.title")
        yield "ended"
        phone.evicted |= phone.witnessed.keys()
        devtools = phone.context.new_cdp_session(phone.page)
        devtools.send("Storage.clearDataForOrigin", {"origin": server.origin, "storageTypes": "indexeddb"})
        phone.reopen()
        expect(phone.page.locator(".notice")).to_be_visible()
        yield "lost"
