"""Fixtures of the client's tests: one prepared study, of which every test gets its own copy, and a phone on a network."""

from __future__ import annotations

import pytest

from tests import people
from tests.api import rig
from tests.api.conftest import original, trial  # noqa: F401 - fixtures
from tests.client.network import Network, Pocket


@pytest.fixture
def network(trial: people.Trial) -> Network:  # noqa: F811
    """What lies between the phones and the server."""
    return Network(trial)


@pytest.fixture
def phone(trial: people.Trial, network: Network) -> Pocket:  # noqa: F811
    """Ada's phone, paired and synced once."""
    return network.phone(rig.ada(trial))
