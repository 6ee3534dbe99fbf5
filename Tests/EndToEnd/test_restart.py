"""A restart goes on where the gateway was: nothing is repeated, nothing is forgotten."""

import json

from conftest import now_ms, wait_for


def state(gateway):
    answers = [gateway.api(path) for path in ("devices", "alarms?all=true", "orders", "actions", "tickets")]
    return json.dumps(answers, sort_keys=True)


def test_second_start_repeats_no_command_and_no_order(make, broker, client):
    receiver = make.receiver()
    gateway = make.gateway(broker, orders={"url": receiver.url + "/orders"}, tickets={"url": receiver.url + "/tickets"})
    client.subscribe("devices/+/commands/+")
    client.publish("devices/p/telemetry", {"ts": now_ms() - 9, "supplies": {"black": 3}})
    client.publish("devices/p/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam", "overheated"]})
    wait_for(lambda: len(receiver.requests) == 2 and client.heard, "the order, the ticket and the command")
    wait_for(lambda: gateway.api("orders")["orders"][0]["state"] == "sent", "the sent order")
    gateway.settled(client)
    before = state(gateway)
    for _ in range(2):
        gateway.restart()
        assert state(gateway) == before
        # The device says the same again.
        client.publish("devices/p/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam", "overheated"], "supplies": {"black": 3}})
        gateway.settled(client)
        before = state(gateway)
    assert len(receiver.requests) == 2
    assert len(client.heard) == 1


def test_reply_and_telemetry_after_a_restart_still_verify_the_command(gateway, client):
    client.subscribe("devices/+/commands/+")
    client.publish("devices/p/telemetry", {"ts": now_ms(), "errors": ["jam"]})
    wait_for(lambda: client.heard, "the command")
    gateway.restart()
    request = json.loads(client.heard[0][1])["requestId"]
    client.publish("devices/p/replies", {"requestId": request, "outcome": "ok"})
    client.publish("devices/p/telemetry", {"ts": now_ms(), "errors": []})
    wait_for(lambda: gateway.api("actions")["actions"][0]["outcome"] == "verified", "the verification")
    assert len(client.heard) == 1


def test_order_that_was_not_taken_is_delivered_after_a_restart(make, broker, client):
    receiver = make.receiver()
    receiver.statuses = [503] * 2
    gateway = make.gateway(broker, orders={"url": receiver.url + "/orders"})
    client.publish("devices/p/telemetry", {"ts": now_ms(), "supplies": {"black": 3}})
    wait_for(lambda: receiver.requests, "the first try")
    gateway.restart()
    wait_for(lambda: gateway.api("orders")["orders"][0]["state"] == "sent", "the sent order")
    assert len(receiver.accepted("/orders")) == 1
    assert len({json.loads(request["body"])["id"] for request in receiver.requests}) == 1


def test_same_events_give_the_same_digest_after_a_restart(gateway, client):
    for number in range(50):
        client.publish(f"devices/p{number % 5}/telemetry", {"ts": now_ms(), "fuserTemp": number, "supplies": {"black": 90 - number}})
    gateway.settled(client)
    before = gateway.api("digest?lines=true")["lines"]
    gateway.restart()
    after = gateway.api("digest?lines=true")["lines"]
    assert after == before
