"""Whoever asks, and however much: commits go on, and the gateway is back at once when the questions end."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from conftest import now_ms, wait_for

DEVICES = 1500
LOOPS = 8
# A process of its own, so that this one's interpreter does not slow the askers down; it gives up a question after 300 ms.
ASKER = """
import itertools, os, sys, urllib.request
os.nice(19)
url, token, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
for path in itertools.cycle(paths):
    try:
        request = urllib.request.Request(url + path, headers={"Authorization": "Bearer " + token})
        urllib.request.urlopen(request, timeout=0.3 if path.endswith("digest") else 20).read()
    except OSError:
        pass
"""
PATHS = [
    "/api/v1/digest", "/api/v1/devices?limit=10000", "/", "/api/v1/devices", "/api/v1/alarms?all=true", "/metrics", "/api/v1/status",
    "/api/v1/devices/d7/explain",
]


@contextlib.contextmanager
def loops(gateway):
    processes = []
    token = gateway.token_file.read_text().strip()
    try:
        for number in range(LOOPS):
            paths = PATHS[number:] + PATHS[:number]
            processes.append(subprocess.Popen([sys.executable, "-c", ASKER, gateway.url, token, *paths]))
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def publish(client, devices, temperature):
    for number in devices:
        message = client.client.publish(f"devices/d{number}/telemetry", f'{{"ts":{now_ms()},"fuserTemp":{temperature}}}', qos=1)
    message.wait_for_publish(60)


def test_commits_go_on_while_everything_is_asked(gateway, client):
    publish(client, range(DEVICES), 1)
    wait_for(lambda: gateway.api("status")["devices"]["total"] == DEVICES, "the devices")
    with loops(gateway):
        for round in range(2, 7):
            publish(client, range(DEVICES), round)
            wait_for(lambda: gateway.metric("steward_messages_processed_total") >= round * DEVICES, "the messages")
        # The probes do not stand in line with the questions.
        assert gateway.request("/healthz")[0] == 200
        assert gateway.metric("steward_core_answered") == 1
    # What timed out is not worked off afterwards.
    assert gateway.device("d7")["metrics"]["fuserTemp"] == 6
    assert gateway.api("digest")["digest"]


def test_systemd_hears_that_it_lives_meanwhile(make, broker, client, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(40)
        gateway = make.gateway(broker, start=False)
        gateway.environment |= {"NOTIFY_SOCKET": receiver.getsockname(), "WATCHDOG_USEC": "2000000"}
        gateway.start()
        publish(client, range(300), 1)
        with loops(gateway):
            pings = 0
            while pings < 3:
                pings += receiver.recv(4096).decode().splitlines().count("WATCHDOG=1")
        assert gateway.stop() == 0


def test_pages_hold_every_item_once(gateway, client):
    publish(client, range(300), 1)
    wait_for(lambda: gateway.api("status")["devices"]["total"] == 300, "the devices")
    found, after = [], ""
    while True:
        page = gateway.api("devices?limit=70" + (f"&after={after}" if after else ""))
        found += [device["device"] for device in page["devices"]]
        assert page["total"] == 300
        if "next" not in page:
            break
        after = page["next"]
    assert found == sorted(f"d{number}" for number in range(300))
    assert [device["device"] for device in gateway.api("devices?offset=290")["devices"]] == found[290:]
    for number in range(5):
        client.publish(f"devices/d{number}/telemetry", {"errors": ["jam", "door"]})
    gateway.settled(client)
    wait_for(lambda: len(gateway.api("alarms")["alarms"]) == 10, "the alarms")
    whole = [alarm["alarm"] for alarm in gateway.api("alarms")["alarms"]]
    pages, after = [], ""
    while True:
        page = gateway.api("alarms?limit=3" + (f"&after={after}" if after else ""))
        pages += [alarm["alarm"] for alarm in page["alarms"]]
        if "next" not in page:
            break
        after = page["next"]
    assert pages == whole
