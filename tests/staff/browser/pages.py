"""The pages of the desk: each address that shows one, an example of it, and who may see it."""

from __future__ import annotations

import re

from qol_server.staff import AREAS
from qol_server.staff.desk import Route
from qol_server.trial.roles import RIGHTS, Permission, Role
from tests.staff.rig import House
from tests.staff.routes import EXAMPLES

ROUTES = [route for pages in AREAS.values() for route in pages.routes]
GETS = {f"GET {route.path}": route for route in ROUTES if route.method == "GET" and not route.polled}
PREFERRED = (Role.INVESTIGATOR, Role.STUDY_MANAGER, Role.ADMINISTRATOR, Role.DATA_MANAGER)


def who(permission: Permission) -> Role:
    """A role that has the permission, the same for most pages."""
    return next(role for role in (*PREFERRED, *Role) if role in RIGHTS[permission].roles)


def address(house: House, route: Route) -> str:
    """The address of a route's example, below the desk."""
    parts = EXAMPLES[f"{route.method} {route.path}"].parts(house)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda part: parts[part[1]], route.path)
