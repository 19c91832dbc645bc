"""Fixtures of the browser's tests: one browser and one prepared study a session, a server and phones of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from qol_server.patient_app import release
from tests import people
from tests.api.rig import reopened
from tests.browser import rig
from tests.browser.original import Original, prepare
from tests.browser.pages import Blank
from tests.browser.rig import AppPhone
from tests.browser.weather import Server

HERE = Path(__file__).parent
FAILED = pytest.StashKey[bool]()
"""Whether a test failed before its fixtures ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session", autouse=True)
def releases_are_packed_once() -> Iterator[None]:
    """Each test has a server of its own; all serve the same files, whose packing takes longer than many a test."""
    made: dict[frozenset[tuple[str, bytes]], release.Release] = {}
    packed = release.made_of

    def made_of(found: Mapping[str, bytes]) -> release.Release:
        key = frozenset(found.items())
        if key not in made:
            made[key] = packed(found)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release, "made_of", made_of)
        yield


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    return prepare(tmp_path_factory.mktemp("original") / "data")


@pytest.fixture(scope="session")
def original_numbers(original: Original) -> dict[str, str]:
    """Participant numbers by first name."""
    return original.numbers


@pytest.fixture
def server(original: Original, tmp_path: Path) -> Iterator[Server]:
    """A server of this test alone, on its own copy of the prepared study."""
    started = Server(reopened(original.trial, tmp_path / "data"))
    yield started
    started.close()


@pytest.fixture
def phones(server: Server, browser: Browser, original: Original, request: pytest.FixtureRequest) -> Iterator[Callable[..., AppPhone]]:
    """Makes phones: ``phones(people.ADA)``; more settings of the browser (``color_scheme="dark"`` …) by name."""
    made: list[AppPhone] = []

    def phone(person: people.Person, **settings: object) -> AppPhone:
        made.append(rig.phone(browser, server, person, original.numbers[person.name], **settings))
        return made[-1]

    yield phone
    try:
        if not request.node.stash.get(FAILED, False):
            check_the_end(server, made)
    finally:
        for each in made:
            each.context.close()
    wrong = [error for each in made for error in each.unexpected()]
    assert wrong == []


def check_the_end(server: Server, phones: list[AppPhone]) -> None:
    """
    However a story ended: what was seen at its sealing is on the phone, and the server has all of it, byte for byte, and nothing
    else of a phone; but for what went with a storage that the story cleared.
    """
    if any(each.witnessed for each in phones):
        server.weather.clear()
        server.stop()
        server.start()
    for each in phones:
        if each.witnessed:
            each.deliver()
    sealed = {id: line for each in phones if each.witnessed for id, line in each.check_kept().items()}
    stored = {id: line for number in {each.number for each in phones} for id, line in server.stored(number).items()}
    assert stored.items() <= sealed.items()
    assert sealed.keys() - stored.keys() <= {id for each in phones for id in each.evicted}


@pytest.fixture
def ada(phones: Callable[..., AppPhone]) -> AppPhone:
    """Ada's phone, not paired yet: French, in Paris, first dose today."""
    return phones(people.ADA)


@pytest.fixture
def ben(phones: Callable[..., AppPhone]) -> AppPhone:
    """Ben's phone, not paired yet: English, in Paris, first dose today."""
    return phones(people.BEN)


@pytest.fixture(scope="session")
def shared_server(original: Original, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests that only read what it serves."""
    started = Server(reopened(original.trial, tmp_path_factory.mktemp("shared") / "data"))
    yield started
    started.close()


@pytest.fixture(scope="session")
def modules(shared_server: Server, browser: Browser) -> Iterator[Blank]:
    """The app's modules as functions: ``modules.each("rules/conditions.js", "holds", cases)``; keeps nothing between calls but modules."""
    context = browser.new_context(timezone_id="Europe/Paris")
    yield Blank(shared_server, context.new_page())
    context.close()


@pytest.fixture
def blank(server: Server, browser: Browser) -> Iterator[Blank]:
    """A page of the app's origin without the app, in a fresh browser profile: for modules that keep something."""
    context = browser.new_context(timezone_id="Europe/Paris")
    yield Blank(server, context.new_page())
    context.close()
