"""The story that the tests of the views tell, lived once, and its views as of the moments that it marks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qol_server.intake import looking
from qol_server.views.showing import VIEWS
from tests.views.story import Story, four_weeks

Rows = list[dict]


@pytest.fixture(scope="session")
def story(tmp_path_factory) -> Story:
    return four_weeks(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="session")
def seen(story) -> Callable[..., Rows]:
    """The rows of a view as dictionaries, as of a mark (default: the end), of those whose columns are as stated."""
    kept = {}

    def look(view: str, mark: str = "end", **wanted) -> Rows:
        if mark not in kept:
            kept[mark] = looking.as_of(story.trial.study, story.marks[mark])
        columns, rows = VIEWS[view](kept[mark])
        named = [dict(zip([column.name for column in columns], row, strict=True)) for row in rows]
        return [row for row in named if all(row[name] == value for name, value in wanted.items())]

    return look
