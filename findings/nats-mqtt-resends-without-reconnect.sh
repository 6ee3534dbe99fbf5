#!/usr/bin/env bash
# nats-server 2.9.10 as an MQTT 3.1.1 broker sends an unacknowledged QoS 1 message again on the connection that still stands.
#
# What one would expect: a broker sends again after a reconnect of a kept session, and at no other time. mosquitto does so, MQTT 5 demands it
# (section 4.4), and a client that recognises repeats usually looks for them after a connect only.
# What is seen: after `ack_wait` the same packet identifier comes once more on the same connection, with DUP set, and again after each further
# `ack_wait`, for as long as there is no PUBACK.
# Why it matters here: a gateway that acknowledges after its commit may hold a message for long (full disk, back-pressure), and takes it twice.
#
# Installs pinned packages into a temporary folder. Fails when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq nats-server=2.9.10-1+b3
dpkg -x nats-server_*.deb nats
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check paho-mqtt==2.1.0
cat > resend.py <<'P'
import socket, subprocess, sys, time
import paho.mqtt.client as mqtt

def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

native, broker = port(), port()
open("nats.conf", "w").write(f'''
server_name: finding
listen: 127.0.0.1:{native}
jetstream {{ store_dir: "{sys.argv[1]}/js" }}
mqtt {{ listen: 127.0.0.1:{broker}, ack_wait: "1s" }}
''')
log = open("nats.log", "w")
server = subprocess.Popen([f"{sys.argv[1]}/nats/usr/sbin/nats-server", "-c", "nats.conf"], stdout=log, stderr=log)
try:
    def connected(name, clean):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, clean_session=clean, manual_ack=True)
        client.connects = 0
        client.on_connect = lambda c, *_: setattr(c, "connects", c.connects + 1)
        for _ in range(200):
            try:
                client.connect("127.0.0.1", broker)
                break
            except OSError:
                time.sleep(0.05)
        client.loop_start()
        return client

    seen, subscribed = [], []
    reader = connected("reader", False)
    reader.on_message = lambda c, _, m: seen.append((c.connects, m.mid, bool(m.dup), m.payload))
    reader.on_subscribe = lambda *_: subscribed.append(True)
    reader.subscribe("a/b", 1)
    deadline = time.monotonic() + 20
    while not subscribed and time.monotonic() < deadline:
        time.sleep(0.02)
    writer = connected("writer", True)
    writer.publish("a/b", b"once", 1).wait_for_publish(10)
    while len(seen) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    for connection, mid, dup, payload in seen[:3]:
        print(f"connection {connection}, packet id {mid}, DUP {int(dup)}, {payload.decode()}")
    assert [(c, d) for c, _, d, _ in seen[:3]] == [(1, False), (1, True), (1, True)], seen
    assert len({mid for _, mid, _, _ in seen[:3]}) == 1, seen
    reader.ack(seen[0][1], 1)
    reader.disconnect()
    writer.disconnect()
finally:
    server.terminate()
    server.wait()
P
venv/bin/python resend.py "$work" | tee output
# The output of the run that this was written from:
diff output - <<'EXPECTED'
connection 1, packet id 1, DUP 0, once
connection 1, packet id 1, DUP 1, once
connection 1, packet id 1, DUP 1, once
EXPECTED
echo "as described: nats-server 2.9.10 sends again on the same connection"
