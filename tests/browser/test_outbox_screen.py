"""What waits and what was sent is told in plain words; a copy of what waits can be saved, handed in, and sent later all the same."""

from __future__ import annotations

from playwright.sync_api import expect

from qol_server.intake import copies
from tests import people
from tests.browser import weather
from tests.browser.rig import AppPhone
from tests.browser.sides import ask, enter_code, paired, row, settings, stands_on
from tests.browser.weather import Fault, Server

IN_THE_WAY: tuple[tuple[Fault, str], ...] = (
    (weather.TOO_MANY, "sending.busy"),
    (weather.PORTAL_LOGIN, "sending.unreachable"),
    (weather.problem("app-too-old", 426, "Too old", retryable=False), "sending.app_too_old"),
    (weather.SERVER_ERROR, "sending.unreachable"),
    (weather.problem("too-large", 413, "Too large", retryable=False), "sending.declined"),
    (weather.problem("storage-full", 507, "The disk is full", retryable=True), "sending.busy"),
    (weather.truncated, "sending.unreachable"),
    (weather.REVOKED, "sending.held"),
)
"""What happens to a sync, and what the phone says of it."""


def to_outbox(phone: AppPhone) -> None:
    settings(phone, "outbox.title")
    stands_on(phone, "outbox.title")


def test_nothing_waits(ada: AppPhone) -> None:
    paired(ada)
    to_outbox(ada)
    ada.sees("sending.all_sent")
    ada.sees("outbox.nothing_waits")
    expect(ada.button(ada.words("outbox.save_copy"))).to_have_count(0)


def test_what_waits_is_listed_and_goes_out_by_itself(ada: AppPhone) -> None:
    paired(ada)
    ada.installed()
    ada.offline()
    ask(ada, "pause", "geheim")
    ada.press("action.done")
    to_outbox(ada)
    ada.sees("sending.offline")
    ada.sees("outbox.waits")
    assert "geheim" not in ada.page.locator("main").inner_text()
    ada.online()
    ada.sees("sending.all_sent")
    ada.sees("outbox.arrived")
    ada.check_nothing_is_lost()


def test_what_stands_in_the_way_is_said_in_plain_words(ada: AppPhone, server: Server) -> None:
    paired(ada)
    server.weather.always("sync", weather.PORTAL)
    ask(ada, "call-me")
    ada.press("action.done")
    to_outbox(ada)
    ada.sees("sending.unreachable")
    for fault, words in IN_THE_WAY:
        server.weather.always("sync", fault)
        ada.press("outbox.send_now")
        ada.sees(words)
    server.weather.clear()
    ada.press("notice.held.action")
    ada.sees("again.nothing_lost", n=1)
    enter_code(ada, server.code(ada.number))
    stands_on(ada, "again.done.title")
    ada.wait_until_sent(1)
    ada.check_nothing_is_lost()


def test_a_saved_copy_is_handed_in_and_what_the_phone_sends_later_is_the_same(ada: AppPhone, server: Server) -> None:
    paired(ada)
    ada.installed()
    server.stop()
    ask(ada, "call-me", "Zoë Müller — 39,5 °C")
    ada.press("action.done")
    ask(ada, "pause")
    ada.press("action.done")
    to_outbox(ada)
    with ada.page.expect_download() as came:
        ada.press("outbox.save_copy")
    assert came.value.suggested_filename == f"qol-desminib-{ada.number}-2026-03-02.ndjson"
    ada.sees("outbox.copy.saved")
    content = came.value.path().read_bytes()
    assert ada.rows("meta")["identity"]["token"].encode() not in content
    copy = copies.read_copy(content)
    trial = server.trial
    became = copies.hand_in(trial.study, copy, actor=people.NURSE, now=trial.now)
    assert (became["stored"], became["duplicate"], became["quarantined"]) == (2, 0, 0)
    assert ada.stored() == ada.sealed()
    ada.send_now(server.start)
    ada.wait_until_sent(2)
    ada.check_nothing_is_lost()
    statuses = [entry["receipt"]["status"] for entry in ada.rows("entries").values()]
    assert statuses == ["duplicate", "duplicate"]


def test_an_entry_under_review_is_explained(ada: AppPhone, server: Server) -> None:
    paired(ada)
    trial = server.trial
    trial.withdraw(ada.number, "consent", trial.now.date())
    ada.at("2026-03-03 10:00")
    settings(ada, "language.title")
    ada.choose("en")
    ada.press("language.use")
    ada.wait_until_sent(1)
    row(ada, "outbox.title")
    ada.sees("outbox.review.text")


def test_after_a_day_today_offers_to_send_or_to_save(ada: AppPhone, server: Server) -> None:
    paired(ada)
    ada.installed()
    server.stop()
    ask(ada, "call-me")
    ada.press("action.done")
    expect(ada.page.get_by_text(ada.words("notice.unsent-long.title"))).to_have_count(0)
    ada.at("2026-03-03 20:05")
    ada.sees("notice.unsent-long.title")
    with ada.page.expect_download() as came:
        ada.press("outbox.save_copy")
    assert copies.read_copy(came.value.path().read_bytes()).said["entries"] == 1
    ada.send_now(server.start)
    expect(ada.page.get_by_text(ada.words("notice.unsent-long.title"))).to_have_count(0)
    ada.check_nothing_is_lost()


def test_moving_to_a_new_phone(ada: AppPhone, server: Server) -> None:
    paired(ada)
    ada.installed()
    server.stop()
    ask(ada, "call-me")
    ada.press("action.done")
    settings(ada, "new_phone.title")
    ada.sees("new_phone.waits", n=1)
    ada.send_now(server.start)
    ada.sees("sending.all_sent")
    ada.check_nothing_is_lost()


def test_a_phone_whose_storage_was_cleared_says_so_and_is_paired_again(ada: AppPhone, server: Server) -> None:
    paired(ada)
    ada.installed()
    server.stop()
    ask(ada, "call-me")
    ada.kill()
    page = ada.context.new_page()
    server.start()
    page.goto(f"{server.origin}/health")
    page.evaluate("""() => new Promise((done) => {
        indexedDB.deleteDatabase("qol/desminib").onsuccess = done;
    })""")
    page.close()
    ada.evicted |= ada.witnessed.keys()
    ada.open()
    stands_on(ada, "notice.storage-lost.title")
    expect(ada.page.locator(".notice.warn")).to_contain_text("1 ")
    ada.press("again.pair")
    ada.page.get_by_label(ada.words("code.label")).press_sequentially(server.code(ada.number))
    ada.press("action.go_on")
    ada.confirm_number()
    ada.wait_until_sent(1)
    assert [fact["what"] for fact in server.facts(ada.number, "app.noted")] == ["storage-lost"]
