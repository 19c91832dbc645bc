"""The WSGI entry point: ``application`` for any WSGI server; settings come from the environment (QOL_*)."""

from qol_server.app import create_app

application = create_app()
