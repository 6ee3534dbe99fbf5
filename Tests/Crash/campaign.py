"""Kills the real gateway under load and compares with a run that was never killed.

    python Tests/Crash/campaign.py --kills 100 --seed 7

Needs paho-mqtt 2, /usr/sbin/mosquitto, the program (environment variable STEWARD, default .build/release/steward) and its debug build, which has
the hooks for kills at a chosen place (STEWARD_DEBUG, default .build/debug/steward).
The test of this directory runs the short form. Everything random comes from the seed, but the moments of kills are the machine's.
"""

import argparse
import difflib
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import records as store_records
from broker import Broker
from fleet import Fleet, Stalled
from gateway import Gateway
from killer import PLACES, Killer
from script import scripts
from supplier import Supplier

SENTINEL = "sentinel"
DELIVERED = 1
# More would make more finished alarms than the core keeps (2000), and which of them it forgets depends on the order of devices.
DEVICES = 60
MESSAGES = 900


@dataclass
class Outcome:
    """What one run left behind."""

    digest: str
    lines: list
    restarted_digest: str
    restarted_lines: list
    records: store_records.Records
    acknowledged: list
    commands: list
    taken: dict
    kills: Counter
    snapshots: int
    seconds: float


def play(directory, steps, kills=0, seed=0, messages_per_second=None, killer_type=Killer):
    """One run of the scripts from an empty store to the end, with `kills` kills while they are played."""
    directory.mkdir()
    began = time.monotonic()
    broker = Broker(directory)
    supplier = Supplier()
    gateway = Gateway(directory, broker.port, supplier.port)
    fleet = None
    try:
        gateway.start()
        # Only a subscription makes the broker keep messages for the gateway.
        gateway.wait_until(lambda: "subscribed" in gateway.log.read_text(), "the first subscription")
        fleet = Fleet(broker.port, steps, messages_per_second)
        killer = killer_type(gateway, kills, seed)
        try:
            run_under_kills(fleet, killer, steps)
            settle(fleet, gateway)
        except Stalled as stall:
            raise stalled(stall, fleet, gateway) from None
        digest, lines = gateway.digest()
        code, _ = gateway.terminate()
        assert code == 0, f"SIGTERM ended the gateway with {code}"
        found = store_records.read(gateway.store)
        gateway.start()
        gateway.wait_ready()
        restarted_digest, restarted_lines = gateway.digest()
        gateway.terminate()
        # From the raw inbox alone, in its own order: what no kill and no snapshot has had a hand in.
        with sqlite3.connect(gateway.store) as database:
            database.execute("DELETE FROM snapshot")
            database.execute("DELETE FROM snapshot_part")
        gateway.start()
        gateway.wait_ready()
        rebuilt_digest, _ = gateway.digest()
        assert rebuilt_digest == digest, "the state differs from one that is rebuilt from the whole inbox"
        return Outcome(
            digest, lines, restarted_digest, restarted_lines, found, fleet.acknowledged, fleet.commands, supplier.taken,
            killer.done, killer.snapshots, time.monotonic() - began,
        )  # fmt: skip
    finally:
        if gateway.process is not None:
            gateway.kill()
        if fleet is not None:
            fleet.stop()
        supplier.stop()
        broker.stop()


def run_under_kills(fleet, killer, steps):
    total = sum(hasattr(step, "payload") for device in steps.values() for step in device)
    if killer.kills:
        killer.start()

    def progress(published):
        # The load lasts as long as the killing does, however slow the machine is.
        while killer.is_alive() and published > total * (killer.count + 2) / (killer.kills + 2):
            time.sleep(0.01)
        if killer.failure:
            raise killer.failure

    fleet.run(progress)
    if killer.kills:
        killer.join(timeout=120)
        if killer.failure:
            raise killer.failure
        assert not killer.is_alive(), "the killer does not come to its end"


def settle(fleet, gateway):
    """Waits until the gateway has taken everything and nothing is left to deliver. The broker keeps the order of what it queues."""
    fleet.publish(f"devices/{SENTINEL}/telemetry", json.dumps({"ts": 1_700_000_000_000, "status": "idle"}).encode())
    fleet.drain(0)
    gateway.wait_until(lambda: gateway.ask(f"/api/v1/devices/{SENTINEL}") is not None, "the last message in the state")
    gateway.wait_until(lambda: gateway.json("/api/v1/status")["store"]["outboxOpen"] == 0, "an empty outbox")


def stalled(stall, fleet, gateway):
    """The better reason for a standstill, where there is one: a message that the broker let go of and nobody has."""
    if gateway.process is not None:
        gateway.kill()
    missing = missing_messages(fleet.acknowledged, store_records.read(gateway.store))
    return AssertionError(f"{stall}; {len(missing)} messages are missing in the inbox{sample(missing)}") if missing else stall


def missing_messages(acknowledged, found):
    return [message for message in acknowledged if message not in found.inbox]


def sample(items):
    return "".join(f"\n  {item}" for item in list(items)[:10])


# What is promised, one function each.


def check_inbox(outcome):
    """Every message the broker got an acknowledgement for is in the inbox; the broker has let go of all of them by now."""
    missing = missing_messages(outcome.acknowledged, outcome.records)
    assert not missing, f"{len(missing)} of {len(outcome.acknowledged)} messages are missing in the inbox:{sample(missing)}"
    foreign = set(outcome.records.inbox) - set(outcome.acknowledged)
    assert not foreign, f"the inbox has {len(foreign)} messages that nobody sent:{sample(foreign)}"


def check_issued_once(outcome, reference):
    """Every order, ticket and command was decided once, sent under one key, and to its end."""
    for kind, member in (("order", "order"), ("command", "request"), ("ticket", "ticket")):
        decided = Counter()
        for (found, _, text), count in outcome.records.journal.items():
            if found == kind:
                decided[json.loads(text)[member]] += count
        several = {key: count for key, count in decided.items() if count != 1}
        assert not several, f"decided more than once: {sample(several.items())}"
        keys = {key for key, (channel, _) in outcome.records.outbox.items() if channel == kind}
        assert keys == set(decided), f"{kind}: decided and not in the outbox, or the other way round: {keys ^ set(decided)}"
        expected = {key for key, (channel, _) in reference.records.outbox.items() if channel == kind}
        assert keys == expected, f"{kind}: not as in the run without kills: {sample(keys ^ expected)}"
    undelivered = {key: entry for key, entry in outcome.records.outbox.items() if entry[1] != DELIVERED}
    assert not undelivered, f"not delivered:{sample(undelivered.items())}"
    sent = {request for _, _, request in outcome.commands}
    assert sent == {key for key, (channel, _) in outcome.records.outbox.items() if channel == "command"}, "commands on the wire"
    assert len({(device, command, request) for device, command, request in outcome.commands}) == len(sent), "a key names two commands"
    for key, bodies in outcome.taken.items():
        assert len(set(bodies)) == 1, f"the key {key} came with different bodies:{sample(set(bodies))}"
    assert set(outcome.taken) == set(outcome.records.outbox) - sent, "orders and tickets at the supplier"


def check_effects(outcome, reference):
    """Journal, dead letters and history: each entry as often as in the run without kills."""
    differences = ""
    for name in ("journal", "dead_letters", "chunks"):
        here, there = getattr(outcome.records, name), getattr(reference.records, name)
        for word, surplus in (("too many", here - there), ("too few", there - here)):
            if surplus:
                differences += f"\n{name}: {surplus.total()} {word}:{sample(surplus.items())}"
    assert not differences, f"the effects differ:{differences}"


# What a cartridge's estimate rests on. The estimate itself also rests on what other devices of the profile taught before, and the order
# among devices is another one in each run: no two runs without a kill agree in it. A restart of the same run must, to the last digit.
OBSERVED = ("counterMilliseconds", "generation", "generations", "isSomeRemaining", "lastCounter", "levelPercent", "newestMilliseconds", "odometer")


def without_order_among_devices(lines):
    kept = []
    for line in lines:
        if line.startswith("learned "):
            continue
        if line.startswith("supply "):
            head, _, model = line.partition(" {")
            state = json.loads("{" + model)
            line = f"{head} {[state.get(key) for key in OBSERVED]}"
        kept.append(line)
    return kept


def check_state(outcome, reference):
    """The state equals that of the run without kills, and, whole, that after a clean restart."""
    for name, mine, others in (
        ("a run that was never killed", without_order_among_devices(outcome.lines), without_order_among_devices(reference.lines)),
        ("the state after a clean restart", outcome.lines, outcome.restarted_lines),
    ):
        if mine != others:
            difference = difflib.unified_diff(others, mine, name, "this run", lineterm="", n=0)
            raise AssertionError("the state differs:\n" + "\n".join(list(difference)[:60]))
    assert outcome.digest == outcome.restarted_digest, "the digest after a clean restart"


def check(outcome, reference):
    """All of it, so that one failure does not hide another."""
    failures = []
    for one in (
        lambda: check_inbox(outcome),
        lambda: check_issued_once(outcome, reference),
        lambda: check_state(outcome, reference),
        lambda: check_effects(outcome, reference),
    ):
        try:
            one()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


def describe(name, outcome):
    repeats = outcome.records.inbox.total() - len(outcome.acknowledged)
    kinds = Counter(channel for channel, _ in outcome.records.outbox.values())
    return (
        f"{name}: {outcome.seconds:.1f} s, {len(outcome.acknowledged)} messages, {repeats} repeated by the broker; "
        f"{dict(kinds)}, of them sent again: {len(outcome.commands) - kinds['command']} commands, "
        f"{sum(map(len, outcome.taken.values())) - len(outcome.taken)} orders and tickets; "
        f"{sum(outcome.kills.values())} kills {dict(outcome.kills)}, {outcome.snapshots} snapshots; digest {outcome.digest}"
    )


def campaign(directory, kills, seed, devices=DEVICES, messages=MESSAGES, killer_type=Killer):
    """The run without kills, the run with them, and the checks. Returns both outcomes."""
    start = (int(time.time()) // 60) * 60_000 - 6 * 3_600_000
    steps = scripts(devices, messages, start, seed)
    reference = play(directory / "reference", steps)
    print(describe("never killed", reference), flush=True)
    # A check of the check: without kills nothing may come twice.
    twice = {message: count for message, count in reference.records.inbox.items() if count > 1}
    assert not twice, f"the broker repeated messages without a reason:{sample(twice.items())}"
    assert len(reference.commands) == len(set(reference.commands))
    check(reference, reference)
    outcome = play(directory / "killed", steps, kills, seed, devices * messages / (0.4 * kills), killer_type)
    print(describe("killed", outcome), flush=True)
    check(outcome, reference)
    if killer_type is Killer:
        # A place that is hardly ever reached would make the test blind for what it is there to see.
        assert all(outcome.kills[place] >= kills // 10 for place in PLACES), f"too few kills at {PLACES}: {outcome.kills}"
    assert outcome.kills.total() >= kills
    return outcome, reference


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(1, 1_000_000))
    parser.add_argument("--devices", type=int, default=DEVICES)
    parser.add_argument("--messages", type=int, default=MESSAGES, help="a device")
    parser.add_argument("--keep", help="a directory that does not exist yet, for stores and logs")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="steward-crash-") as temporary:
        directory = Path(options.keep or temporary)
        directory.mkdir(exist_ok=not options.keep)
        try:
            campaign(directory, options.kills, options.seed, options.devices, options.messages)
        except AssertionError as failure:
            print(f"FAILED (seed {options.seed}): {failure}")
            return 1
    print("every check held")
    return 0


if __name__ == "__main__":
    sys.exit(main())
