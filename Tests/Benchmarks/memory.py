"""How much memory a gateway takes with many devices: at rest, while a snapshot is taken under load, and on reloads and a restart.

    python Tests/Benchmarks/memory.py --devices 20000

It prints figures and asserts nothing. Peaks are VmHWM, reset before each phase; a gateway that dies is told.
"""

import argparse
import json
import pathlib
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))
from conftest import Broker, Client, Gateway, now_ms, wait_for  # noqa: E402


def memory(gateway, field):
    for line in pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def phase(gateway, name, body):
    pathlib.Path(f"/proc/{gateway.process.pid}/clear_refs").write_text("5")
    began = time.monotonic()
    body()
    print(f"{name:42} peak {memory(gateway, 'VmHWM'):7.1f} MiB, then {memory(gateway, 'VmRSS'):7.1f} MiB, {time.monotonic() - began:6.1f} s", flush=True)


def payload(number, round_):
    return json.dumps({
        "ts": now_ms(), "status": "printing", "pageCount": round_ * 10 + number % 7, "supplies": {"black": 90 - round_, "cyan": 80 - round_},
        "fuserTemp": 180 + (number + round_) % 5, "humidity": 40 + round_ % 3, "voltage": 229.5 + round_ % 2, "fanSpeed": 1200 + number % 9,
    })


def flood(client, devices, round_):
    """One message of each device, with a bounded number on the way."""
    waiting = []
    for number in range(devices):
        waiting.append(client.client.publish(f"devices/press-{number:05}/telemetry", payload(number, round_), qos=1))
        if len(waiting) >= 900:
            waiting.pop(0).wait_for_publish(120)
    for message in waiting:
        message.wait_for_publish(120)


def processed(gateway, count):
    wait_for(lambda: gateway.metric("steward_messages_processed_total") >= count, f"{count} messages", seconds=600)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--devices", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reloads", type=int, default=4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "broker").mkdir()
        (root / "gateway").mkdir()
        broker = Broker(root / "broker").start()
        gateway = Gateway(root / "gateway", broker, limits={"devices": max(20_000, arguments.devices)})
        try:
            gateway.start()
            client = Client(broker.port)
            print(f"{arguments.devices} devices; empty {memory(gateway, 'VmRSS'):.1f} MiB")
            sent = 0
            for round_ in range(arguments.rounds):
                def rounds():
                    flood(client, arguments.devices, round_)
                sent += arguments.devices
                phase(gateway, f"round {round_ + 1} of messages", lambda: (rounds(), processed(gateway, sent)))
            print(f"steward_state_bytes {gateway.metric('steward_state_bytes') / 2**20:.1f} MiB, "
                  f"{gateway.metric('steward_state_bytes') / arguments.devices:.0f} a device")

            def snapshot():
                taken = gateway.metric("steward_snapshots_total")
                assert gateway.post("profiles/reload", {}) == 200
                flood(client, arguments.devices, arguments.rounds)
                wait_for(lambda: gateway.metric("steward_snapshots_total") > taken, "the snapshot", seconds=300)

            for number in range(arguments.reloads):
                phase(gateway, f"reload {number + 1} and snapshot under load", snapshot)
                sent += arguments.devices
            processed(gateway, sent)
            print(f"steward_snapshot_bytes {gateway.metric('steward_snapshot_bytes') / 2**20:.1f} MiB")
            began = time.monotonic()
            assert gateway.stop() == 0
            stopped = time.monotonic()
            gateway.start()
            print(f"{'restart':42} peak {memory(gateway, 'VmHWM'):7.1f} MiB, then {memory(gateway, 'VmRSS'):7.1f} MiB, "
                  f"{stopped - began:6.1f} s to stop, {time.monotonic() - stopped:6.1f} s to start")
            flood(client, arguments.devices, arguments.rounds + 1)
            gateway.stop(signal.SIGKILL)
            killed = time.monotonic()
            gateway.start()
            print(f"{'after a kill':42} peak {memory(gateway, 'VmHWM'):7.1f} MiB, then {memory(gateway, 'VmRSS'):7.1f} MiB, "
                  f"{time.monotonic() - killed:6.1f} s to start")
            client.close()
        finally:
            code = gateway.process.poll() if gateway.process else None
            if code is not None:
                print(f"the gateway ended with {code}\n{gateway.log()[-2000:]}")
            gateway.stop()
            broker.stop()


if __name__ == "__main__":
    main()
