"""Ends, stalls and empties the broker under load, and looks whether the gateway goes on, loses nothing and counts nothing twice.

    python Tests/Crash/broker_campaign.py --rounds 60 --seed 7
    python Tests/Crash/broker_campaign.py --rounds 60 --seed 7 --tls

Needs what campaign.py needs. Each message is the only one of its words, so that the inbox alone tells which came again.
"""

import argparse
import json
import random
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import paho.mqtt.client as mqtt

from broker import MOSQUITTO, free_port
from gateway import Gateway
from records import HAS_PACKET_ID, MESSAGE, FRAME

DEVICES = 12
CLIENT_ID = "steward-crash"
DUPLICATE = 8
PATIENCE_SECONDS = 60

# What a fault does to the broker, and whether the broker then still owes everything that it has acknowledged to the devices.
FAULTS = {"terminate": True, "kill": False, "lose": False, "stall": True, "takeover": True, "restart": True}


class PersistentBroker:
    """Sessions survive an orderly end, and what was saved before survives the others."""

    def __init__(self, directory, certificates=None):
        self.directory = directory
        self.port = free_port()
        self.saved = directory / "mosquitto.db"
        self.configuration = directory / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1", "allow_anonymous true", "user root", "persistence true", f"persistence_location {directory}/",
            "autosave_interval 1", "max_queued_messages 0", "max_inflight_messages 1000", "set_tcp_nodelay true",
        ]  # fmt: skip
        if certificates:
            lines += [f"certfile {certificates}/server.pem", f"keyfile {certificates}/server.key"]
        self.configuration.write_text("\n".join(lines) + "\n")
        self.start()

    def start(self):
        with (self.directory / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen([MOSQUITTO, "-c", self.configuration], stdout=log, stderr=log)
        wait_for(self.answers, "the broker's start")

    def answers(self):
        assert self.process.poll() is None, (self.directory / "mosquitto.log").read_text()[-2000:]
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(timeout=20)


def wait_for(condition, what, seconds=PATIENCE_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about within {seconds} s"
        time.sleep(0.01)


class Devices:
    """Publishes at QoS 1 and notes what the broker has acknowledged. It sends again what it has no acknowledgement for."""

    def __init__(self, port, authority=None):
        self.next = 0
        self.open = {}
        self.early = set()
        self.acknowledged = set()
        self.lock = threading.Lock()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="devices", clean_session=False)
        self.client.max_inflight_messages_set(2000)
        self.client.max_queued_messages_set(0)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_publish = self.on_publish
        if authority:
            self.client.tls_set(ca_certs=str(authority))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def on_publish(self, _client, _data, mid, *_):
        with self.lock:
            number = self.open.pop(mid, None)
            if number is None:
                self.early.add(mid)
            else:
                self.acknowledged.add(number)

    def publish(self):
        """One message, and its number."""
        number = self.next
        self.next += 1
        body = json.dumps({"ts": 1_700_000_000_000 + number, "status": "idle", "number": number})
        information = self.client.publish(f"devices/prn-{number % DEVICES:03d}/telemetry", body, qos=1)
        with self.lock:
            if information.mid in self.early:
                self.early.remove(information.mid)
                self.acknowledged.add(number)
            else:
                self.open[information.mid] = number
        return number

    def waiting(self):
        with self.lock:
            return len(self.open)

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


def take_over(port, authority):
    """Another program with the gateway's client id: it throws the gateway out, is sent its messages, and acknowledges none."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        wire = ssl.create_default_context(cafile=authority).wrap_socket(raw, server_hostname="127.0.0.1") if authority else raw
        name = CLIENT_ID.encode()
        body = b"\0\4MQTT\4\0\0\x3c" + len(name).to_bytes(2, "big") + name
        wire.sendall(bytes([0x10, len(body)]) + body)
        wire.recv(65536)
        time.sleep(0.05)


class Campaign:
    def __init__(self, directory, seed, tls=False):
        self.random = random.Random(f"{seed}/broker")
        self.directory = directory
        certificates = make_certificates(directory) if tls else None
        self.authority = certificates / "ca.pem" if certificates else None
        self.broker = PersistentBroker(directory, certificates)
        self.gateway = Gateway(directory, self.broker.port)
        if tls:
            configuration = json.loads(self.gateway.configuration.read_text())
            configuration["mqtt"]["tls"] = {"caFile": str(self.authority)}
            self.gateway.configuration.write_text(json.dumps(configuration))
        # Numbers that have to be in the inbox in the end.
        self.owed = set()
        self.done = Counter()
        self.devices = None

    def run(self, rounds, messages, faults=tuple(FAULTS)):
        plan = [faults[number % len(faults)] for number in range(rounds)]
        self.random.shuffle(plan)
        try:
            self.gateway.start()
            self.gateway.wait_ready()
            self.devices = Devices(self.broker.port, self.authority)
            for fault in plan:
                self.round(fault, messages)
            self.check()
        finally:
            if self.devices:
                self.devices.stop()
            if self.gateway.process:
                self.gateway.kill()
            if self.broker.process.poll() is None:
                self.broker.process.send_signal(signal.SIGCONT)
                self.broker.end()

    def round(self, fault, messages):
        """Load, the fault in its midst, and a message that shows that the gateway goes on."""
        moment = self.random.randint(messages // 10, messages)
        injector = threading.Thread(target=self.inject, args=(fault,))
        self.failure = None
        numbers = []
        for count in range(messages):
            if count == moment:
                injector.start()
            numbers.append(self.devices.publish())
            if self.devices.waiting() > 1500:
                time.sleep(0.001)
        if moment >= messages:
            injector.start()
        injector.join(timeout=120)
        assert not injector.is_alive() and self.failure is None, f"{fault}: {self.failure}"
        wait_for(lambda: self.devices.waiting() == 0, f"the broker's acknowledgements after {fault}")
        self.gateway.wait_until(lambda: self.gateway.ask("/readyz") is not None, f"the readiness after {fault}")
        last = self.devices.publish()
        wait_for(lambda: self.devices.waiting() == 0, "the broker's acknowledgement of the last message")
        device = f"/api/v1/devices/prn-{last % DEVICES:03d}"
        self.gateway.wait_until(lambda: self.newest(device) >= 1_700_000_000_000 + last, f"the message after {fault}")
        self.owed.add(last)
        if FAULTS[fault]:
            self.owed.update(numbers)
        self.done[fault] += 1

    def newest(self, path):
        answer = self.gateway.ask(path)
        metrics = json.loads(answer)["metrics"] if answer else []
        return max((metric["time"] for metric in metrics if metric["metric"] == "number"), default=0)

    def inject(self, fault):
        try:
            getattr(self, fault)()
        except BaseException as failure:  # noqa: BLE001: it is told on the main thread.
            self.failure = failure

    def terminate(self):
        self.broker.end()
        time.sleep(self.random.uniform(0, 0.3))
        self.broker.start()

    def kill(self):
        self.broker.end(signal.SIGKILL)
        self.broker.start()

    def lose(self):
        self.broker.end()
        self.broker.saved.unlink(missing_ok=True)
        self.broker.start()

    def stall(self):
        self.broker.process.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.2, 1.5))
        self.broker.process.send_signal(signal.SIGCONT)

    def takeover(self):
        take_over(self.broker.port, self.authority)

    def restart(self):
        """The gateway's own death, with what it has read and what it has committed not acknowledged."""
        self.gateway.kill()
        self.gateway.start()

    def check(self):
        digest, _ = self.gateway.digest()
        counted = sum(self.gateway.json(f"/api/v1/devices/prn-{number:03d}")["messages"] for number in range(DEVICES))
        code, _ = self.gateway.terminate()
        assert code == 0, f"SIGTERM ended the gateway with {code}"
        found, repeats = read_inbox(self.gateway.store)
        missing = sorted(self.owed - set(found))
        assert not missing, f"{len(missing)} of {len(self.owed)} messages are missing in the inbox, the first are {missing[:10]}"
        foreign = [number for number in found if number >= self.devices.next]
        assert not foreign, f"the inbox has messages that nobody sent: {foreign[:10]}"
        # Every message that came is counted once for each time that a device has sent it, and not for what the broker sent again.
        expected = found.total() - repeats
        # Only a broker that was killed has lost its own record of what it had sent, and gives the ids of what it forgot to other messages.
        most = found.total() if self.done["kill"] else expected
        assert expected <= counted <= most, f"the core counted {counted} messages; {found.total()} came, {repeats} of them again"
        self.repeats = repeats
        self.gateway.start()
        self.gateway.wait_ready()
        assert self.gateway.digest()[0] == digest, "the state differs after a clean restart"


def read_inbox(store):
    """How often each number is in the inbox, and how many of these the broker had sent before under the same packet id."""
    found = Counter()
    repeats = 0
    ids = {}
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        for (segment,) in database.execute("SELECT bytes FROM inbox ORDER BY first_event"):
            offset = 0
            while offset < len(segment):
                kind, flags, topic_bytes, payload_bytes = FRAME.unpack_from(segment, offset)
                offset += FRAME.size
                packet = None
                if flags & HAS_PACKET_ID:
                    packet = int.from_bytes(segment[offset : offset + 2], "little")
                    offset += 2
                offset += topic_bytes
                payload = segment[offset : offset + payload_bytes]
                offset += payload_bytes
                if kind != MESSAGE:
                    if b'"connected":{"sessionPresent":false}' in payload:
                        ids = {}
                    continue
                number = json.loads(payload)["number"]
                repeats += bool(flags & DUPLICATE) and ids.get(packet) == number
                ids[packet] = number
                found[number] += 1
    return found, repeats


def make_certificates(directory):
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=directory)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem",
            "-days", "2", "-extfile", "names")  # fmt: skip
    return directory


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(1, 1_000_000))
    parser.add_argument("--messages", type=int, default=4000, help="a round")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    parser.add_argument("--keep", help="a directory that does not exist yet, for stores and logs")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    directory = Path(options.keep or tempfile.mkdtemp(prefix="steward-broker-"))
    directory.mkdir(exist_ok=not options.keep)
    began = time.monotonic()
    try:
        campaign = Campaign(directory, options.seed, options.tls)
        campaign.run(options.rounds, options.messages, options.faults)
    except AssertionError as failure:
        print(f"FAILED (seed {options.seed}, see {directory}): {failure}")
        return 1
    print(
        f"every check held: {time.monotonic() - began:.0f} s, {campaign.devices.next} messages, {campaign.repeats} sent again by the broker, "
        f"faults {dict(campaign.done)}"
    )
    if not options.keep:
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
