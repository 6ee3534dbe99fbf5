"""The short form of hostile.py, and what a person can do against invented devices."""

import os
import random

from conftest import wait_for
from hostile import campaign

SEED = int(os.environ.get("STEWARD_SEED", random.SystemRandom().randrange(1_000_000)))


def test_a_well_behaved_device_is_served_among_hostile_ones(tmp_path):
    print(f"seed {SEED}")
    figures = campaign(tmp_path / "run", 6000, SEED)
    print(figures)
    assert figures["MiB"] < 250, figures
    for kind in ("parts_failed", "own_layouts", "devices_forgotten", "tickets_folded"):
        assert figures["budgets"][kind] > 0, figures
    # 64 of each hostile device, the silent ones, and what tells of the others.
    assert figures["alarms"] < 3000, figures


def test_a_person_takes_a_device_out(gateway, client):
    client.publish("devices/wrong/telemetry", {"status": "error", "errors": ["jam"], "fuserTemp": 200})
    client.publish("devices/right/telemetry", {"fuserTemp": 20})
    wait_for(lambda: gateway.device("wrong")["alarms"], "the alarm")
    assert gateway.cli("devices", "--remove", "wrong").returncode == 2
    assert "--yes" in gateway.cli("devices", "--remove", "wrong", "--by", "Ann").stderr
    assert gateway.cli("devices", "--remove", "nobody", "--by", "Ann", "--yes").returncode == 3
    assert gateway.device("wrong")
    assert gateway.cli("devices", "--remove", "wrong", "--by", "Ann", "--yes").returncode == 0
    wait_for(lambda: gateway.device("wrong") is None, "the removal")
    assert [device["device"] for device in gateway.api("devices")["devices"]] == ["right"]
    assert all(alarm["cleared"] for alarm in gateway.api("alarms")["alarms"])
    # What was decided is still there, and who it was.
    entry = next(entry for entry in gateway.api("journal?limit=50")["journal"] if entry["kind"] == "device.removed")
    assert entry["device"] == "wrong" and entry["by"] == "Ann"
    gateway.process.kill()
    gateway.process.wait()
    gateway.start()
    assert gateway.device("wrong") is None
    client.publish("devices/wrong/telemetry", {"fuserTemp": 21})
    wait_for(lambda: gateway.device("wrong")["metrics"].get("fuserTemp") == 21, "the same id as a new device")
    assert gateway.device("wrong")["messages"] == 1
    # And so is what was measured.
    assert [value for _, value in gateway.api("devices/wrong/history/fuserTemp")["samples"]] == [200, 21]
