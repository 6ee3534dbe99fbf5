"""Queues at the broker after an outage of the gateway, and clocks of devices that are wrong, as a person would meet them."""

import time

import pytest
from conftest import now_ms, wait_for

# A press that says only what changes, and not when.
PRESS = """{
  profile: "press",
  messages: [{ topic: "presses/{device}" }],
  metrics: { state: { pointer: "/state", kind: "state", states: ["runs", "stands"] } },
  status: { metric: "state", productive: ["runs"], unscheduledDowntime: ["stands"] },
  replies: [{ topic: "presses/{device}/answer", requestId: "/id" }],
  faults: {
    often: { severity: "major", text: "It stops often", raise: { count: { metric: "state", enters: "stands" }, atLeast: 3, withinSeconds: 60 }, playbook: "go" },
    stands: { severity: "major", text: "It stands", raise: { metric: "state", equals: "stands" }, playbook: "go" },
  },
  commands: { go: { topic: "presses/{device}/do", payload: { id: "{requestId}" } } },
  playbooks: { go: { steps: [{ command: "go" }] } },
}"""


@pytest.fixture
def pressed(make, broker, tmp_path):
    (tmp_path / "press.json").write_text(PRESS)
    return make.gateway(broker, profiles=[str(tmp_path / "press.json")])


def test_what_was_over_before_the_gateway_came_back_sends_nothing(pressed, client):
    client.subscribe("presses/+/do")
    client.publish("presses/p", {"state": "runs"})
    wait_for(lambda: pressed.device("p"), "the press")
    assert pressed.stop() == 0
    for _ in range(4):
        client.publish("presses/p", {"state": "stands"})
        client.publish("presses/p", {"state": "runs"})
    pressed.start()
    wait_for(lambda: pressed.metric("steward_backlog_messages_total") == 8, "the queue")
    wait_for(lambda: pressed.device("p")["messages"] == 9, "its end")
    time_before = now_ms()
    assert client.heard == [] and pressed.device("p")["incidents"] == []
    assert pressed.api("alarms?all=true")["alarms"] == []

    def helped():
        client.publish("presses/p", {"state": "stands"})
        return client.heard

    wait_for(helped, "the command for the stop of now")
    incidents = pressed.device("p")["incidents"]
    assert len(incidents) == 1 and incidents[0]["onset"] >= time_before - 1000


def test_a_slow_and_a_fast_clock_are_told_and_served(gateway, client):
    client.respond()
    client.publish("devices/fast/telemetry", {"ts": now_ms() + 3 * 3_600_000, "status": "idle", "errors": []})
    for _ in range(4):
        client.publish("devices/slow/telemetry", {"ts": now_ms() - 11 * 60_000, "status": "error", "errors": ["jam"]})
        client.publish("devices/fast/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam"]})
        # The pace at which the slow one speaks is what shows that its clock is slow.
        time.sleep(0.6)
    wait_for(lambda: {topic.split("/")[1] for topic, _ in client.heard} >= {"slow", "fast"}, "a command for each")
    assert gateway.device("slow")["clock"]["text"].startswith("is 11 min slow")
    assert "clock" not in gateway.device("fast")
    assert "11 min slow" in gateway.cli("device", "slow").stdout
    assert "Its clock is 11 min slow" in gateway.cli("explain", "slow").stdout
    assert gateway.api("status")["devices"]["wrongClocks"] == 1
    assert gateway.metric("steward_devices_wrong_clock") == 1
