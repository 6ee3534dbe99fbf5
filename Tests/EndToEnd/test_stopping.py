"""SIGTERM ends the gateway with everything committed; what comes meanwhile waits at the broker."""

import json
import signal
import threading
import time

import pytest
from conftest import now_ms, wait_for


def history(gateway, base):
    return gateway.api(f"devices/d/history/bearingTemp?from={base}")["samples"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_under_load_loses_nothing(gateway, client, number):
    base = now_ms() - 1_000_000
    count = 20_000
    sent = []

    def load():
        for value in range(count):
            sent.append(client.client.publish("devices/d/telemetry", json.dumps({"ts": base + value, "bearingTemp": value % 50}), qos=1))

    publisher = threading.Thread(target=load)
    publisher.start()
    wait_for(lambda: gateway.metric("steward_messages_committed_total") > 500, "the load")
    began = time.monotonic()
    assert gateway.stop(number) == 0, gateway.log()
    took = time.monotonic() - began
    assert "stopped" in gateway.log()
    publisher.join()
    wait_for(lambda: all(message.is_published() for message in sent[-1001:]), "the broker's receipt")
    # The promise is 2 s; the test's limit leaves room for a busy machine.
    assert took < 10
    gateway.start()
    wait_for(lambda: gateway.device("d")["lastEvent"] == base + count - 1, "the rest")
    assert history(gateway, base) == [[base + value, value % 50] for value in range(count)]


def test_stop_without_a_broker(make):
    gateway = make.gateway(connected=False)
    wait_for(lambda: "no connection to the broker" in gateway.log(), "the warning")
    assert gateway.request("/readyz")[0] == 503
    assert gateway.request("/healthz")[0] == 200
    assert gateway.stop() == 0
