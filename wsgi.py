"""The WSGI entry point: ``application`` for any WSGI server; settings come from the environment (QOL_*)."""

import gc

from qol_server.app import create_app

application = create_app()

# What is loaded now stays until the end: the collector need not walk through it again, which on a long page costs half the time.
gc.collect()
gc.freeze()
