"""Pages of the app's origin: its modules as functions, what a browser keeps, and waiting for what a page answers later."""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from playwright.sync_api import Error, Page

from tests import people
from tests.browser.weather import PATIENCE, Server

T = TypeVar("T")


class Blank:
    """A page of the app's origin without the app: modules are imported into it, and the phone's database is read from it."""

    def __init__(self, server: Server, page: Page) -> None:
        self.server = server
        self.page = page
        page.goto(f"{server.origin}/health")

    def url(self, path: str) -> str:
        """Where a file of the app is served, like ``rules/conditions.js``."""
        return f"{self.server.app_url}{release(self.server)}/{path}"

    def call(self, path: str, function: str, *arguments: Any) -> Any:
        """What an exported function of a module returns; JSON in, JSON out, undefined is None."""
        return self.each(path, function, [arguments])[0]

    def each(self, path: str, function: str, cases: Sequence[Sequence[Any]]) -> list[Any]:
        """What an exported function returns for each of many lists of arguments, in one go; an error is raised as one."""
        script = """async ([url, name, cases]) => {
            const called = (await import(url))[name];
            const results = [];
            for (const given of JSON.parse(cases)) {
                results.push((await called(...given)) ?? null);
            }
            return JSON.stringify(results);
        }"""
        said = self.page.evaluate(script, [self.url(path), function, json.dumps(cases)])
        return list(json.loads(said))

    def run(self, script: str, **modules: str) -> Any:
        """Run the body of an async function in which each name of ``modules`` is a module of the app; returns what it returns.

        ``blank.run("return calendar.due(1)", calendar="rules/calendar.js")``
        """
        urls = {name: self.url(path) for name, path in modules.items()}
        whole = f"""async (urls) => {{
            const [{", ".join(urls)}] = await Promise.all(Object.values(urls).map((url) => import(url)));
            {script}
        }}"""
        return self.page.evaluate(whole, urls)


def release(server: Server) -> str:
    """The release that is served, as it stands in the page: ``v/<digest>``."""
    with urllib.request.urlopen(server.app_url) as answer:
        found = re.search(r'"(v/[^/"]+)/main\.js"', answer.read().decode())
    assert found is not None, "the page names no release"
    return found[1]


READ = """async ([name, store]) => {
    if (!(await indexedDB.databases()).some((one) => one.name === name)) {
        return [];
    }
    const promised = (request) => new Promise((yes, no) => {
        request.onsuccess = () => yes(request.result);
        request.onerror = () => no(request.error);
    });
    const text = (_, value) => {
        const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
        return bytes instanceof Uint8Array ? { base64: btoa(String.fromCharCode(...bytes)) } : value;
    };
    const database = await promised(indexedDB.open(name));
    try {
        if (!database.objectStoreNames.contains(store)) {
            return [];
        }
        const rows = database.transaction(store).objectStore(store);
        const [keys, values] = await Promise.all([promised(rows.getAllKeys()), promised(rows.getAll())]);
        return JSON.parse(JSON.stringify(keys.map((key, nth) => [key, values[nth]]), text));
    } finally {
        database.close();
    }
}"""


def rows(page: Page, store: str) -> dict[str, Any]:
    """What a store of the phone's database holds, by key; bytes are ``{"base64": …}``."""
    return {str(key): value for key, value in page.evaluate(READ, [f"qol/{people.SLUG}", store])}


def as_bytes(value: Any) -> bytes:
    """The bytes of a kept line, however it is kept."""
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


def until(page: Page, script: str, argument: Any = None) -> None:
    """
    Wait until an (async) function of the page says yes; what it throws, and a page that goes elsewhere meanwhile, is a "not yet".

    Playwright's own ``wait_for_function`` takes any promise for a yes.
    """
    ask = f"""(argument) => {{
        const asked = (globalThis.asked ??= {{}});
        if (asked.yes) {{
            globalThis.asked = undefined;
            return true;
        }}
        if (!asked.busy) {{
            asked.busy = true;
            const answered = (yes) => Object.assign(asked, {{ busy: false, yes }});
            new Promise((yes) => yes(({script})(argument))).then((yes) => answered(Boolean(yes)), () => answered(false));
        }}
        return false;
    }}"""

    def is_so() -> bool:
        try:
            return bool(page.evaluate(ask, argument))
        except Error as gone:
            if "Execution context was destroyed" not in gone.message:
                raise
            return False

    assert patiently(page, is_so), f"never came true: {script}"


def patiently(page: Page, ask: Callable[[], T]) -> T:
    """The first answer that is not empty, or the last one when patience ends; what the browser says meanwhile is heard."""
    end = time.monotonic() + PATIENCE
    while not (answer := ask()) and time.monotonic() < end:
        page.wait_for_timeout(20)
    return answer
