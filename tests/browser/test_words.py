"""Days, hours and numbers are written as people there write them: as the browser itself would, without asking it."""

from __future__ import annotations

import pytest

from tests.browser.pages import Blank

LOCALES = {"en": "en-GB", "fr": "fr"}
AS_THE_BROWSER_DOES = """
    await words.speak(tag);
    const shapes = {
        long: { weekday: "long", day: "numeric", month: "long" }, short: { day: "numeric", month: "short" },
        month: { month: "long", year: "numeric" }, weekday: { weekday: "long" },
    };
    const different = [];
    for (let at = Date.UTC(2027, 11, 30, 12); at < Date.UTC(2029, 0, 3); at += 86400000) {
        const iso = new Date(at).toISOString().slice(0, 10);
        for (const [style, shape] of Object.entries(shapes)) {
            const parts = new Intl.DateTimeFormat(locale, { ...shape, timeZone: "UTC" }).formatToParts(at);
            const theirs = parts.map(({ type, value }) => (tag === "fr" && type === "day" && value === "1" ? "1er" : value)).join("");
            const ours = words.day(iso, style);
            if (ours !== theirs) {
                different.push([iso, style, ours, theirs]);
            }
        }
        if (words.hour(at) !== new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(at)) {
            different.push([iso, "hour", words.hour(at)]);
        }
    }
    return different;
"""


@pytest.mark.parametrize("tag", LOCALES)
def test_every_day_of_a_leap_year_is_said_as_the_browser_says_it(modules: Blank, tag: str) -> None:
    script = f"const [tag, locale] = ['{tag}', '{LOCALES[tag]}']; {AS_THE_BROWSER_DOES}"
    assert modules.run(script, words="words/index.js") == []


SAID = {
    "en": ["Monday, 2 March 2026", "1 Sept 2026", "31 Dec 2026", "Mon", "2 March 2026 at 10:42", "36.6"],
    "fr": ["lundi 2 mars 2026", "1er sept. 2026", "31 déc. 2026", "lun.", "2 mars 2026 à 10:42", "36,6"],
}


@pytest.mark.parametrize("tag", SAID)
def test_short_and_whole_dates_moments_and_numbers(modules: Blank, tag: str) -> None:
    script = f"""
        await words.speak("{tag}");
        return [
            words.day("2026-03-02", "full"), words.day("2026-09-01", "dated"), words.day("2026-12-31", "dated"),
            words.day("2026-03-02", "weekday_short"), words.dayAndHour("2026-03-02T10:42:00"), words.number("36.6"),
        ];
    """
    assert modules.run(script, words="words/index.js") == SAID[tag]
