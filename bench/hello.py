"""The same application with one more route that does nothing, to know what the server costs without us."""

from __future__ import annotations

from qol_server.app import create_app

application = create_app()
application.add_url_rule("/hello", "hello", lambda: "Hello, world!")
