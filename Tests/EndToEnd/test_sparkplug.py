"""Sparkplug B against a real broker: the host's STATE and its will, births, data by alias, a rebirth request, a command, a death."""

import json
import signal
import struct

import paho.mqtt.client as mqtt
import pytest
from conftest import now_ms, wait_for

PROFILE = """{
  profile: "oven",
  messages: [{ format: "sparkplug", topic: "spBv1.0/+/+/+" }, { format: "sparkplug", topic: "spBv1.0/+/+/+/+" }],
  metrics: { temp: { pointer: "/Oven/Temp", unit: "Cel" } },
  faults: { hot: { severity: "major", text: "Too hot", raise: { metric: "temp", above: 90 }, playbook: "cool" } },
  commands: { fan: { format: "sparkplug", payload: { "Oven/Fan": true } } },
  playbooks: { cool: { steps: [{ command: "fan", verifySeconds: 60 }] } },
}
"""
DOUBLE, BOOLEAN, INT64 = 10, 11, 4


# A payload as the protobuf definition of Sparkplug B says, written here once more so that no error of the reader is repeated.


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def counted(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def metric(name=None, alias=None, datatype=None, value=None):
    out = counted(1, name.encode()) if name else b""
    if alias is not None:
        out += varint(2 << 3) + varint(alias)
    if datatype is not None:
        out += varint(4 << 3) + varint(datatype)
    if isinstance(value, bool):
        out += varint(14 << 3) + varint(value)
    elif isinstance(value, float):
        out += varint(13 << 3 | 1) + struct.pack("<d", value)
    else:
        out += varint(11 << 3) + varint(value)
    return out


def payload(seq, *metrics, time=None):
    out = varint(1 << 3) + varint(time or now_ms()) + b"".join(counted(2, one) for one in metrics)
    return out + (varint(3 << 3) + varint(seq) if seq is not None else b"")


class Node:
    """An edge node with one device."""

    def __init__(self, port):
        self.heard = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="edge", clean_session=True)
        self.client.will_set("spBv1.0/plant/NDEATH/cell", payload(None, metric("bdSeq", None, INT64, 7)), qos=1)
        self.client.on_message = lambda _, __, message: self.heard.append((message.topic, message.payload, message.retain))
        self.client.connect("127.0.0.1", port)
        self.client.subscribe([("spBv1.0/plant/NCMD/cell", 1), ("spBv1.0/plant/DCMD/cell/+", 1), ("spBv1.0/STATE/+", 1)])
        self.client.loop_start()

    def send(self, kind, body, device=""):
        self.client.publish(f"spBv1.0/plant/{kind}/cell" + (f"/{device}" if device else ""), body, qos=0).wait_for_publish(10)

    def birth(self):
        self.send("NBIRTH", payload(0, metric("bdSeq", None, INT64, 7)))
        self.send(
            "DBIRTH", payload(1, metric("Oven/Temp", 1, DOUBLE, 20.5), metric("Oven/Fan", 2, BOOLEAN, False)), "oven")

    def states(self):
        return [json.loads(body) for topic, body, _ in self.heard if topic == "spBv1.0/STATE/site-7"]

    def drop(self):
        """Ends the connection without DISCONNECT, so that the broker publishes the will."""
        self.client.loop_stop()
        self.client.socket().close()


@pytest.fixture
def site(make, broker, tmp_path):
    (tmp_path / "oven.json").write_text(PROFILE)
    node = Node(broker.port)
    connection = {"host": "127.0.0.1", "port": broker.port, "sparkplugHostId": "site-7"}
    yield make.gateway(broker, profiles=[str(tmp_path / "oven.json")], mqtt=connection), node
    node.client.disconnect()
    node.client.loop_stop()


def temperature(gateway):
    return gateway.device("plant%2Fcell%2Foven")["metrics"]["temp"]


def test_a_node_lives_is_commanded_and_dies(site):
    gateway, node = site
    wait_for(lambda: node.states()[-1]["online"], "the host's STATE")
    node.birth()
    wait_for(lambda: temperature(gateway) == 20.5, "the birth")
    node.send("DDATA", payload(2, metric(alias=1, datatype=DOUBLE, value=95.25)), "oven")
    wait_for(lambda: temperature(gateway) == 95.25, "the value by alias")
    [(_, command, retained)] = wait_for(lambda: [m for m in node.heard if m[0] == "spBv1.0/plant/DCMD/cell/oven"], "the command")
    assert not retained
    assert counted(2, b"")[:1] in command and varint(2 << 3) + varint(2) in command, "by the alias of the birth"
    node.send("DDATA", payload(3, metric(alias=1, datatype=DOUBLE, value=60.0)), "oven")
    wait_for(lambda: gateway.api("actions")["actions"][0]["outcome"] == "verified", "the verification")
    node.drop()
    wait_for(lambda: "silent" in gateway.device("plant%2Fcell%2Foven")["alarms"], "the death")
    assert temperature(gateway) is None, "every metric is stale"
    assert gateway.dead_letters() == []


def test_data_without_a_birth_asks_for_one(site):
    gateway, node = site
    wait_for(lambda: node.states(), "the host's STATE")
    node.send("DDATA", payload(9, metric(alias=1, datatype=DOUBLE, value=1.5)), "oven")
    [(_, request, _)] = wait_for(lambda: [m for m in node.heard if m[0] == "spBv1.0/plant/NCMD/cell"], "the request")
    assert b"Node Control/Rebirth" in request
    node.birth()
    wait_for(lambda: temperature(gateway) == 20.5, "the birth")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_state_says_offline_with_the_time_of_the_birth(site, number):
    gateway, node = site
    wait_for(lambda: node.states()[-1]["online"], "the host's STATE")
    born = node.states()[-1]["timestamp"]
    gateway.stop(number)
    wait_for(lambda: not node.states()[-1]["online"], "the last word")
    assert node.states()[-1]["timestamp"] == born


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_both_forms_of_the_state_come_and_go(make, broker, tmp_path, number):
    """A node of Sparkplug 2.2 waits for the word at STATE/NAME; each form has a last will of its own."""
    (tmp_path / "oven.json").write_text(PROFILE)
    heard = []
    old = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="edge-22", clean_session=True)
    old.on_message = lambda _, __, message: heard.append((message.topic, message.payload, message.retain))
    old.connect("127.0.0.1", broker.port)
    old.subscribe([("STATE/site-7", 1), ("spBv1.0/STATE/site-7", 1)])
    old.loop_start()
    connection = {"host": "127.0.0.1", "port": broker.port, "sparkplugHostId": "site-7", "sparkplugStates": ["3.0", "2.2"]}
    gateway = make.gateway(broker, profiles=[str(tmp_path / "oven.json")], mqtt=connection)

    def last(topic):
        return next((body for heard_topic, body, _ in reversed(heard) if heard_topic == topic), None)

    try:
        wait_for(lambda: last("STATE/site-7") == b"ONLINE", "the word of 2.2")
        wait_for(lambda: json.loads(last("spBv1.0/STATE/site-7") or b"{}").get("online"), "the text of 3.0")
        late = []
        other = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="edge-late", clean_session=True)
        other.on_message = lambda _, __, message: late.append((message.payload, message.retain))
        other.connect("127.0.0.1", broker.port)
        other.subscribe("STATE/site-7", 1)
        other.loop_start()
        wait_for(lambda: late, "the retained word")
        other.disconnect()
        other.loop_stop()
        assert late[0] == (b"ONLINE", True)
        gateway.stop(number)
        wait_for(lambda: last("STATE/site-7") == b"OFFLINE", "the last word of 2.2")
        wait_for(lambda: not json.loads(last("spBv1.0/STATE/site-7"))["online"], "the last word of 3.0")
    finally:
        old.disconnect()
        old.loop_stop()
