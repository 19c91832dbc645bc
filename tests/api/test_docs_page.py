"""The documentation page: readable without scripts or other servers, and complete."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser

import pytest

from qol_server.api import docs_page
from qol_server.api.openapi import OPERATIONS, document
from qol_server.trial.problems import CATALOGUE
from tests import people

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Collects what a browser would make of the page, and tags that are not closed as they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.crooked: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crooked.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page() -> Reader:
    reader = Reader()
    reader.feed(docs_page.page(people.SLUG, document(people.SLUG)))
    reader.close()
    return reader


def test_the_page_is_well_formed(page: Reader) -> None:
    assert (page.open, page.crooked) == ([], [])
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_link_inside_leads_somewhere(page: Reader) -> None:
    ids = {attributes.get("id") for _, attributes in page.tags}
    targets = {str(attributes["href"]) for tag, attributes in page.tags if tag == "a"}
    assert {target[1:] for target in targets if target.startswith("#")} <= ids
    assert {target for target in targets if not target.startswith("#")} == {"openapi.json"}


def test_nothing_is_fetched_from_elsewhere_and_nothing_runs(page: Reader) -> None:
    assert {tag for tag, _ in page.tags} & {"script", "style", "iframe", "img", "object"} == set()
    assert [attributes["href"] for tag, attributes in page.tags if tag == "link"] == ["docs.css"]
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}
    assert not re.search(r"url\(|@import|https?:", docs_page.style())


def test_people_with_a_screen_reader_find_their_way(page: Reader) -> None:
    assert ("html", {"lang": "en"}) in page.tags
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(attributes.get("scope") == "col" for tag, attributes in page.tags if tag == "th")
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in page.tags}


def test_the_page_shows_protocol_routes_problems_and_schemas(page: Reader) -> None:
    for operation in OPERATIONS:
        assert operation.path.replace("{study}", people.SLUG) in page.text
    for problem in CATALOGUE.values():
        assert problem.title in page.text
    for name in document(people.SLUG)["components"]["schemas"]:
        assert name in page.text
    assert "The sync protocol" in page.text
    assert "**" not in page.text.replace("**bold**", "")


def test_markdown_says_what_was_written() -> None:
    assert docs_page.markdown("# A <b>\n\ntwo\nlines `x<y` **so**\n") == (
        '<h1 id="a-b">A &lt;b&gt;</h1>\n<p>two lines <code>x&lt;y</code> <strong>so</strong></p>\n'
    )
    assert docs_page.markdown("- a\n  b\n- c") == "<ul><li>a b</li><li>c</li></ul>\n"
    assert "<pre" in docs_page.markdown("```\na\n\nb\n```")
    assert "a\n\nb" in docs_page.markdown("```\na\n\nb\n```")


def test_the_server_serves_the_page_and_its_style(trial: people.Trial) -> None:
    answer = trial._client.get(f"/{people.SLUG}/api/v1/docs")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.data.decode() == docs_page.page(people.SLUG, document(people.SLUG))
    style = trial._client.get(f"/{people.SLUG}/api/v1/docs.css")
    assert (style.status_code, style.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
