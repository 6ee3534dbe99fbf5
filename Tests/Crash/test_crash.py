"""Nothing acknowledged is lost, nothing is done twice, and the state comes back: the real program, a real broker, SIGKILL.

The seed is printed; STEWARD_SEED repeats it. campaign.py runs the long form.
"""

import os
import random
import signal

import pytest

from campaign import campaign
from killer import OUTSIDE, PLACES, STARTING, Stopper

SEED = int(os.environ.get("STEWARD_SEED", random.SystemRandom().randint(1, 1_000_000)))
KILLS = 40


def test_kills_under_load(tmp_path):
    print(f"seed {SEED}")
    outcome, _ = campaign(tmp_path, KILLS, SEED)
    assert set(PLACES) | {OUTSIDE, STARTING} <= set(outcome.kills)
    assert outcome.snapshots > 0, "no restart began at a snapshot"
    assert outcome.records.inbox.total() > len(outcome.acknowledged), "no kill left the broker something to repeat"


def test_orderly_stops_under_load(tmp_path):
    print(f"seed {SEED}")
    outcome, _ = campaign(tmp_path, 6, SEED, messages=300, killer_type=Stopper)
    assert outcome.kills["SIGTERM"] == 6
    assert outcome.records.inbox.total() == len(outcome.acknowledged), "acknowledgements were lost in an orderly stop"


def telemetry(body):
    return "devices/prn-000/telemetry", body


JAM = telemetry(b'{"status": "error", "errors": ["jam"]}')
CLEAR = telemetry(b'{"status": "idle", "errors": []}')


def incidents(gateway):
    return [entry for entry in gateway.json("/api/v1/journal?limit=200")["journal"] if entry["kind"] == "incident.opened"]


@pytest.mark.parametrize("ends", ["terminate", "kill"])
def test_equal_messages_after_a_restart_are_news(gateway, fleet, ends):
    """A device without a clock says the same bytes for the same thing. Only what the broker sends again may be passed over."""
    gateway.start()
    gateway.wait_until(lambda: "subscribed" in gateway.log.read_text(), "the subscription")
    for message in (JAM, CLEAR):
        fleet.publish(*message)
    fleet.drain(0)
    gateway.wait_until(lambda: gateway.json("/api/v1/status")["messages"] == 2, "both messages")
    gateway.wait_until(lambda: len(incidents(gateway)) == 1, "the first incident")
    getattr(gateway, ends)()
    gateway.start()
    gateway.wait_ready()
    fleet.publish(*JAM)
    fleet.drain(0)
    gateway.wait_until(lambda: len(incidents(gateway)) == 2, "the second incident", seconds=10)


def test_a_message_that_crashes_the_decoder_is_set_aside(gateway, fleet):
    """Met at first, met again in recovery, and then passed over: two crashes and no third. A SIGKILL counts for nothing."""
    poison, culprit = {"STEWARD_CRASH_ON_TOPIC": "devices/poison/telemetry"}, b'{"status": "idle"}'
    gateway.start(environment=poison)
    gateway.wait_until(lambda: "subscribed" in gateway.log.read_text(), "the subscription")
    for device in ("before", "poison", "after"):
        fleet.publish(f"devices/{device}/telemetry", culprit)
    fleet.drain(0)
    for _ in range(2):
        assert gateway.end() == -signal.SIGABRT
        gateway.start(environment=poison)
    # The broker kept it meanwhile; what comes in a burst is taken when the burst is over.
    gateway.wait_until(
        lambda: b'"idle"' in (gateway.ask("/api/v1/devices/after") or b""), "the message behind the culprit"
    )
    assert gateway.ask("/api/v1/devices/before") is not None
    assert gateway.ask("/api/v1/devices/poison") is None
    # The core has decided; the store follows.
    gateway.wait_until(lambda: dead_letters(gateway), "the dead letter")
    assert [entry["topic"] for entry in dead_letters(gateway)] == ["devices/poison/telemetry"]
    digest = gateway.digest()
    gateway.kill()
    gateway.start(environment=poison)
    gateway.wait_ready()
    assert gateway.digest() == digest
    assert len(dead_letters(gateway)) == 1


def dead_letters(gateway):
    return gateway.json("/api/v1/deadletters")["deadLetters"]
