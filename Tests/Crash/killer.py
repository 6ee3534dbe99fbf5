"""Kills the gateway again and again while the fleet talks, and starts it again each time."""

import random
import threading
import time
from collections import Counter

PLACES = ("before-commit", "after-commit", "after-acknowledge")
OUTSIDE = "outside"
STARTING = "while starting"


class Killer(threading.Thread):
    """Every kill is drawn from `seed`: at a place in the commit, at the N-th batch; or from outside, at a random time."""

    def __init__(self, gateway, kills, seed):
        super().__init__(daemon=True)
        self.gateway = gateway
        self.kills = kills
        self.random = random.Random(f"{seed}/kills")
        self.done = Counter()
        self.snapshots = 0
        self.failure = None
        # The places get their share by turns, and a draw decides about the order.
        self.plan = [(PLACES + (OUTSIDE, STARTING))[number % 5] for number in range(kills)]
        self.random.shuffle(self.plan)

    @property
    def count(self):
        return sum(self.done.values())

    def run(self):
        try:
            for mode in self.plan:
                self.kill_once(mode)
            self.gateway.start()
            self.gateway.wait_ready()
        except BaseException as failure:  # noqa: BLE001: it is raised again on the main thread.
            self.failure = failure

    def kill_once(self, mode):
        """Ends the gateway that runs, if any, begins one that is to die of `mode`, and waits for its death."""
        if mode in PLACES:
            # Often the very first batch: two deaths in a row then leave the same messages unacknowledged.
            batch = 1 if self.random.random() < 0.4 else self.random.randint(2, 40)
            self.restart(f"{mode}:{batch}")
            self.wait_for_start()
            self.maybe_snapshot()
            if self.wait_for_death(8.0):
                return self.died(mode)
            # Too few batches came, as on a busy machine: this one counts as a kill from outside, and the place has its turn at the first batch.
            self.gateway.process.kill()
            self.died(OUTSIDE)
            self.restart(f"{mode}:1")
            self.wait_for_start()
            if self.wait_for_death(8.0):
                return self.died(mode)
            mode = OUTSIDE
        else:
            self.restart(None)
            if mode == STARTING:
                time.sleep(self.random.uniform(0.0, 0.08))
            else:
                self.gateway.wait_ready()
                self.maybe_snapshot()
                time.sleep(self.random.uniform(0.0, 0.6))
        self.gateway.process.kill()
        self.died(mode)

    def restart(self, kill_at):
        if self.gateway.process is not None:
            self.gateway.kill()
            self.done["the first"] += 1
        self.gateway.start(kill_at)

    def maybe_snapshot(self):
        """Now and then a snapshot, so that recovery does not always begin at the first event, and death may meet it half-way."""
        if self.random.random() >= 0.3:
            return
        # It may be starting still, and it may die before it answers.
        deadline = time.monotonic() + 0.5
        while not self.gateway.has_ended() and time.monotonic() < deadline:
            if self.gateway.ask("/api/v1/profiles/reload", "POST") is not None:
                self.snapshots += 1
                return time.sleep(self.random.uniform(0.0, 0.05))
            time.sleep(0.002)

    def wait_for_start(self):
        """Until it is ready, or dead. A start steps through everything since the last snapshot; a program that was killed before its end would never
        come to a batch, nor to a snapshot that makes the next start shorter."""
        deadline = time.monotonic() + 120
        while not self.gateway.has_ended() and self.gateway.ask("/readyz") is None:
            assert time.monotonic() < deadline, f"the gateway does not come to its start; see\n{self.gateway.tail()}"
            time.sleep(0.01)

    def wait_for_death(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.gateway.has_ended():
                return True
            time.sleep(0.002)
        return False

    def died(self, mode):
        code = self.gateway.end()
        if code != -9:
            raise AssertionError(f"the gateway ended by itself with {code} (killing {mode}); see\n{self.gateway.tail()}")
        self.done[mode] += 1


class Stopper(Killer):
    """SIGTERM instead of SIGKILL: the gateway is to end in order, soon, and with nothing left to make good."""

    def __init__(self, gateway, kills, seed):
        super().__init__(gateway, kills, seed)
        self.plan = ["SIGTERM"] * kills

    def kill_once(self, mode):
        if self.gateway.process is None:
            self.gateway.start()
        self.gateway.wait_ready()
        time.sleep(self.random.uniform(0.1, 0.6))
        code, seconds = self.gateway.terminate()
        assert code == 0, f"SIGTERM ended the gateway with {code}; see\n{self.gateway.tail()}"
        assert seconds < 2, f"SIGTERM took {seconds:.2f} s; see\n{self.gateway.tail()}"
        self.done[mode] += 1
