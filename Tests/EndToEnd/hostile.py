"""Hostile devices against the real program and a real broker, while a well-behaved device has jams and runs out of toner.

    python Tests/EndToEnd/hostile.py --messages 300000 --seed 7

Needs paho-mqtt 2, /usr/sbin/mosquitto and the program (environment variable STEWARD, default .build/release/steward). Everything random comes from
the seed. `test_hostile_devices.py` runs the short form.
"""

import argparse
import json
import pathlib
import random
import re
import sys
import tempfile
import threading
import time

from conftest import Broker, Client, Gateway, Receiver, now_ms, wait_for
from profiles import bench, write
from test_sparkplug import INT64, metric, payload

PROFILE = bench(
    replies=[
        {"topic": "bench/{device}/replies", "requestId": "/requestId", "outcome": "/outcome", "success": ["ok"]},
        {"topic": "bench/{device}/{part}/replies", "requestId": "/requestId", "outcome": "/outcome", "success": ["ok"]},
    ],
    messages=[
        {"topic": "bench/{device}/telemetry", "format": "json", "time": {"pointer": "/ts", "unit": "milliseconds"}},
        {"topic": "bench/rows/of/many", "each": "/{row}", "device": "/id"},
    ],
    supplies={"{slot}": {"level": "/supplies/{slot}", "leadTimeDays": 3, "floorPercent": 10}},
)
PROFILE["metrics"]["{name}"] = {"pointer": "/{name}"}
PROFILE["commands"]["clear"]["deadlineSeconds"] = 60
PROFILE["playbooks"]["clear"]["steps"][0]["verifySeconds"] = 60
EDGE = {
    "profile": "edge",
    "messages": [{"format": "sparkplug", "topic": "spBv1.0/+/+/+"}, {"format": "sparkplug", "topic": "spBv1.0/+/+/+/+"}],
    "metrics": {"{name}": {"pointer": "/{name}"}},
}
# Printers that jam in turn: an alarm that comes a third time within ten minutes flaps, and then a person is asked and no command is sent.
PRINTERS = 100
JAMS_EACH = 2
LIMITS = {"devices": 2000, "sparkplugNodes": 100, "sparkplugMetrics": 10_000}


class Hostile:
    """Messages of every kind of ill will, from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kinds = [self.ids, self.names, self.words, self.topics, self.codes, self.rows, self.wide, self.huge, self.deep, self.garbage,
                      self.nodes, self.behind_a_node, self.supplies]

    def message(self):
        return self.random.choice(self.kinds)()

    def word(self, length=8):
        return f"{self.random.getrandbits(4 * length):x}"

    def telemetry(self, device, **members):
        return f"bench/{device}/telemetry", json.dumps({"ts": now_ms(), **members}).encode()

    def ids(self):
        return self.telemetry("id-" + self.word(), temp=1)

    def names(self):
        return self.telemetry("names", **{self.word(): number for number in range(20)})

    def words(self):
        return self.telemetry(f"words-{self.random.randrange(3)}", status=self.word())

    def topics(self):
        return f"bench/topics/{self.word()}/replies", b'{"requestId": "c-0", "outcome": "ok"}'

    def codes(self):
        return self.telemetry(f"codes-{self.random.randrange(5)}", errors=["jam"] + [self.word() for _ in range(40)])

    def supplies(self):
        return self.telemetry("supplies", supplies={self.word(): self.random.randrange(100) for _ in range(10)})

    def rows(self):
        rows = [{"id": self.random.choice(["row-" + self.word(), "+"]), "temp": n} for n in range(300)]
        rows += [{"id": f"row-{n}", "errors": [self.word()]} for n in range(20)]
        return "bench/rows/of/many", json.dumps(rows).encode()

    def wide(self):
        return self.telemetry("wide", **{f"w{number}": number for number in range(3000)})

    def huge(self):
        return self.telemetry("huge", status="x" * self.random.randrange(200_000))

    def deep(self):
        depth = self.random.randrange(2, 5000)
        return "bench/deep/telemetry", b'{"a":' * depth + b"1" + b"}" * depth

    def garbage(self):
        return f"bench/garbage-{self.word(2)}/telemetry", self.random.randbytes(self.random.randrange(500))

    def nodes(self):
        count = self.random.choice([1, 5, 400])
        return f"spBv1.0/g/NBIRTH/{self.word()}", payload(0, *[metric(f"{self.word()}/{n}", n, INT64, n) for n in range(count)])

    def behind_a_node(self):
        return f"spBv1.0/g/DDATA/node/{self.word()}", payload(None, metric("a", None, INT64, 1))


class Printers:
    """They answer their commands, and a jam goes away when they were asked to clear it."""

    def __init__(self, port):
        self.commands = 0
        self.client = Client(port)
        self.client.on_command = self.command
        for number in range(PRINTERS):
            self.client.subscribe(f"bench/good{number}/commands/clear")

    def say(self, device="good", **members):
        """A message of one of them."""
        self.client.publish(f"bench/{device}/telemetry", {"ts": now_ms(), **members})

    def command(self, topic, body):
        device = topic.split("/")[1]
        answer = json.dumps({"requestId": json.loads(body)["requestId"], "outcome": "ok"})
        self.client.client.publish(f"bench/{device}/replies", answer, qos=1)
        self.client.client.publish(f"bench/{device}/telemetry", json.dumps({"ts": now_ms(), "status": "idle", "errors": []}), qos=1)
        self.commands += 1


def high_water_mebibytes(gateway):
    return int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text())[1]) / 1024


def campaign(directory, messages, seed, progress=lambda _text: None):
    """Returns figures; raises AssertionError when the well-behaved device was not served."""
    directory.mkdir(exist_ok=True)
    (directory / "broker").mkdir()
    (directory / "gateway").mkdir()
    broker = Broker(directory / "broker").start()
    receiver = Receiver()
    gateway = None
    clients = []
    try:
        gateway = Gateway(
            directory / "gateway", broker, profiles=[str(write(directory / "profiles", PROFILE, EDGE))], limits=LIMITS,
            orders={"url": receiver.url + "/orders"}, tickets={"url": receiver.url + "/tickets"}).start()
        printer = Printers(broker.port)
        attacker = Client(broker.port)
        clients = [printer.client, attacker]
        printer.say(status="printing", temp=20, supplies={"black": 50})
        # Two messages each: of whom one was heard may give way to others.
        for device in ["good"] + [f"good{number}" for number in range(PRINTERS)]:
            printer.say(device, status="printing")
            printer.say(device, status="idle")
        printer.client.publish("bench/toner/telemetry", {"ts": now_ms() - 600_000, "supplies": {"black": 50}})
        printer.client.publish("bench/toner/telemetry", {"ts": now_ms() - 500_000, "supplies": {"black": 50}})
        hostile = Hostile(seed)
        done = threading.Event()

        def attack():
            for number in range(messages):
                # A device that waits for its acknowledgements, as a broker's limits make it.
                message = attacker.client.publish(*hostile.message(), qos=1)
                if number % 50 == 49:
                    message.wait_for_publish(120)
            done.set()

        thread = threading.Thread(target=attack, daemon=True)
        began = time.monotonic()
        thread.start()
        waits = []
        while not done.is_set() or len(waits) < 3:
            if len(waits) == PRINTERS * JAMS_EACH:
                done.wait()
                break
            device = f"good{len(waits) // JAMS_EACH}"
            started, former = time.monotonic(), printer.commands
            printer.say(device, status="error", errors=["jam"])
            wait_for(lambda: printer.commands > former, "the command for the jam", 60)
            wait_for(lambda: not (gateway.device(device) or {"alarms": ["?"]})["alarms"], "the end of the jam", 60)
            waits.append(time.monotonic() - started)
            progress(f"{time.monotonic() - began:6.0f} s, {len(waits)} jams, {high_water_mebibytes(gateway):.0f} MiB")
        # A far drop has to stay before it is believed.
        for age in (40, 30, 20):
            printer.client.publish("bench/toner/telemetry", {"ts": now_ms() - age * 1000, "supplies": {"black": 4}})
        order = lambda: [entry for entry in receiver.accepted("/orders") if b'"toner"' in entry["body"]]
        wait_for(order, "the order of the well-behaved device", 60)
        assert gateway.process.poll() is None, gateway.log()
        assert gateway.request("/readyz")[0] == 200
        device = gateway.device("good")
        assert device["metrics"]["temp"] == 20 and device["supplies"]["black"]["levelPercent"] == 50, device
        assert gateway.api("devices?limit=1")["total"] <= LIMITS["devices"]
        # A device that nobody has heard of comes in as soon as it says more than the invented ones.
        for number in range(3):
            printer.client.publish("bench/newcomer/telemetry", {"ts": now_ms(), "temp": number})
        wait_for(lambda: gateway.device("newcomer")["metrics"].get("temp") == 2, "the newcomer")
        printer.say(status="idle", brandnew=7)
        wait_for(lambda: gateway.device("good")["metrics"].get("brandnew") == 7, "a new name of the well-behaved device")
        text = gateway.request("/metrics")[2].decode()
        budgets = {match[1]: int(match[2]) for match in re.finditer(r'steward_budget_total\{kind="(\w+)"\} (\d+)', text)}
        return {
            "seconds": round(time.monotonic() - began, 1), "jams": len(waits), "slowest jam in s": round(max(waits), 2),
            "MiB": round(high_water_mebibytes(gateway)), "alarms": gateway.metric("steward_alarms_active"), "budgets": budgets}
    finally:
        for client in clients:
            client.close()
        if gateway:
            gateway.stop()
        receiver.close()
        broker.stop()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--messages", type=int, default=300_000)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    chosen = options.parse_args()
    print(f"seed {chosen.seed}")
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(campaign(pathlib.Path(place) / "run", chosen.messages, chosen.seed, lambda text: print(text, file=sys.stderr)), indent=2))
