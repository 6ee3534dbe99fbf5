"""NATS with JetStream as the broker: it gives packet ids from 1 again, and sends again without waiting for a reconnect.

nats-server 2.9 of Debian. Each message of a device has a page count of its own, so that the history tells which were counted.
"""

import json
import os
import signal
import socket
import subprocess
import time

import paho.mqtt.client as mqtt
import pytest
from conftest import STEWARD_DEBUG, free_port, now_ms, wait_for

NATS = os.environ.get("NATS_SERVER", "/usr/sbin/nats-server")
ACK_WAIT_SECONDS = 2


class NatsBroker:
    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.config = directory / "nats.conf"
        self.config.write_text(
            f'listen: 127.0.0.1:{free_port()}\nserver_name: steward-test\njetstream {{ store_dir: "{directory}/jetstream" }}\n'
            f'mqtt {{ listen: "127.0.0.1:{self.port}", ack_wait: "{ACK_WAIT_SECONDS}s", max_ack_pending: 2000 }}\n'
        )

    def start(self):
        with (self.directory / "nats.log").open("ab") as log:
            self.process = subprocess.Popen([NATS, "-c", self.config], stdout=log, stderr=log)
        wait_for(self._answers, f"the start of nats-server ({self.directory}/nats.log)")
        return self

    def _answers(self):
        assert self.process.poll() is None, (self.directory / "nats.log").read_text()
        socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        return True

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)


@pytest.fixture
def nats(tmp_path):
    directory = tmp_path / "nats"
    directory.mkdir()
    broker = NatsBroker(directory).start()
    yield broker
    broker.stop()


class Device:
    """The fixtures' client speaks MQTT 5, and nats-server 2.9 only 3.1.1."""

    def __init__(self, port):
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="device", protocol=mqtt.MQTTv311)
        self.client.max_inflight_messages_set(1000)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        wait_for(self.client.is_connected, "the device's connection")

    def publish(self, messages):
        tokens = [self.client.publish("devices/d/telemetry", json.dumps(message), qos=1) for message in messages]
        for token in tokens:
            token.wait_for_publish(30)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def device(nats):
    made = Device(nats.port)
    yield made
    made.close()


def gateway_of(make, nats, **settings):
    return make.gateway(nats, mqtt={"version": "3.1.1", "clientId": "steward-nats", "subscriptions": ["devices/+/telemetry"], **settings})


def test_version_that_nats_does_not_speak_is_found_out(make, nats, device):
    gateway = gateway_of(make, nats, version="auto")
    heard = []
    device.client.on_message = lambda _client, _data, message: heard.append(message.topic)
    device.client.subscribe("devices/d/commands/+", 1)
    device.publish([{"ts": now_ms(), "status": "error", "errors": ["jam"]}])
    wait_for(lambda: heard == ["devices/d/commands/clear-jam"], "the command, over a connection of its own")
    assert gateway.log().count("commands are sent with 3.1.1 from now on") == 1


def taken(gateway):
    """Messages of the device that the core took, in all its lives; repeats are not among them."""
    return gateway.device("d")["messages"]


def test_what_nats_sends_again_on_the_same_connection_counts_once(make, nats, device):
    """The gateway stands still for longer than ack_wait: NATS sends everything again without asking."""
    gateway = gateway_of(make, nats)
    # More than 65,536, after which the library's log is not listened to: only it tells the DUP flag.
    total = 0
    base = now_ms()
    for _ in range(70):
        device.publish({"ts": base + number, "pageCount": number} for number in range(total, total + 1000))
        total += 1000
    wait_for(lambda: taken(gateway) == total, "the messages before")
    gateway.process.send_signal(signal.SIGSTOP)
    device.publish({"ts": base + number, "pageCount": number} for number in range(total, total + 500))
    total += 500
    time.sleep(2 * ACK_WAIT_SECONDS + 1)
    gateway.process.send_signal(signal.SIGCONT)
    wait_for(lambda: gateway.metric("steward_repeated_messages_total") >= 500, "the repeats")
    device.publish([{"ts": base + total, "pageCount": total}])
    total += 1
    wait_for(lambda: gateway.device("d")["metrics"]["pageCount"] == total - 1, "the last message")
    assert taken(gateway) == total


def test_nothing_is_lost_or_doubled_on_nats_when_the_gateway_is_killed(make, nats, device):
    """What was sent and not committed comes again with DUP and the same bytes as messages long taken; what was committed and not
    acknowledged comes again too. A jam and its end, over and over, without a clock: content tells nothing."""
    gateway = gateway_of(make, nats)
    states = [{"status": "error", "errors": ["jam"], "pageCount": 0}, {"status": "idle", "errors": [], "pageCount": 0}]
    sent = 0
    for life in range(4):
        for _ in range(60):
            # One at a time, so that each has packet id 1 again.
            device.publish([states[sent % 2]])
            sent += 1
        wait_for(lambda: taken(gateway) == sent, "what was sent so far", seconds=20)
        # It reads nothing of the next ones, and dies. NATS has sent them, and marks them when it does so again.
        gateway.process.send_signal(signal.SIGSTOP)
        burst = 1 + life * 3
        device.publish(states[(sent + number) % 2] for number in range(burst))
        sent += burst
        time.sleep(0.3)
        gateway.process.kill()
        gateway.process.wait()
        gateway.start()
        wait_for(lambda: taken(gateway) >= sent, "what nobody had taken", seconds=20)
    time.sleep(ACK_WAIT_SECONDS + 0.5)
    assert taken(gateway) == sent


def test_what_was_committed_before_a_kill_comes_again_and_counts_once(make, nats, device):
    """Killed between commit and acknowledgement: NATS sends the batch again after the reconnect, behind newer messages."""
    gateway = gateway_of(make, nats)
    gateway.stop()
    gateway.program = STEWARD_DEBUG
    base = now_ms()
    sent = 0
    for _ in range(3):
        gateway.environment["STEWARD_KILL_AT"] = "after-commit:1"
        try:
            gateway.start()
        except RuntimeError:
            # NATS sent the batch before again, and the commit of it was the kill, before the start was seen.
            assert gateway.process.poll() == -signal.SIGKILL
        device.publish({"ts": base + number, "pageCount": number} for number in range(sent, sent + 20))
        sent += 20
        assert wait_for(lambda: gateway.process.poll(), "the kill") == -signal.SIGKILL
    del gateway.environment["STEWARD_KILL_AT"]
    gateway.start()
    device.publish({"ts": base + number, "pageCount": number} for number in range(sent, sent + 5))
    sent += 5
    wait_for(lambda: taken(gateway) >= sent, "all of them", seconds=20)
    time.sleep(2 * ACK_WAIT_SECONDS)
    assert taken(gateway) == sent
    assert gateway.metric("steward_repeated_messages_total") > 0
