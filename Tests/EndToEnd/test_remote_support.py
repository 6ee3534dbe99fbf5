"""An alarm is dispatched as a command, and telemetry verifies it; a device that does not answer ends in a ticket."""

import json

import profiles
from conftest import now_ms, wait_for


def actions(gateway, device):
    return gateway.api(f"actions?device={device}")["actions"]


def test_jam_is_cleared_by_command_and_verified_by_telemetry(gateway, client):
    def recovers(device, command):
        client.client.publish(f"devices/{device}/telemetry", json.dumps({"ts": now_ms(), "status": "idle", "errors": []}), qos=1)

    client.respond(after=recovers)
    client.publish("devices/p1/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam"]})

    wait_for(lambda: actions(gateway, "p1")[0]["outcome"] == "verified", "the verification")
    [action] = actions(gateway, "p1")
    [(topic, payload)] = client.heard
    assert topic == "devices/p1/commands/clear-jam"
    assert json.loads(payload) == {"requestId": action["request"]}
    assert gateway.api("alarms?device=p1")["alarms"][0]["condition"] == "jam"
    assert gateway.api("alarms?device=p1")["alarms"][0]["state"] == "returned-unacknowledged"
    assert gateway.device("p1")["alarms"] == []
    assert gateway.api("tickets")["tickets"] == []
    assert gateway.api("status")["mended"] == 1


def test_incident_is_closed_with_its_downtime_and_credited_to_the_command(gateway, client):
    onset = now_ms() - 20_000
    client.respond(after=lambda device, _: client.client.publish(
        f"devices/{device}/telemetry", json.dumps({"ts": onset + 12_345, "status": "printing", "errors": []}), qos=1))
    client.publish("devices/p2/telemetry", {"ts": onset - 60_000, "status": "printing"})
    client.publish("devices/p2/telemetry", {"ts": onset, "status": "error", "errors": ["jam"]})

    wait_for(lambda: gateway.device("p2")["incidents"][0].get("restored"), "the restoration")
    [incident] = gateway.device("p2")["incidents"]
    assert incident["onset"] == onset
    assert incident["downtimeMilliseconds"] == 12_345
    assert incident["conditions"] == ["jam"]
    assert incident["remote"] is True
    assert gateway.device("p2")["time"]["productiveMilliseconds"] == 60_000
    gateway.settled(client)
    kinds = [entry["kind"] for entry in gateway.api("journal?device=p2")["journal"]]
    assert {"incident.opened", "incident.closed", "alarm.raised", "alarm.cleared", "command"} <= set(kinds)


def test_device_without_answer_gets_the_second_step_and_then_a_ticket(make, broker, client, tmp_path):
    receiver = make.receiver()
    directory = profiles.write(tmp_path / "profiles", profiles.BENCH)
    gateway = make.gateway(broker, profiles=[str(directory)], tickets={"url": receiver.url + "/tickets"})
    client.subscribe("bench/+/commands/+")
    client.publish("bench/mute/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam"]})

    wait_for(lambda: receiver.accepted("/tickets"), "the ticket")
    assert [topic for topic, _ in client.heard] == ["bench/mute/commands/clear", "bench/mute/commands/restart"]
    assert [action["outcome"] for action in actions(gateway, "mute")] == ["unanswered", "unanswered"]
    [ticket] = gateway.api("tickets")["tickets"]
    event = json.loads(receiver.accepted("/tickets")[0]["body"])
    assert event["type"] == "steward.ticket.opened"
    assert event["subject"] == "mute"
    assert event["data"]["ticket"] == ticket["ticket"] == event["id"]
    assert event["data"]["text"] == "The jam needs a person"

    status, _, _ = gateway.request(f"/api/v1/tickets/{ticket['ticket']}/closure", {"by": "Ada"})
    assert status == 202
    wait_for(lambda: gateway.api("tickets")["tickets"][0]["state"] == "closed", "the closure")


def test_refusal_by_the_device_goes_on_to_the_second_step(make, broker, client, tmp_path):
    directory = profiles.write(tmp_path / "profiles", profiles.BENCH)
    gateway = make.gateway(broker, profiles=[str(directory)])
    client.respond("bench/+/commands/+", outcome="failed")
    client.publish("bench/no/telemetry", {"ts": now_ms(), "errors": ["jam"]})

    wait_for(lambda: gateway.api("tickets")["tickets"], "the ticket")
    assert [action["outcome"] for action in actions(gateway, "no")] == ["refused", "refused"]
    assert "failed" in gateway.api("tickets")["tickets"][0]["reason"]


def test_acknowledged_alarm_says_by_whom(gateway, client):
    client.publish("devices/p3/telemetry", {"ts": now_ms(), "errors": ["cover-open"]})
    alarm = wait_for(lambda: gateway.api("alarms?device=p3")["alarms"], "the alarm")[0]
    assert gateway.post(f"alarms/{alarm['alarm']}/acknowledgement", {"by": "Ada"}) == 202
    wait_for(lambda: gateway.api("alarms?device=p3")["alarms"][0].get("acknowledgedBy") == "Ada", "the acknowledgement")
