"""thingsboard-gateway with its MQTT connector: devices that know nothing of ThingsBoard, told in ThingsBoard's words.

It publishes what it calls attributes, without a time, and milliseconds later the telemetry, with the earlier time at which it had read both.
"""

import json
import os

import pytest
from conftest import PROFILES, now_ms, wait_for
from programs import Program, installed

LIMITS_QUESTION = "v1/devices/me/rpc/request/+"
# What a site adds to the shipped profile, which cannot know a bound.
FAULT = """  faults: {
    "force-high": { severity: "major", text: "The press pushes too hard", raise: { metric: "force", above: 100 }, clear: { metric: "force", below: 90 } },
  },
  metrics: {"""


def gateway_configuration(broker):
    return {
        "thingsboard": {
            "host": "127.0.0.1", "port": broker.port, "qos": 1, "minPackSendDelayMS": 50, "minPackSizeToSend": 500,
            "security": {"type": "accessToken", "accessToken": "test"}, "remoteShell": False, "remoteConfiguration": False,
            "statistics": {"enable": False}, "deviceFiltering": {"enable": False}, "checkingDeviceActivity": {"checkDeviceInactivity": False},
        },
        "storage": {"type": "memory", "read_records_count": 100, "max_records_count": 10_000},
        "grpc": {"enabled": False},
        "connectors": [{"name": "presses", "type": "mqtt", "configuration": "presses.json"}],
    }


def connector_configuration(broker):
    converter = {
        "type": "json", "sendDataOnlyOnChange": False, "timeout": 60_000,
        "deviceInfo": {
            "deviceNameExpressionSource": "topic", "deviceNameExpression": "press/([^/]+)/data",
            "deviceProfileExpressionSource": "constant", "deviceProfileExpression": "press",
        },
        "attributes": [{"type": "string", "key": "firmware", "value": "${firmware}"}],
        "timeseries": [{"type": "double", "key": "force", "value": "${force}"}, {"type": "string", "key": "guard", "value": "${guard}"}],
    }
    return {
        "broker": {
            "host": "127.0.0.1", "port": broker.port, "clientId": "presses", "version": 5, "security": {"type": "anonymous"},
            "maxMessageNumberPerWorker": 10, "maxNumberOfWorkers": 1, "sendDataOnlyOnChange": False,
        },
        "mapping": [{"topicFilter": "press/+/data", "subscriptionQos": 1, "converter": converter}],
        "requestsMapping": {},
    }


LOGGING = {
    "version": 1,
    "formatters": {"LogFormatter": {"class": "logging.Formatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"consoleHandler": {"class": "logging.StreamHandler", "formatter": "LogFormatter", "level": 0, "stream": "ext://sys.stdout"}},
    "loggers": {},
    "root": {"level": "INFO", "handlers": ["consoleHandler"]},
}


@pytest.fixture
def gateway(make, broker, tmp_path):
    shipped = (PROFILES / "thingsboard/thingsboard.json").read_text()
    assert shipped.count("  metrics: {") == 1
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "thingsboard.json").write_text(shipped.replace("  metrics: {", FAULT))
    return make.gateway(broker, profiles=[str(profiles), str(PROFILES / "steward-native")])


@pytest.fixture
def thingsboard_gateway(make, gateway, broker, tmp_path):
    directory = tmp_path / "thingsboard"
    (directory / "logs").mkdir(parents=True)
    for name, content in [
        ("tb_gateway", gateway_configuration(broker)), ("presses", connector_configuration(broker)), ("logs", LOGGING),
    ]:
        (directory / f"{name}.json").write_text(json.dumps(content))

    # It sends nothing until ThingsBoard has told its limits.
    platform = make.client(broker)
    limits = json.dumps({"rateLimits": {}, "maxInflightMessages": 100, "maxPayloadSize": 65_536})
    platform.on_command = lambda topic, _: platform.client.publish(topic.replace("request", "response"), limits, qos=1)
    platform.subscribe(LIMITS_QUESTION)
    program = Program(
        directory / "output.log", installed("thingsboard-gateway", "thingsboard-gateway"), cwd=directory,
        env={**os.environ, "TB_GW_CONFIG_DIR": str(directory)})
    try:
        wait_for(lambda: program.alive() and b"subscription success" in program.log_path.read_bytes(), f"its start ({program.log_path})", 90)
        yield program
    finally:
        program.stop()


def test_telemetry_beside_attributes(gateway, client, thingsboard_gateway):
    begin = now_ms()
    forces = [12.5 + number for number in range(5)]
    for number, force in enumerate(forces):
        client.publish("press/p4/data", {"firmware": f"1.0.{number}", "force": force, "guard": "closed"})
        wait_for(lambda: gateway.device("p4")["metrics"]["firmware"] == f"1.0.{number}", "the attributes")
        wait_for(lambda: gateway.device("p4")["metrics"]["force"] == force, "the telemetry")
    client.publish("press/p5/data", {"firmware": "2.0", "force": 7, "guard": "open"})
    wait_for(lambda: gateway.device("p5")["metrics"]["force"] == 7, "the other device")

    metrics = gateway.device("p4")["metrics"]
    expected = {"force": forces[-1], "guard": "closed", "firmware": "1.0.4", "deviceType": "press", "connectorName": "presses"}
    assert {name: metrics.get(name) for name in expected} == expected
    samples = gateway.api(f"devices/p4/history/force?from={begin}")["samples"]
    assert [value for _, value in samples] == forces
    assert gateway.api("alarms")["alarms"] == []

    client.publish("press/p4/data", {"firmware": "1.0.5", "force": 120, "guard": "closed"})
    wait_for(lambda: gateway.device("p4")["alarms"] == ["force-high"], "the alarm")
    [alarm] = gateway.api("alarms")["alarms"]
    assert (alarm["severity"], alarm["late"]) == ("major", False)
    wait_for(lambda: [ticket["device"] for ticket in gateway.api("tickets")["tickets"]] == ["p4"], "the ticket")
    client.publish("press/p4/data", {"firmware": "1.0.6", "force": 50, "guard": "closed"})
    wait_for(lambda: gateway.device("p4")["alarms"] == [], "the alarm's end")
    gateway.settled(client)
    assert gateway.metric("steward_late_messages_total") == 0
    assert gateway.dead_letters() == []
