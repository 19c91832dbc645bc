"""Reminders on the phone: subscribed by a tap and kept up, shown without a word of health, followed to what is due, and noted."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, Worker

from qol_server import keys
from qol_server.contacts import PUSH
from qol_server.intake import reach
from tests import people
from tests.browser import weather
from tests.browser.pages import patiently, rows, until
from tests.browser.rig import AppPhone
from tests.browser.sides import ask, settings
from tests.browser.weather import Server
from tests.messaging.browser import Browser, octets

# A push service is not to be had here: the browser's side of it is played, and remembered over reloads as a browser does.
PLAYED = """(offered) => {
    const KEPT = "what the browser subscribed to";
    const found = () => {
        const kept = JSON.parse(localStorage.getItem(KEPT));
        return kept && {
            endpoint: kept.endpoint,
            options: { applicationServerKey: Uint8Array.from(kept.key).buffer },
            toJSON: () => ({ endpoint: kept.endpoint, expirationTime: null, keys: offered.keys }),
            unsubscribe: async () => { localStorage.removeItem(KEPT); return true; },
        };
    };
    PushManager.prototype.getSubscription = async () => found();
    PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
        if (!userVisibleOnly || localStorage.getItem("no push service")) {
            throw new DOMException("not to be had", "AbortError");
        }
        const nth = Number(localStorage.getItem("nth") ?? 0) + 1;
        localStorage.setItem("nth", nth);
        const endpoint = `${offered.endpoint}/${nth}`;
        localStorage.setItem(KEPT, JSON.stringify({ endpoint, key: Array.from(new Uint8Array(applicationServerKey)) }));
        return found();
    };
}"""
KEPT = "what the browser subscribed to"
ENDPOINT = "https://push.example.org/send/ada"
REMINDER = str(uuid.UUID(int=7))


@pytest.fixture
def phone(ada: AppPhone, server: Server) -> AppPhone:
    """Ada's phone, paired, on Today; it may show notifications."""
    ada.context.grant_permissions(["notifications"], origin=server.origin)
    ada.context.add_init_script(f"({PLAYED})({json.dumps(Browser(ENDPOINT).subscription)})")
    ada.pair_by_link()
    until(ada.page, "() => navigator.serviceWorker.ready.then(() => true)")
    return ada


def push(phone: AppPhone, function: str, **known: Any) -> Any:
    """What a function of the phone's push says, as a screen calls it."""
    script = """async ([url, name, study]) => {
        const facade = { known: { identity: { confirmed: true, study: { id: study } } }, now: () => new Date() };
        return (await import(url))[name](facade, await navigator.serviceWorker.ready);
    }"""
    return phone.page.evaluate(script, [f"{phone.server.app_url}{phone.release}/phone/push.js", function, people.SLUG])


def told(server: Server, number: str) -> list[str]:
    """The addresses that the server was told, for phones that may be reminded."""
    found = reach.subscriptions(server.trial.study, number, server.trial.now, "a test")
    return [one["endpoint"] for one in found.values()]


def test_who_taps_the_button_is_reminded_until_they_tap_again(phone: AppPhone, server: Server) -> None:
    settings(phone, "reminders.title")
    phone.sees("push.off")
    assert server.weather.count("/push") == 0
    phone.press("push.turn_on")
    phone.sees("push.on")
    assert told(server, phone.number) == [f"{ENDPOINT}/1"]
    kept = json.loads(phone.page.evaluate(f"localStorage.getItem('{KEPT}')"))
    assert bytes(kept["key"]) == octets(keys.push_key(server.trial.settings.keys).public)
    phone.press("push.turn_off")
    phone.sees("push.off")
    assert told(server, phone.number) == []

    assert phone.page.evaluate(f"localStorage.getItem('{KEPT}')") is None


def answers_are_in(phone: AppPhone, wanted: str) -> None:
    """Wait until the phone's own account of reminders is this one."""
    assert patiently(phone.page, lambda: push(phone, "state") == wanted)


def test_what_the_server_was_not_told_is_told_at_the_next_start(phone: AppPhone, server: Server) -> None:
    server.weather.next("/push", weather.UNAVAILABLE)
    assert push(phone, "subscribe") == "lost"
    assert told(server, phone.number) == []
    phone.reopen()
    answers_are_in(phone, "on")
    assert told(server, phone.number) == [f"{ENDPOINT}/1"]


def told_device(server: Server, number: str) -> str:
    [device] = server.trial.study.contacts.names(number, PUSH)
    return device


OF_ANOTHER_DEVICE = """() => new Promise((done) => {
    indexedDB.open("qol/desminib").onsuccess = ({ target: { result: database } }) => {
        const tx = database.transaction("meta", "readwrite");
        const meta = tx.objectStore("meta");
        meta.get("push").onsuccess = ({ target: { result } }) => meta.put({ ...result, device: "the one before" }, "push");
        tx.oncomplete = () => { database.close(); done(); };
    };
})"""


def test_a_subscription_is_kept_up(phone: AppPhone, server: Server) -> None:
    """The server lost it; the phone was paired again; the browser gave it up; the server has another key."""
    push(phone, "subscribe")
    reach.unsubscribe(server.trial.study, phone.number, told_device(server, phone.number))
    asked = server.weather.count("/push")
    phone.at("2026-03-03 19:00")
    push(phone, "keepUp")
    assert server.weather.count("/push") == asked, "once a day is enough"
    phone.at("2026-03-03 21:00")
    push(phone, "keepUp")
    assert told(server, phone.number) == [f"{ENDPOINT}/1"]
    reach.unsubscribe(server.trial.study, phone.number, told_device(server, phone.number))
    phone.page.evaluate(OF_ANOTHER_DEVICE)
    push(phone, "keepUp")
    assert told(server, phone.number) == [f"{ENDPOINT}/1"]
    phone.page.evaluate(f"localStorage.removeItem('{KEPT}')")
    assert push(phone, "state") == "lost"
    push(phone, "keepUp")
    assert told(server, phone.number) == [f"{ENDPOINT}/2"]
    (server.trial.settings.keys / keys.PUSH_FILE).unlink()
    keys.push_key.cache_clear()
    phone.at("2026-03-05 09:00")
    push(phone, "keepUp")
    assert told(server, phone.number) == [f"{ENDPOINT}/3"]
    assert push(phone, "state") == "on"


def test_where_reminders_cannot_come_the_phone_says_why(phone: AppPhone, server: Server) -> None:
    phone.page.evaluate("localStorage.setItem('no push service', 'yes')")
    assert push(phone, "subscribe") == "lost"
    phone.page.evaluate("localStorage.removeItem('no push service')")
    push(phone, "keepUp")
    assert push(phone, "state") == "on"
    server.trial.withdraw(phone.number, "contact", server.trial.now.date())
    phone.at("2026-03-04 09:00")
    push(phone, "keepUp")
    assert push(phone, "state") == "off", "nobody is contacted any more"
    assert phone.page.evaluate(f"localStorage.getItem('{KEPT}')") is None
    phone.page.evaluate("() => void Object.defineProperty(Notification, 'permission', { value: 'denied' })")
    assert push(phone, "state") == "denied"
    phone.page.evaluate("() => void Object.defineProperty(ServiceWorkerRegistration.prototype, 'pushManager', { value: undefined })")
    assert push(phone, "state") == push(phone, "subscribe") == "unsupported"


# The service worker


def worker(phone: AppPhone) -> Worker:
    """The running service worker, with the trial's clock: its own would be the machine's. What it seals is witnessed."""
    [running] = phone.context.service_workers
    phone.witness(running)
    running.evaluate(
        """(ms) => {
            const real = self.realNow ??= Date.now.bind(Date);
            const ahead = ms - real();
            Date.now = () => real() + ahead;
            if (self.displayed === undefined) {
                self.displayed = 0;
                const show = self.registration.showNotification.bind(self.registration);
                self.registration.showNotification = (...what) => show(...what).then(() => { self.displayed += 1; });
            }
        }""",
        phone.server.trial.now.timestamp() * 1000,
    )
    return running


def deliver(phone: AppPhone, page: Page, message: Any) -> None:
    """
    A push service delivers a message, by the browser's debugging protocol, and the phone shows something.

    Nobody asks meanwhile which notifications there are: the browser strikes off what it does not find on the display, and
    what is only on its way there is among that.
    """
    running = worker(phone)
    before = running.evaluate("self.displayed")
    door = phone.context.new_cdp_session(page)
    registered: list[str] = []
    door.on(
        "ServiceWorker.workerRegistrationUpdated", lambda said: registered.extend(one["registrationId"] for one in said["registrations"])
    )
    door.send("ServiceWorker.enable")
    patiently(page, lambda: registered)
    data = message if isinstance(message, str) else json.dumps(message)
    door.send("ServiceWorker.deliverPushMessage", {"origin": phone.server.origin, "registrationId": registered[0], "data": data})
    patiently(page, lambda: running.evaluate("self.displayed") > before)
    assert running.evaluate("self.displayed") == before + 1
    door.detach()


SHOWN = """async () => (await (await navigator.serviceWorker.getRegistration("/desminib/app/")).getNotifications())
    .map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, data }))"""


def shown(page: Page, count: int = 1) -> list[dict[str, Any]]:
    """The notifications that the phone shows."""
    assert patiently(page, lambda: len(page.evaluate(SHOWN)) == count)
    return list(page.evaluate(SHOWN))


def put_away(phone: AppPhone) -> None:
    worker(phone).evaluate("async () => (await self.registration.getNotifications()).forEach((one) => one.close())")
    shown(phone.page, 0)


def noted_as(server: Server, phone: AppPhone, what: Sequence[str]) -> list[dict[str, Any]]:
    """The notes of the app that the server has, when they are just these."""
    found = server.facts(phone.number, "app.noted")
    return found if [one["what"] for one in found] == list(what) else []


def noted(server: Server, phone: AppPhone, *what: str) -> list[dict[str, Any]]:
    """Wait until the server has these notes of the app, and return them."""
    found = patiently(phone.page, lambda: noted_as(server, phone, what))
    assert found, [one["what"] for one in server.facts(phone.number, "app.noted")]
    return found


def test_a_reminder_is_shown_without_a_word_of_health_and_noted(phone: AppPhone, server: Server) -> None:
    deliver(phone, phone.page, {"id": REMINDER, "language": "en", "open": "dose@2026-03-02", "title": "Imatinib", "body": "dose diary"})
    [seen] = shown(phone.page)
    assert (seen["title"], seen["body"]) == ("Rappel", "Vous avez quelque chose à remplir.")
    assert (seen["tag"], seen["lang"]) == (REMINDER, "fr")
    [note] = noted(server, phone, "reminder-shown")
    assert (note["about"], note["noted_at"][:16]) == (REMINDER, "2026-03-02T20:00")
    put_away(phone)
    for message in ("", "no JSON", "[]", "null", '{"id": 5, "open": "<b>", "language": 7}', '{"id": "<script>", "body": "dose"}'):
        deliver(phone, phone.page, message)
        [seen] = shown(phone.page)
        assert (seen["title"], seen["tag"], seen["data"]) == ("Rappel", "reminder", {"id": None, "open": None})
        put_away(phone)
    noted(server, phone, "reminder-shown")
    phone.check_nothing_is_lost()


def test_a_reminder_comes_when_the_app_is_closed_and_offline_and_is_noted_later(phone: AppPhone, server: Server) -> None:
    elsewhere = phone.context.new_page()
    elsewhere.goto(f"{server.origin}/health")
    phone.kill()
    server.stop()
    deliver(phone, elsewhere, {"id": REMINDER, "language": "fr", "open": "dose@2026-03-02"})
    shown(elsewhere)
    patiently(elsewhere, lambda: rows(elsewhere, "entries"))
    server.start()
    phone.open()
    noted(server, phone, "reminder-shown")
    phone.check_nothing_is_lost()


CLICK = """async () => {
    const [notification] = await self.registration.getNotifications();
    self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
}"""


def test_a_tap_on_it_leads_to_what_is_due_and_nowhere_else(phone: AppPhone, server: Server) -> None:
    deliver(phone, phone.page, {"id": REMINDER, "language": "fr", "open": "dose@2026-03-02"})
    shown(phone.page)
    noted(server, phone, "reminder-shown")
    worker(phone).evaluate(CLICK)
    until(phone.page, "() => history.state?.route?.key === 'dose@2026-03-02'")
    shown(phone.page, 0)
    opened = noted(server, phone, "reminder-shown", "reminder-opened")[1]
    assert opened["about"] == REMINDER
    assert "dose" not in phone.page.url
    deliver(phone, phone.page, {"id": REMINDER, "language": "fr", "open": "dose@2026-01-01"})
    shown(phone.page)
    worker(phone).evaluate(CLICK)
    until(phone.page, "() => history.state?.route?.name === 'today'")
    deliver(phone, phone.page, {"id": REMINDER, "language": "fr", "open": "dose@2026-03-02"})
    shown(phone.page)
    worker(phone).evaluate(CLICK.replace("notificationclick", "notificationclose"))
    noted(server, phone, *("reminder-shown", "reminder-opened") * 2, "reminder-shown", "reminder-dismissed")
    phone.check_nothing_is_lost(drafts=["dose@2026-03-02"])


def test_a_tap_while_the_app_is_closed_leads_there_when_it_opens(phone: AppPhone, server: Server) -> None:
    elsewhere = phone.context.new_page()
    elsewhere.goto(f"{server.origin}/health")
    phone.kill()
    deliver(phone, elsewhere, {"id": REMINDER, "language": "fr", "open": "dose@2026-03-02"})
    shown(elsewhere)
    worker(phone).evaluate(CLICK)
    shown(elsewhere, 0)
    phone.open()
    until(phone.page, "() => history.state?.route?.key === 'dose@2026-03-02'")
    phone.press("action.close")
    phone.sees("today.title")
    phone.kept_left()
    phone.reopen()
    phone.sees("today.title")


def test_the_outbox_is_sent_by_the_browser_when_the_network_is_back_and_the_app_is_closed(phone: AppPhone, server: Server) -> None:
    elsewhere = phone.context.new_page()
    elsewhere.goto(f"{server.origin}/health")
    server.stop()
    ask(phone, "call-me")
    sealed = phone.sealed()
    phone.kill()
    server.start()
    worker(phone).evaluate("() => { const event = new SyncEvent('sync', { tag: 'qol-outbox' }); self.dispatchEvent(event); }")
    patiently(elsewhere, lambda: server.stored(phone.number))
    assert server.stored(phone.number) == sealed


def test_a_subscription_that_the_browser_changes_by_itself_is_told_by_the_service_worker(phone: AppPhone, server: Server) -> None:
    push(phone, "subscribe")
    reach.unsubscribe(server.trial.study, phone.number, told_device(server, phone.number))
    offered = json.dumps(Browser("https://push.example.org/send/changed").subscription)
    running = worker(phone)
    running.evaluate(f"() => {{ self.localStorage = {MEMORY}; ({PLAYED})({offered}); }}")
    running.evaluate("() => { self.dispatchEvent(new PushSubscriptionChangeEvent('pushsubscriptionchange')); }")
    patiently(phone.page, lambda: told(server, phone.number))
    assert told(server, phone.number) == ["https://push.example.org/send/changed/1"]


MEMORY = """{ kept: {}, getItem(key) { return this.kept[key] ?? null; }, setItem(key, value) { this.kept[key] = String(value); } }"""
