"""A store that cannot be used is refused with advice; one that fills up loses nothing."""

import sqlite3
import subprocess

import pytest
from conftest import Gateway, fill, now_ms, wait_for


def test_store_of_a_newer_version(make):
    gateway = make.gateway(connected=False)
    assert gateway.stop() == 0
    with sqlite3.connect(gateway.store) as database:
        database.execute("PRAGMA user_version = 9999")
    database.close()
    log = gateway.refusal()
    assert str(gateway.store) in log and "9999" in log and "version" in log


def test_file_that_is_no_database(make):
    gateway = make.gateway(start=False)
    content = b"This is a letter, not a database.\n" * 1000
    gateway.store.write_bytes(content)
    log = gateway.refusal()
    assert str(gateway.store) in log and "not a store" in log
    assert gateway.store.read_bytes() == content


def test_database_of_another_program(make):
    gateway = make.gateway(start=False)
    with sqlite3.connect(gateway.store) as database:
        database.execute("CREATE TABLE letters (id INTEGER)")
    database.close()
    log = gateway.refusal()
    assert str(gateway.store) in log


def test_directory_for_a_store(make):
    gateway = make.gateway(start=False)
    gateway.store.mkdir()
    assert "not a regular file" in gateway.refusal()


def test_store_in_use_names_the_process_and_leaves_the_other_alone(make, broker, client):
    gateway = make.gateway(broker)
    second = make.gateway(broker, start=False, store={"path": str(gateway.store)}, mqtt={"clientId": "second"})
    log = second.refusal()
    assert "in use" in log and str(gateway.process.pid) in log
    client.publish("devices/d/telemetry", {"fuserTemp": 1})
    wait_for(lambda: gateway.device("d"), "the first gateway's device")


def test_read_only_store(make, mounted, tmp_path):
    gateway = make.gateway(connected=False)
    assert gateway.stop() == 0
    target = mounted("--bind", gateway.directory)
    remounted = subprocess.run(["mount", "-o", "remount,bind,ro", target], capture_output=True, text=True)
    if remounted.returncode != 0:
        pytest.skip(f"a read-only mount is not possible here: {remounted.stderr.strip()}")
    second = make.gateway(start=False, store={"path": str(target / gateway.store.name)})
    log = second.refusal()
    assert str(target) in log and ("Read-only" in log or "writable" in log)


def test_full_disk_acknowledges_nothing_and_loses_nothing(make, broker, mounted):
    disk = mounted("-t", "tmpfs", "-o", "size=6m", "tmpfs")
    gateway = make.gateway(broker, store={"path": str(disk / "steward.db")})
    client = make.client(broker)
    client.publish("devices/d/telemetry", {"ts": now_ms(), "pageCount": 0})
    wait_for(lambda: gateway.device("d"), "the device")

    ballast = fill(disk)
    base = now_ms()
    count = 400
    # Until the room that the store has of its own is used up as well.
    for number in range(1, count + 1):
        client.publish("devices/d/telemetry", {"ts": base + number, "pageCount": number, "filler": "x" * 8000})
    wait_for(lambda: gateway.request("/readyz")[0] == 503, "the unreadiness")
    assert b"store" in gateway.request("/readyz")[2]
    assert gateway.metric("steward_store_writable") == 0
    assert gateway.api("status")["store"]["writable"] is False
    assert gateway.post("surveys", {"id": "s", "question": "ces", "values": [7]}) == 503
    assert gateway.metric("steward_messages_committed_total") < count
    assert gateway.process.poll() is None
    assert gateway.log().count("the store takes nothing") == 1

    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    wait_for(lambda: gateway.request("/readyz")[0] == 200, "the readiness")
    wait_for(lambda: gateway.device("d")["metrics"]["pageCount"] == count, "the last message")
    samples = gateway.api("devices/d/history/pageCount")["samples"]
    assert [value for _, value in samples] == list(range(count + 1))
    assert gateway.post("surveys", {"id": "s", "question": "ces", "values": [7]}) == 202
    assert gateway.stop() == 0
