"""An alarm is dispatched as a command, and telemetry verifies it; a device that does not answer ends in a ticket."""

import json
import threading

import paho.mqtt.client as mqtt
import profiles
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
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
    assert json.loads(payload)["requestId"] == action["request"]
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


def persistent(broker, version):
    """A device whose session outlives it: what it is sent while it is away is kept for it."""
    device = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "bench-away", protocol=version, **({} if version == mqtt.MQTTv5 else {"clean_session": False}))
    device.heard = []
    device.on_message = lambda _client, _data, message: device.heard.append(message)
    options = {}
    if version == mqtt.MQTTv5:
        options = {"clean_start": False, "properties": Properties(PacketTypes.CONNECT)}
        options["properties"].SessionExpiryInterval = 3600
    ready = threading.Event()
    device.on_subscribe = lambda *_: ready.set()
    device.connect("127.0.0.1", broker.port, **options)
    device.loop_start()
    wait_for(device.is_connected, "the device's connection")
    device.subscribe("bench/away/commands/#", 1)
    assert ready.wait(40)
    return device


def leave(device):
    device.disconnect()
    device.loop_stop()


WITH_DEADLINE = {
    name: {"topic": "bench/{device}/commands/" + name, "payload": {"requestId": "{requestId}", "until": "{deadlineMilliseconds}"}, "deadlineSeconds": 2}
    for name in ("clear", "restart")
}


@pytest.mark.parametrize("version", ["3.1.1", "5", "auto"])
def test_command_says_how_long_it_is_wanted(make, broker, tmp_path, version):
    directory = profiles.write(tmp_path / "profiles", profiles.bench(commands=WITH_DEADLINE))
    make.gateway(broker, profiles=[str(directory)], mqtt={"version": version})
    device = persistent(broker, mqtt.MQTTv5)
    begun = now_ms()
    device.publish("bench/away/telemetry", json.dumps({"ts": now_ms(), "errors": ["jam"]}), 1)
    wait_for(lambda: len(device.heard) == 2, "both commands")
    for message in device.heard:
        assert message.retain is False and message.qos == 1
        # The gateway's clock is its own, and may lie beside the machine's.
        assert begun + 1000 <= json.loads(message.payload)["until"] <= now_ms() + 3000
        # Whole seconds of less than two, of which the broker takes what it kept the message.
        assert getattr(message.properties, "MessageExpiryInterval", None) in ([None] if version == "3.1.1" else [0, 1])
    leave(device)


@pytest.mark.parametrize("device_version", [mqtt.MQTTv311, mqtt.MQTTv5])
def test_broker_drops_a_command_whose_time_is_over(make, broker, client, tmp_path, device_version):
    directory = profiles.write(tmp_path / "profiles", profiles.bench(commands=WITH_DEADLINE))
    # The version is found out: where there is one, a command has an expiry without being asked for.
    gateway = make.gateway(broker, profiles=[str(directory)])
    leave(persistent(broker, device_version))
    client.publish("bench/away/telemetry", {"ts": now_ms(), "errors": ["jam"]})
    wait_for(lambda: gateway.api("tickets")["tickets"], "the ticket, when every deadline is over")
    assert [action["outcome"] for action in actions(gateway, "away")] == ["unanswered", "unanswered"]
    device = persistent(broker, device_version)
    # Messages of a session come before those that are published now.
    client.publish("bench/away/commands/marker", {})
    wait_for(lambda: device.heard, "the marker")
    assert [message.topic for message in device.heard] == ["bench/away/commands/marker"]
    leave(device)


def test_command_is_not_sent_to_a_device_that_is_away(make, broker, client, tmp_path):
    away = {"topic": "bench/{device}/state", "format": "text", "liveness": {"online": ["online"], "offline": ["offline"]}}
    directory = profiles.write(tmp_path / "profiles", profiles.bench(messages=[*profiles.BENCH["messages"], away], commands=WITH_DEADLINE))
    gateway = make.gateway(broker, profiles=[str(directory)], mqtt={"version": "3.1.1"})
    leave(persistent(broker, mqtt.MQTTv311))
    client.publish("bench/away/telemetry", {"ts": now_ms(), "errors": ["jam"]})
    client.publish("bench/away/state", "offline")
    [ticket] = wait_for(lambda: gateway.api("tickets")["tickets"], "the ticket")
    assert "restart was not sent: the device is away" in ticket["reason"]
    device = persistent(broker, mqtt.MQTTv311)
    client.publish("bench/away/commands/marker", {})
    wait_for(lambda: any("marker" in message.topic for message in device.heard), "the marker")
    assert [message.topic.split("/")[-1] for message in device.heard] == ["clear", "marker"]
    leave(device)


def test_late_answer_is_recorded_and_credited(make, broker, client, tmp_path):
    profile = profiles.bench(commands={name: {**command, "deadlineSeconds": 1} for name, command in WITH_DEADLINE.items()})
    profile["playbooks"]["clear"]["steps"] = [{"command": "clear", "verifySeconds": 60}, {"command": "restart", "verifySeconds": 60}]
    directory = profiles.write(tmp_path / "profiles", profile)
    gateway = make.gateway(broker, profiles=[str(directory)])
    client.subscribe("bench/+/commands/+")
    client.publish("bench/slow/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam"]})
    wait_for(lambda: gateway.api("tickets")["tickets"], "the ticket")
    first = json.loads(client.heard[0][1])["requestId"]
    client.publish("bench/slow/replies", {"requestId": first, "outcome": "ok"})
    client.publish("bench/slow/replies", {"requestId": "c-unknown", "outcome": "ok"})
    wait_for(lambda: actions(gateway, "slow")[0]["outcome"] == "answered-late", "the late answer")
    client.publish("bench/slow/telemetry", {"ts": now_ms(), "status": "idle", "errors": []})
    wait_for(lambda: actions(gateway, "slow")[0]["outcome"] == "verified", "the verification")
    assert gateway.api("status")["mended"] == 1
    assert gateway.device("slow")["incidents"][0]["remote"] is True
    assert gateway.api("tickets")["tickets"][0]["state"] == "recovered"
    outcomes = [entry["outcome"] for entry in gateway.api("journal?device=slow")["journal"] if entry["kind"] == "command.outcome"]
    assert "answered-late" in outcomes
    assert 'kind="unknown_replies"} 1' in gateway.request("/metrics")[2].decode()
