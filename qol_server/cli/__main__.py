"""`python -m qol_server.cli`: what the `qol` script runs."""

from __future__ import annotations

import sys

from qol_server.cli import main

sys.exit(main())
