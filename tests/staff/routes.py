"""An example of each address of the desk: what to ask for, so that a test can walk all of them for every role and site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.staff.rig import House


@dataclass(frozen=True, slots=True)
class Example:
    """``parts`` makes what stands in the address (of site 01), ``form`` what is posted; both may prepare what has to be there."""

    parts: Callable[[House], dict[str, str]] = lambda _house: {}
    form: Callable[[House], dict[str, Any]] = field(default=lambda _house: {})


EXAMPLES: dict[str, Example] = {
    "GET /": Example(),
}
"""Method and path below the desk of a study, as they are declared -> the example."""
