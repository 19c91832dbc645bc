"""The contract's tests use the same prepared study as those of the interface."""

from __future__ import annotations

from tests.api.conftest import original, phone, trial

__all__ = ["original", "phone", "trial"]
