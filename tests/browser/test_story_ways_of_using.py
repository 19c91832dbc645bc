"""The same app in French, and with nothing but a keyboard."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.rig import AppPhone
from tests.browser.weather import Server


def test_in_french_from_the_first_screen_on(ada: AppPhone, server: Server) -> None:
    ada.pair_by_link()
    assert ada.page.evaluate("document.documentElement.lang") == "fr"
    assert ada.page.title() == "Mon carnet"
    ada.heading("Aujourd’hui")
    ada.begin()
    ada.fill({"intake.1.status": "different", "intake.1.mg": "362,5", "intake.1.time": "08:00"})
    expect(ada.page.get_by_text("362,5")).to_be_visible()
    ada.send()
    ada.check_nothing_is_lost()
    (fact,) = server.facts(ada.number)
    assert (fact["language"], fact["answers"]["intake.1.mg"]) == ("fr", "362.5")


FOCUSED = """() => {
    const at = document.activeElement;
    const label = at.closest("label");
    return [at.tagName, at.value ?? "", (label ?? at).innerText.trim() || at.getAttribute("aria-label") || ""];
}"""


class Keyboard:
    """A person who has nothing but a keyboard."""

    def __init__(self, phone: AppPhone) -> None:
        self.phone = phone
        self.keys = phone.page.keyboard

    @property
    def focus(self) -> tuple[str, str, str]:
        """Element, value and words of what has the focus."""
        return tuple(self.phone.page.evaluate(FOCUSED))

    def tab_to(self, words: str) -> None:
        """Press Tab until something with these words has the focus; each stop on the way is visible."""
        for _ in range(40):
            self.keys.press("Tab")
            outline = self.phone.page.evaluate(
                """() => [document.activeElement, document.activeElement.closest("label")].filter(Boolean)
                    .some((at) => getComputedStyle(at).outlineStyle !== "none")"""
            )
            assert outline, f"nobody sees that {self.focus} has the focus"
            if words in self.focus[2]:
                return
        raise AssertionError(f"no way to {words!r} by Tab")

    def use(self, key: str) -> None:
        """Go to the button with these words of the app and press it."""
        self.tab_to(self.phone.words(key))
        self.keys.press("Enter")

    def choose_first(self) -> None:
        """Go to the choices and take the first."""
        while self.focus[0] != "INPUT":
            self.keys.press("Tab")
        self.keys.press("Space")


def test_a_whole_questionnaire_with_the_keyboard_alone(ben: AppPhone, server: Server) -> None:
    ben.at("2026-03-09 20:00")
    ben.pair_by_link()
    keyboard = Keyboard(ben)
    keyboard.tab_to("How have you been?")
    keyboard.keys.press("Enter")
    ben.heading("How have you been?")
    keyboard.choose_first()
    keyboard.use("fill.start")
    asked = 0
    while ben.item is not None:
        question = ben.question
        assert keyboard.focus[0] == "H1", "a new screen begins at its heading"
        keyboard.choose_first()
        if asked == 0:
            keyboard.keys.press("ArrowDown")  # sick once or twice: two more questions
        keyboard.use("action.next")
        expect(ben.page.get_by_role("heading", level=1)).not_to_have_text(question)
        asked += 1
    ben.heading(ben.words("fill.review"))
    keyboard.use("fill.send")
    ben.heading(ben.words("sent.title"))
    keyboard.use("action.done")
    ben.heading(ben.words("today.title"))
    ben.check_nothing_is_lost()
    (fact,) = server.facts(ben.number)
    assert fact["occurrence"] == "symptoms@W1"
    assert len(fact["answers"]) == asked == 17
    assert (fact["answers"]["nausea.frequency"], fact["answers"]["nausea.severity"]) == (1, 0)
