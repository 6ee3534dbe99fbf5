"""What the devices of the crash test do, decided beforehand: the same seed and the same start give the same bytes.

A device is a list of steps. `Publish` is one message. `Await` stops the device until the gateway's command has come, and says how
the device answers it. A device that waits says nothing else, so that it cannot matter how long the gateway is away.
"""

import json
import random
from dataclasses import dataclass

STEP_MILLISECONDS = 20_000
# An alarm that comes back sooner is the same alarm, and one that does so thrice flaps: then no command comes, and the device would wait.
TROUBLE_APART_MILLISECONDS = 11 * 60_000


@dataclass(frozen=True)
class Publish:
    topic: str
    payload: bytes


@dataclass(frozen=True)
class Await:
    command: str
    outcome: str


def device_name(number):
    return f"prn-{number:03d}"


class DeviceScript:
    """One device's life. Its event times are 20 s apart, below the profile's gap of 300 s."""

    def __init__(self, number, messages, start_milliseconds, seed):
        self.name = device_name(number)
        self.random = random.Random(f"{seed}/{self.name}")
        self.time = start_milliseconds + number
        self.pages = self.random.randint(0, 100_000)
        self.levels = {"black": self.random.randint(8, 60)}
        if number % 3 == 0:
            self.levels["cyan"] = self.random.randint(20, 90)
        self.steps = []
        self.messages = 0
        self.last_trouble = self.time - TROUBLE_APART_MILLISECONDS
        # A name that the profile does not know and learns on the way, at another time for each device.
        self.tray_from = self.random.randint(0, messages)
        while self.messages < messages:
            self.episode(number)

    def episode(self, number):
        draw = self.random.random()
        if draw < 0.024:
            if self.time - self.last_trouble < TROUBLE_APART_MILLISECONDS:
                return self.work()
            self.last_trouble = self.time
        if draw < 0.010:
            self.jam(refused=0)
        elif draw < 0.014:
            self.jam(refused=1)
        elif draw < 0.017:
            self.jam(refused=2)
        elif draw < 0.022:
            self.overheat()
        elif draw < 0.024:
            self.torn_belt()
        elif draw < 0.028:
            self.raw(b'{"ts": %d, "number": %d, "status": "id' % (self.time, self.messages))
        elif draw < 0.034:
            self.late()
        elif draw < 0.040:
            self.replace_supply()
        elif draw < 0.070:
            self.coarse_clock()
        else:
            self.work()

    def raw(self, payload):
        self.steps.append(Publish(f"devices/{self.name}/telemetry", payload))
        self.messages += 1

    def say(self, **members):
        self.time += STEP_MILLISECONDS
        body = {"ts": self.time, "pageCount": self.pages, "supplies": dict(self.levels), **members}
        if self.messages >= self.tray_from:
            body["trayTemp"] = round(self.random.uniform(20, 30), 1)
        self.raw(json.dumps(body).encode())

    def work(self):
        printing = self.random.random() < 0.7
        if printing:
            self.pages += self.random.randint(1, 20)
            for slot in self.levels:
                if self.levels[slot] > 1 and self.random.random() < 0.2:
                    self.levels[slot] -= 1
        self.say(status="printing" if printing else "idle", errors=[], fuserTemp=round(self.random.uniform(170, 190), 1))

    def jam(self, refused):
        self.say(status="error", errors=["jam"], fuserTemp=180.0)
        self.steps.append(Await("clear-jam", "failed" if refused > 0 else "ok"))
        if refused > 0:
            self.steps.append(Await("restart", "failed" if refused > 1 else "ok"))
        self.say(status="idle", errors=[], fuserTemp=180.0)

    def overheat(self):
        # 20 s apart and above the limit for 10 s: the second reading raises the alarm, and the second cool one clears it.
        self.say(status="printing", errors=[], fuserTemp=222.0)
        self.say(status="error", errors=[], fuserTemp=224.0)
        self.steps.append(Await("cool-down", "ok"))
        self.say(status="error", errors=[], fuserTemp=190.0)
        self.say(status="idle", errors=[], fuserTemp=185.0)

    def torn_belt(self):
        self.say(status="error", errors=["belt-torn"], fuserTemp=180.0)
        self.say(status="error", errors=["belt-torn"], fuserTemp=179.0)
        self.say(status="idle", errors=[], fuserTemp=178.0)

    def coarse_clock(self):
        """Down and up again within one tick of the device's clock. Taken twice, it is a second incident: event time does not tell."""
        self.say(status="error", errors=[], fuserTemp=180.0)
        self.time -= STEP_MILLISECONDS
        self.say(status="idle", errors=[], fuserTemp=180.0)

    def late(self):
        # No two messages of a device are alike, so that a lost one cannot hide behind its twin.
        body = {"ts": self.time - 3 * STEP_MILLISECONDS, "number": self.messages, "fuserTemp": round(self.random.uniform(170, 190), 3)}
        self.raw(json.dumps(body).encode())

    def replace_supply(self):
        slot = self.random.choice(sorted(self.levels))
        if self.levels[slot] < 15:
            self.levels[slot] = 100
        self.work()


def scripts(devices, messages, start_milliseconds, seed):
    """The steps of every device, by name."""
    made = (DeviceScript(number, messages, start_milliseconds, seed) for number in range(devices))
    return {script.name: script.steps for script in made}
