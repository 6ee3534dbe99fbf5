#!/usr/bin/env bash
# tahu 0.1.2 and mqtt-spb-wrapper 2.1.2 (Sparkplug B edge nodes in Python): the birth of a node has another bdSeq than its last will.
#
# What one would expect: the will of a connection and the birth published on it have the same `bdSeq`; that is what the number is for
# (Sparkplug 3.0, tck-id-message-flow-edge-node-birth-publish-nbirth-payload-bdSeq). A host drops a death with another one as belonging to an
# older connection.
# What is seen: the will has 0 and the birth has 1. Both libraries count up when the will is made and write `--bdSeq` for the birth, which in C,
# from where it was carried over, means "one less", and in Python is two minus signs.
# Why it matters: whoever follows the specification to the letter shows such a node as alive for ever after its power is cut.
#
# Installs pinned packages into a temporary folder. Fails when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv broker
broker/bin/pip install -q --disable-pip-version-check amqtt==0.11.2
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check mqtt-spb-wrapper==2.1.2
venv/bin/pip install -q --disable-pip-version-check --no-deps --target tahu-0.1.2 tahu==0.1.2
cat > helper.py <<'P'
import sys
sys.path.insert(0, "tahu-0.1.2")
from tahu import sparkplug_b

# In the order in which its comments ask for them.
will, birth = sparkplug_b.getNodeDeathPayload(), sparkplug_b.getNodeBirthPayload()
numbers = [next(metric.long_value for metric in payload.metrics if metric.name == "bdSeq") for payload in (will, birth)]
print("tahu 0.1.2: will %d, birth %d" % tuple(numbers))
sys.exit(numbers != [0, 1])
P
cat > node.py <<'P'
import os, signal, sys, time
from mqtt_spb_wrapper import MqttSpbEntityEdgeNode

node = MqttSpbEntityEdgeNode("plant", "cell")
node.data.set_value("speed", 1.5)
node.connect("127.0.0.1", int(sys.argv[1]))
deadline = time.monotonic() + 20
while not node.is_connected() and time.monotonic() < deadline:
    time.sleep(0.05)
node.publish_birth()
time.sleep(60)
P
cat > watch.py <<'P'
import queue, socket, subprocess, sys, time
import paho.mqtt.client as mqtt
from mqtt_spb_wrapper.spb_protobuf.sparkplug_b import Payload

def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

broker = port()
open("broker.yaml", "w").write(f"""
listeners:
  default:
    type: tcp
    bind: 127.0.0.1:{broker}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: true
""")
server = subprocess.Popen(["broker/bin/amqtt", "-c", "broker.yaml"], stdout=open("log", "w"), stderr=subprocess.STDOUT)
node = None
try:
    seen, subscribed = queue.Queue(), queue.Queue()

    def message(client, data, message):
        payload = Payload()
        payload.ParseFromString(message.payload)
        number = [metric.long_value for metric in payload.metrics if metric.name == "bdSeq"]
        seen.put((message.topic.split("/")[2], number))

    client = mqtt.Client("watch")
    client.on_connect = lambda client, *_: client.subscribe("spBv1.0/plant/#", 1)
    client.on_subscribe = lambda *_: subscribed.put(True)
    client.on_message = message
    for attempt in range(300):
        try:
            client.connect("127.0.0.1", broker)
            break
        except OSError:
            time.sleep(0.1)
    client.loop_start()
    subscribed.get(timeout=20)
    node = subprocess.Popen([sys.executable, "node.py", str(broker)], stdout=subprocess.DEVNULL)
    birth = seen.get(timeout=30)
    # The power is cut: the broker publishes the will.
    node.kill()
    death = seen.get(timeout=30)
    print("mqtt-spb-wrapper 2.1.2:", birth, death)
    sys.exit((birth, death) != (("NBIRTH", [1]), ("NDEATH", [0])))
finally:
    if node:
        node.kill()
        node.wait()
    server.kill()
    server.wait()
P
venv/bin/python helper.py
venv/bin/python watch.py
# Output seen:
# tahu 0.1.2: will 0, birth 1
# mqtt-spb-wrapper 2.1.2: ('NBIRTH', [1]) ('NDEATH', [0])
