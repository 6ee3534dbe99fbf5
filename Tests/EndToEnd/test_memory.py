"""Reloads and snapshots under load stay within what the shipped unit reckons with; a short form of Tests/Benchmarks/memory.py."""

import pathlib

from conftest import now_ms, wait_for

DEVICES = 1500


def peak_bytes(gateway):
    for line in pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024


def test_reloads_and_snapshots_under_load_stay_within_twice_the_state(make, broker, client):
    gateway = make.gateway(broker)

    def flood(round_):
        for number in range(DEVICES):
            client.client.publish(
                f"devices/d{number}/telemetry",
                f'{{"ts":{now_ms()},"status":"printing","pageCount":{round_},"supplies":{{"black":90}},"a":{round_},"b":2,"c":3,"d":4}}', qos=1)

    for round_ in range(3):
        flood(round_)
    wait_for(lambda: gateway.metric("steward_messages_processed_total") >= 3 * DEVICES, "the messages")
    for number in range(4):
        taken = gateway.metric("steward_snapshots_total")
        assert gateway.post("profiles/reload", {}) == 200
        flood(3 + number)
        wait_for(lambda: gateway.metric("steward_snapshots_total") > taken, "the snapshot")
    wait_for(lambda: gateway.metric("steward_messages_processed_total") >= 7 * DEVICES, "the messages")
    assert gateway.process.poll() is None
    state = gateway.metric("steward_state_bytes")
    # As MemoryNeed has it, and what batches, caches and the allocator keep beside it.
    allowed = (32 << 20) + 2.2 * state + (48 << 20)
    assert peak_bytes(gateway) < allowed, f"{peak_bytes(gateway) >> 20} MiB at {state >> 20} MiB of state"
    status = gateway.api("status")["memory"]
    assert status["stateBytes"] == state and status["bytesPerDevice"] == state // DEVICES
    assert "a device" in gateway.cli("status").stdout
