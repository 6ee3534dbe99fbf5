"""The gateway's clock is set, wrong, or was never right: nothing is lost, nobody is blind, nothing waits for a time that never was.

Devices of these tests are of two kinds: one has a clock, which is right, and one has none. `long_clock_campaign` in CONTRIBUTING.md is the
long form of the jumps.
"""

import os
import random
import signal
import time

import profiles
import pytest
from clocks import DAY, FakeClock
from conftest import PROFILES, now_ms, wait_for
from test_orders import use_up

JUMPS = [10_000, 3_600_000, 40 * DAY, 3653 * DAY]
# 1972 and 2099.
AGES = {"1972": 63_072_000_000, "2099": 4_070_908_800_000}


@pytest.fixture
def clock(tmp_path):
    return FakeClock(tmp_path / "clock")


@pytest.fixture
def site(make, broker, client, clock, tmp_path):
    """A gateway that goes by `clock`, with devices that answer no command."""
    directory = profiles.write(tmp_path / "profiles", profiles.bench())
    gateway = make.gateway(broker, start=False, profiles=[str(directory), str(PROFILES / "steward-native")])
    gateway.environment |= clock.environment()
    client.subscribe("bench/+/commands/+")
    return gateway


def difference(gateway):
    return gateway.metric("steward_clock_difference_milliseconds")


def jam(client, *devices, passed=0):
    """Devices jam, and each gets both commands of its playbook, the second when the first has not been answered for a second. Those called `own`
    have a clock, which is right; `passed` is how long the machine has seemed to sleep."""
    for device in devices:
        client.publish(f"bench/{device}/telemetry", ({"ts": now_ms() + passed} if device.startswith("own") else {}) | {"errors": ["jam"]})
    for device in devices:
        wanted = [f"bench/{device}/commands/{command}" for command in ("clear", "restart")]
        wait_for(lambda: [topic for topic, _ in client.heard if topic in wanted] == wanted, f"the commands for {device}")


def works(client, name):
    """Faults of a device without a clock and of one whose clock is right are dispatched."""
    jam(client, f"none-{name}", f"own-{name}")


@pytest.mark.parametrize("sign", [1, -1])
def test_a_step_that_nobody_confirms_changes_nothing_for_a_while(site, client, clock, sign):
    site.start()
    for jump in JUMPS:
        clock.set(sign * jump)
        wait_for(lambda: abs(difference(site) - sign * jump) < 3000, "the notice")
        works(client, f"u{jump}")
    assert "not followed" in site.request("/readyz")[2].decode()
    assert "not followed" in site.cli("status").stdout
    assert abs(site.api("status")["time"] - now_ms()) < 60_000
    clock.set(0)
    wait_for(lambda: difference(site) == 0, "the end of it")
    works(client, "after")
    assert site.metric("steward_clock_steps_total") == 0
    assert site.request("/readyz")[2] == b"ready\n"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_confirmed_step_is_followed_and_nothing_waits_longer_or_shorter(site, client, clock, sign):
    site.start()
    client.publish("bench/d/telemetry", {"status": "error"})
    for count, jump in enumerate(JUMPS, 1):
        clock.set(sign * jump, confirmed=True)
        wait_for(lambda: site.metric("steward_clock_steps_total") == count, "the step")
        jam(client, f"s{jump}")
    clock.set(0, confirmed=True)
    wait_for(lambda: site.metric("steward_clock_steps_total") == len(JUMPS) + 1, "the step back")
    works(client, "after")
    # A device that was down meanwhile was down for seconds.
    client.publish("bench/d/telemetry", {"status": "idle"})
    wait_for(lambda: site.device("d")["incidents"][0].get("restored"), "the restoration")
    [incident] = site.device("d")["incidents"]
    assert 0 <= incident["restored"] - incident["onset"] < 120_000
    kinds = [entry["kind"] for entry in site.api("journal?limit=1000")["journal"]]
    assert kinds.count("clock.stepped") == len(JUMPS) + 1


def test_a_clock_set_by_hand_is_followed_after_ten_minutes(site, client, clock):
    site.start()
    clock.set(3_600_000)
    wait_for(lambda: difference(site) != 0, "the notice")
    clock.pass_by(11 * 60_000)
    wait_for(lambda: site.metric("steward_clock_steps_total") == 1, "the step")
    assert difference(site) == 0
    jam(client, "d")


def test_a_waiting_order_is_tried_again_although_the_clock_went_back(make, broker, client, clock):
    receiver = make.receiver()
    receiver.statuses = [503] * 4
    gateway = make.gateway(broker, start=False, orders={"url": receiver.url + "/orders"})
    gateway.environment |= clock.environment()
    gateway.start()
    use_up(client, "p1")
    # The next try is some seconds away by now.
    wait_for(lambda: len(receiver.requests) == 4, "the tries that fail")
    clock.set(-DAY, confirmed=True)
    wait_for(lambda: receiver.accepted("/orders"), "the fifth try")
    wait_for(lambda: gateway.api("orders")["orders"][0]["state"] == "sent", "the end of it")


def test_history_survives_a_jump_and_a_kill_in_the_wrong_time(site, client, clock):
    site.start()
    start = now_ms() - 3 * DAY
    for index in range(0, 6000, 500):
        for offset in range(500):
            body = f'{{"ts": {start + (index + offset) * 30_000}, "temp": {20 + random.random() * 60}}}'
            client.client.publish("bench/h/telemetry", body, qos=1)
    wait_for(lambda: site.metric("steward_messages_processed_total") >= 6000, "the messages")
    wait_for(lambda: site.metric("steward_history_samples") > 1000, "closed chunks")
    kept = site.metric("steward_history_samples")
    clock.set(40 * DAY, confirmed=True)
    wait_for(lambda: site.metric("steward_clock_steps_total") == 1, "the step")
    for _ in range(2):
        # The upkeep comes once a minute, and moves how far samples may be forgotten.
        before = site.metric("steward_history_horizon_milliseconds")
        clock.pass_by(75_000)
        wait_for(lambda: site.metric("steward_history_horizon_milliseconds") > before, "the upkeep")
        site.stop(signal.SIGKILL)
        site.start()
        assert site.metric("steward_history_samples") >= kept
    clock.set(0, confirmed=True)
    wait_for(lambda: site.metric("steward_clock_steps_total") == 1, "the step back")
    assert site.metric("steward_history_samples") >= kept
    jam(client, "own-h")


@pytest.mark.parametrize("age", AGES)
def test_a_first_start_in_another_age_works_until_the_clock_is_right(site, client, clock, age):
    clock.set(AGES[age] - now_ms())
    site.start()
    jam(client, "none")
    if age == "1972":
        # To a clock that was never set all others are ahead, and so they are dated by their arrival.
        jam(client, "own")
        # Anything that can be right is better than what cannot: nobody has to confirm it.
        clock.set(0)
    else:
        clock.set(0, confirmed=True)
    wait_for(lambda: site.metric("steward_clock_steps_total") == 1, "the step")
    works(client, "later")


@pytest.mark.parametrize("age", AGES)
def test_a_start_in_another_age_goes_on_from_the_store(site, client, clock, age):
    site.start()
    works(client, "before")
    assert site.stop() == 0
    # Of another boot: the page in memory is gone with it.
    os.unlink(f"{site.store}.progress")
    clock.boot()
    clock.set(AGES[age] - now_ms())
    site.start()
    wait_for(lambda: difference(site) != 0, "the notice")
    works(client, "meanwhile")
    clock.set(0, confirmed=True)
    wait_for(lambda: difference(site) == 0, "the time server's word")
    works(client, "after")


def test_a_restart_in_the_wrong_time_knows_the_right_one(site, client, clock):
    site.start()
    works(client, "before")
    clock.set(40 * DAY)
    wait_for(lambda: difference(site) != 0, "the notice")
    site.stop(signal.SIGKILL)
    site.start()
    wait_for(lambda: difference(site) != 0, "the notice after the kill")
    works(client, "meanwhile")
    clock.set(0)
    wait_for(lambda: difference(site) == 0, "the end of it")
    assert site.metric("steward_clock_steps_total") == 0


@pytest.mark.skipif("STEWARD_CLOCK_ROUNDS" not in os.environ, reason="the long form: STEWARD_CLOCK_ROUNDS=200")
def test_long_clock_campaign(site, client, clock):
    seed = int(os.environ.get("STEWARD_CLOCK_SEED", random.randrange(1 << 32)))
    print(f"seed {seed}")
    choose = random.Random(seed)
    site.start()
    for number in range(int(os.environ["STEWARD_CLOCK_ROUNDS"])):
        jump = choose.choice([0, *JUMPS, *(-jump for jump in JUMPS), AGES["1972"] - now_ms(), AGES["2099"] - now_ms()])
        clock.set(jump, confirmed=choose.random() < 0.4)
        if choose.random() < 0.3:
            clock.pass_by(choose.randrange(1, 15 * 60_000))
        time.sleep(choose.random())
        if choose.random() < 0.2:
            site.stop(choose.choice([signal.SIGKILL, signal.SIGTERM]))
            site.start()
        jam(client, f"r{number}")
    clock.set(0, confirmed=True)
    wait_for(lambda: difference(site) == 0, "the end of it")
    jam(client, "none-after", "own-after", passed=clock.passed)
