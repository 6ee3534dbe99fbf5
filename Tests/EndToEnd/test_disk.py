"""A disk that is full, slow, or fails at any write: nothing acknowledged is lost or doubled, and the gateway goes on by itself.

The long form: STEWARD_DISK_RUNS=200 (as many points of failure), STEWARD_DISK_SEED for others.
"""

import errno
import mmap
import os
import pathlib
import random
import shutil
import struct
import subprocess

import pytest
from conftest import now_ms, wait_for

RUNS = int(os.environ.get("STEWARD_DISK_RUNS", "6"))
SEED = int(os.environ.get("STEWARD_DISK_SEED", "1"))
MESSAGES = 300


class Disk:
    """The control file of faultydisk.c."""

    FIELDS = ("writes", "fail_from", "fail_count", "error", "flush_milliseconds", "failed", "flushes_fail")

    def __init__(self, path):
        path.write_bytes(bytes(4096))
        self.file = path.open("r+b")
        self.memory = mmap.mmap(self.file.fileno(), 4096)

    def __getitem__(self, name):
        return struct.unpack_from("<q", self.memory, 8 * self.FIELDS.index(name))[0]

    def __setitem__(self, name, value):
        struct.pack_into("<q", self.memory, 8 * self.FIELDS.index(name), value)

    def fail(self, after, count, error, flushes=False):
        """`count` writes fail with `error`, from the `after`-th from now on."""
        self["fail_count"] = count
        self["error"] = error
        self["flushes_fail"] = int(flushes)
        self["fail_from"] = self["writes"] + after


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler to build the faulty disk with")
    library = tmp_path_factory.mktemp("disk") / "faultydisk.so"
    source = pathlib.Path(__file__).with_name("faultydisk.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def faulty(make, broker, shim, tmp_path):
    """A gateway and its disk."""
    disk = Disk(tmp_path / "control")
    gateway = make.gateway(broker, start=False)
    gateway.environment |= {"LD_PRELOAD": str(shim), "FAULTY_DISK": str(tmp_path / "control")}
    return gateway.start(), disk


def check(gateway, client, disturb, filler=""):
    """Publishes while `disturb` has its way with the disk; then every message has counted once."""
    base = now_ms()
    for number in range(MESSAGES):
        if number == MESSAGES // 3:
            disturb()
        client.publish("devices/d/telemetry", {"ts": base + number, "pageCount": number, "filler": filler})
    wait_for(lambda: gateway.device("d")["metrics"]["pageCount"] == MESSAGES - 1, "the last message")
    wait_for(lambda: gateway.request("/readyz")[0] == 200, "the readiness")
    samples = gateway.api("devices/d/history/pageCount")["samples"]
    assert [value for _, value in samples] == list(range(MESSAGES))
    assert gateway.process.poll() is None


def again(gateway):
    """A restart finds the store whole."""
    before = gateway.api("digest")["digest"]
    gateway.restart()
    assert gateway.api("digest")["digest"] == before
    assert gateway.api("damage")["damage"] == [], gateway.log()


@pytest.mark.parametrize("run", range(RUNS))
def test_any_write_may_fail(faulty, client, run):
    gateway, disk = faulty
    chance = random.Random(SEED * 1000 + run)
    # Three ways to fail, in turn: a write, the flush behind it, no room. Each costs a second, the pause between two tries.
    error = errno.ENOSPC if run % 3 == 2 else errno.EIO
    after, count = chance.randrange(1, 60), chance.choice([1, 2, 5, 9])
    print(f"seed {SEED} run {run}: {count} failures with {errno.errorcode[error]} after {after} writes")
    check(gateway, client, lambda: disk.fail(after, count, error, flushes=run % 3 == 1), filler="x" * chance.choice([0, 300, 5000]))
    assert disk["failed"] == count or disk["writes"] < disk["fail_from"] + count
    disk["fail_from"] = 0
    again(gateway)


def test_slow_disk(faulty, client):
    gateway, disk = faulty

    def disturb():
        disk["flush_milliseconds"] = 700

    check(gateway, client, disturb)
    disk["flush_milliseconds"] = 0
    again(gateway)


@pytest.mark.parametrize("error", [errno.EIO, errno.EROFS], ids=errno.errorcode.get)
def test_disk_that_fails_for_long_is_told_and_gets_well(faulty, client, error):
    """EROFS is what a file system says after the kernel has made it read-only because of an error."""
    gateway, disk = faulty
    client.publish("devices/d/telemetry", {"ts": now_ms(), "pageCount": 0})
    wait_for(lambda: gateway.device("d"), "the device")
    disk.fail(1, 1 << 40, error)
    base = now_ms()
    for number in range(1, 100):
        client.publish("devices/d/telemetry", {"ts": base + number, "pageCount": number})
    wait_for(lambda: gateway.request("/readyz")[0] == 503, "the unreadiness")
    assert b"the store takes no commits" in gateway.request("/readyz")[2]
    assert gateway.metric("steward_store_writable") == 0
    disk["fail_from"] = 0
    wait_for(lambda: gateway.device("d")["metrics"]["pageCount"] == 99, "the last message")
    samples = gateway.api("devices/d/history/pageCount")["samples"]
    assert [value for _, value in samples] == list(range(100))
    again(gateway)
