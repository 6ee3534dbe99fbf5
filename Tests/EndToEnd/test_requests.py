"""Nobody has to guess what became of a write: it is recorded, surely not, or can be asked about under its id."""

import json
import subprocess

import pytest
from conftest import DEADLINE_SECONDS, STEWARD, fill, wait_for


def add(gateway, key, units=1):
    # As the command line writes it: the same request has the same bytes.
    body = b'{"item":"toner","add":%d,"by":"Ann"}' % units
    status, _, body = gateway.request("/api/v1/stock", body, {"Idempotency-Key": key} if key else {})
    return status, json.loads(body)


def units(gateway):
    stock = gateway.api("stock")["stock"]
    return stock[0]["units"] if stock else 0


def state(gateway, key):
    return gateway.api("requests/" + key)["state"]


def test_one_key_counts_once_also_after_a_restart(make, broker):
    gateway = make.gateway(broker)
    assert add(gateway, "k1") == (202, {"recorded": True, "request": "k1"})
    assert add(gateway, "k1") == (202, {"recorded": True, "request": "k1"})
    assert add(gateway, "k1", units=2)[0] == 422
    gateway.restart()
    assert add(gateway, "k1") == (202, {"recorded": True, "request": "k1"})
    assert add(gateway, "k2")[0] == 202
    wait_for(lambda: units(gateway) == 2, "the stock")
    assert (state(gateway, "k1"), state(gateway, "k2"), state(gateway, "k3")) == ("recorded", "recorded", "notRecorded")


def test_what_was_done_is_answered_as_done(gateway):
    """A second time the maintenance window could not be set, and ended it could not be ended."""
    body = {"all": True, "from": "2030-01-01T00:00", "until": "2030-01-02T00:00", "by": "Ann"}
    first = gateway.request("/api/v1/maintenance", body, {"Idempotency-Key": "w"})
    assert first[0] == 202 and json.loads(first[2])["window"].startswith("mw-")
    assert gateway.request("/api/v1/maintenance", body, {"Idempotency-Key": "w"}) == first
    path = "/api/v1/maintenance/" + json.loads(first[2])["window"] + "/end"
    wait_for(lambda: gateway.request(path, {"by": "Ann"}, {"Idempotency-Key": "e"})[0] == 202, "the end")
    wait_for(lambda: gateway.request(path, {"by": "Ann"})[0] == 404, "its effect")
    assert gateway.request(path, {"by": "Ann"}, {"Idempotency-Key": "e"})[0] == 202


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 129])
def test_a_key_that_is_none_is_refused(gateway, key):
    status, _, answer = gateway.request(
        "/api/v1/stock", {"item": "toner", "add": 1, "by": "Ann"}, {"Idempotency-Key": key.encode().decode("latin-1")})
    assert status == 400 and b"Idempotency-Key" in answer


def test_without_a_key_the_gateway_names_one(gateway):
    status, answer = add(gateway, None)
    assert status == 202
    assert state(gateway, answer["request"]) == "recorded"


def test_a_full_disk_counts_a_write_once_however_often_it_is_sent(make, broker, mounted):
    disk = mounted("-t", "tmpfs", "-o", "size=6m", "tmpfs")
    gateway = make.gateway(broker, store={"path": str(disk / "steward.db")})
    ballast = fill(disk)
    # Until the room that the store has of its own is used up as well: then one write is in a batch that cannot be committed.
    recorded = 0
    while (answer := add(gateway, f"k{recorded}"))[0] == 202:
        recorded += 1
    key = f"k{recorded}"
    assert answer[0] == 504 and answer[1]["request"] == key
    for _ in range(3):
        assert add(gateway, key)[0] == 504
    assert state(gateway, key) == "pending"
    # Of another nothing is done, and that is certain: nobody has taken it.
    status, answer = add(gateway, "other")
    assert status == 503 and "Nothing was done" in answer["detail"]
    assert state(gateway, "other") == "notRecorded"
    denied = gateway.cli("stock", "add", "toner", "1", "--by", "Ann", "--request-id", "cli")
    assert denied.returncode == 1 and "Nothing was done" in denied.stderr
    # The command line waits for what is in hand, and tells the truth when it is known.
    waiting = subprocess.Popen(
        [STEWARD, "stock", "add", "toner", "1", "--by", "Ann", "--request-id", key, "--url", gateway.url, "--token-file",
         str(gateway.token_file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    wait_for(lambda: state(gateway, key) == "recorded", "the commit")
    assert waiting.communicate(timeout=DEADLINE_SECONDS) == ("Recorded.\n", "")
    assert add(gateway, key)[0] == 202
    wait_for(lambda: units(gateway) == recorded + 1, "the stock")
    assert add(gateway, "other")[0] == 202
    wait_for(lambda: units(gateway) == recorded + 2, "the stock")
    assert gateway.stop() == 0


def test_a_stop_tells_what_waits(make, broker, mounted):
    """A write that could not be committed is not told to be lost, nor to be recorded."""
    disk = mounted("-t", "tmpfs", "-o", "size=6m", "tmpfs")
    gateway = make.gateway(broker, store={"path": str(disk / "steward.db")})
    ballast = fill(disk)
    count = 0
    while add(gateway, f"k{count}")[0] == 202:
        count += 1
    gateway.process.terminate()
    assert gateway.process.wait(DEADLINE_SECONDS) == 0
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    gateway.start()
    wait_for(lambda: units(gateway) == count + (state(gateway, f"k{count}") == "recorded"), "what was recorded")
