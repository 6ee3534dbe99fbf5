"""A receiver that is slow, failing or away holds up nobody else: each has a lane of its own, and commands go first."""

import json
import signal
import socket

import profiles
import pytest
from conftest import PROFILES, free_port, now_ms, wait_for
from suppliers import WebhookSupplier
from test_orders import use_up
from test_remote_support import actions

# Nobody can help with smoke but a person, so it becomes a ticket at once.
SMOKE = profiles.bench(
    alerts=[{"pointer": "/errors", "severity": "major", "codes": {"jam": {"text": "Paper jam", "playbook": "clear"}, "smoke": {"text": "Smoke"}}}])


@pytest.fixture
def silent_desk():
    """Takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/tickets"


def smoke(client, count):
    for index in range(count):
        client.client.publish(f"bench/s{index}/telemetry", json.dumps({"ts": now_ms(), "errors": ["smoke"]}), qos=1)


def test_full_lane_of_tickets_holds_up_no_command_and_no_order(make, broker, client, tmp_path, silent_desk):
    directory = profiles.write(tmp_path / "profiles", SMOKE)
    supplier = WebhookSupplier()
    gateway = make.gateway(
        broker, profiles=[str(directory), str(PROFILES / "steward-native")], tickets={"url": silent_desk}, limits={"outbox": 300},
        suppliers=[{"name": "shop", "url": supplier.url}])
    smoke(client, 600)
    wait_for(lambda: gateway.metric("steward_tickets_total") == 600, "the tickets")
    client.respond("bench/+/commands/+")
    client.publish("bench/p1/telemetry", {"ts": now_ms(), "errors": ["jam"]})
    wait_for(lambda: client.heard, "the command")
    assert actions(gateway, "p1")[0]["outcome"] in ("sent", "answered", "unverified")
    # Another device's order goes to its supplier, although the desk's lane is full.
    use_up(client, "p2")
    wait_for(lambda: supplier.orders, "the order")
    supplier.close()
    # What the lane had no room for is not silently gone.
    assert gateway.metric("steward_outbox_refused_total") == 300
    tickets = gateway.api("tickets?limit=1000")["tickets"]
    undelivered = [ticket for ticket in tickets if "limits.outbox" in ticket.get("undelivered", "")]
    assert len(undelivered) == 300


def test_receiver_that_is_back_gets_everything_soon(make, broker, client, tmp_path):
    directory = profiles.write(tmp_path / "profiles", SMOKE)
    desk = make.receiver()
    # Far more failures than one try every second would meet in this test: while the desk fails, it is asked by one try at a time.
    desk.statuses = [503] * 5
    make.gateway(broker, profiles=[str(directory)], tickets={"url": desk.url + "/tickets"})
    smoke(client, 40)
    wait_for(lambda: len(desk.accepted("/tickets")) == 40, "all tickets")
    assert len({json.loads(request["body"])["id"] for request in desk.accepted("/tickets")}) == 40
    failed = [request for request in desk.requests if request["status"] == 503]
    assert len(failed) == 5


def test_command_that_never_left_is_not_called_unanswered(make, broker, client, tmp_path):
    directory = profiles.write(tmp_path / "profiles", profiles.BENCH)
    gateway = make.gateway(broker, profiles=[str(directory)])
    client.subscribe("bench/+/commands/+")
    client.publish("bench/p1/telemetry", {"ts": now_ms(), "errors": ["jam"]})
    wait_for(lambda: client.heard, "the first command")
    # From here on the broker takes nothing, so the second command cannot leave the gateway.
    broker.process.send_signal(signal.SIGSTOP)
    try:
        wait_for(lambda: gateway.api("tickets")["tickets"], "the ticket")
        assert [action["outcome"] for action in actions(gateway, "p1")] == ["unanswered", "undeliverable"]
        assert "not acknowledged" in actions(gateway, "p1")[1]["detail"]
    finally:
        broker.process.send_signal(signal.SIGCONT)
