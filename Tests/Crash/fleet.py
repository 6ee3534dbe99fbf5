"""Plays the devices' scripts against the broker: publishes at QoS 1, waits for PUBACKs, answers commands."""

import json
import threading
import time
from collections import deque

import paho.mqtt.client as mqtt

from script import Await, Publish


class Stalled(AssertionError):
    """A device waited in vain for a command: the message that should have caused it was lost, or the command was."""


class Fleet:
    WINDOW = 400

    def __init__(self, port, scripts, messages_per_second=None):
        self.scripts = scripts
        self.messages_per_second = messages_per_second
        self.position = {name: 0 for name in scripts}
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.unacknowledged = {}
        self.early_acknowledgements = set()
        # What the broker has taken over, each (topic, payload) once.
        self.acknowledged = []
        # Every command seen on the wire, repeats included: (device, command, request id).
        self.commands = []
        self.answers = {}
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="crash-fleet", clean_session=True)
        # Never reached, because paho may change the order of what it has to queue.
        self.client.max_inflight_messages_set(4 * self.WINDOW)
        self.client.max_queued_messages_set(0)
        self.client.on_publish = self.on_publish
        self.client.on_message = self.on_message
        subscribed = threading.Event()
        self.client.on_connect = lambda client, *_: client.subscribe("devices/+/commands/+", qos=1)
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        if not subscribed.wait(10):
            raise RuntimeError("the fleet could not subscribe")

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    def step(self, device):
        """What the device does next, None at its end."""
        steps, position = self.scripts.get(device, ()), self.position.get(device, 0)
        return steps[position] if position < len(steps) else None

    def publish(self, topic, payload):
        information = self.client.publish(topic, payload, qos=1)
        with self.lock:
            # The PUBACK may have been faster than this line.
            if information.mid in self.early_acknowledgements:
                self.early_acknowledgements.remove(information.mid)
                self.acknowledged.append((topic, payload))
            else:
                self.unacknowledged[information.mid] = (topic, payload)

    def on_publish(self, _client, _data, mid, *_):
        with self.changed:
            message = self.unacknowledged.pop(mid, None)
            if message is None:
                self.early_acknowledgements.add(mid)
            else:
                self.acknowledged.append(message)
            self.changed.notify_all()

    def on_message(self, _client, _data, message):
        _, device, _, command = message.topic.split("/")
        request = json.loads(message.payload)["requestId"]
        with self.changed:
            self.commands.append((device, command, request))
            reply = self.answers.get(request)
            if reply is None:
                step = self.step(device)
                if not isinstance(step, Await) or step.command != command:
                    # Nobody waits for it: the checks find it among the commands and complain.
                    return
                reply = json.dumps({"requestId": request, "outcome": step.outcome}).encode()
                self.answers[request] = reply
                # Only now may the device go on, so that its answer is published before its next telemetry.
                self.client_publish_locked(f"devices/{device}/replies", reply)
                self.position[device] += 1
                self.changed.notify_all()
            else:
                # At least once: the same question gets the same answer, and nothing else happens again.
                self.client_publish_locked(f"devices/{device}/replies", reply)

    def client_publish_locked(self, topic, payload):
        information = self.client.publish(topic, payload, qos=1)
        self.unacknowledged[information.mid] = (topic, payload)

    def run(self, progress=lambda _published: None, patience_seconds=120):
        """Plays every script to its end. `progress` is told how many messages were published.

        Patience outlasts a start: the debug program steps through 30,000 events in 10 s where it has a core to itself, and in 40 s where it has not.
        """
        published = 0
        began = time.monotonic()
        runnable = deque(self.scripts)
        moved = time.monotonic()
        while True:
            blocked = 0
            done = 0
            for _ in range(len(runnable)):
                name = runnable[0]
                runnable.rotate(-1)
                with self.lock:
                    step = self.step(name)
                    if not isinstance(step, Publish):
                        done += step is None
                        blocked += step is not None
                        continue
                    # Before it is published: the device must be known to wait when the command comes.
                    self.position[name] += 1
                self.publish(step.topic, step.payload)
                published += 1
                moved = time.monotonic()
                self.pace(published, began)
                progress(published)
            if done == len(runnable):
                break
            if blocked + done == len(runnable):
                with self.changed:
                    answered = len(self.answers)
                    if self.changed.wait_for(lambda: len(self.answers) > answered, timeout=0.02):
                        moved = time.monotonic()
                progress(published)
                if time.monotonic() - moved > patience_seconds:
                    waits = {name: self.step(name).command for name in self.scripts if self.step(name)}
                    raise Stalled(f"no command came for {patience_seconds} s; waiting: {waits}")
        self.drain(0)

    def pace(self, published, began):
        with self.changed:
            self.changed.wait_for(lambda: len(self.unacknowledged) < self.WINDOW, timeout=30)
        if self.messages_per_second:
            ahead = published / self.messages_per_second - (time.monotonic() - began)
            if ahead > 0.002:
                time.sleep(ahead)

    def drain(self, limit):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.unacknowledged) <= limit, timeout=60):
                raise Stalled("the broker does not acknowledge what the fleet publishes")
