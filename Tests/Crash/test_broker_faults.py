"""The broker ends, is killed, stalls, forgets its sessions, and gives the gateway's place to another, all under load.

The seed is printed; STEWARD_SEED repeats it. broker_campaign.py runs the long form.
"""

import os
import random

import pytest

from broker_campaign import FAULTS, Campaign

SEED = int(os.environ.get("STEWARD_SEED", random.SystemRandom().randint(1, 1_000_000)))


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_the_gateway_goes_on_whatever_the_broker_does(tmp_path, tls):
    print(f"seed {SEED}")
    campaign = Campaign(tmp_path, SEED, tls)
    campaign.run(len(FAULTS), 3000)
    assert set(campaign.done) == set(FAULTS)


def test_restarts_of_the_broker_under_load(tmp_path):
    """Exactly: what the broker keeps over its restart is neither lost nor counted twice."""
    print(f"seed {SEED}")
    campaign = Campaign(tmp_path, SEED)
    campaign.run(8, 3000, ("terminate", "restart"))
    assert campaign.repeats > 0, "the broker had nothing to send again"
