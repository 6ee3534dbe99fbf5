#!/usr/bin/env python3
"""Publish-to-command latency under load: median, 95th and 99th percentile, and maximum in milliseconds.

    latency.py [--steward .build/release/steward] [--rate 5000] [--probes 800] [--interval 0.025] [--dead-deliveries 1000]

A private mosquitto, `steward run`, and `steward-tools simulate` as the load. A probe publishes a jam of a device of its own and waits for the
command that the gateway sends for it: two commits lie in between (the message, then the decision). With --dead-deliveries so many tickets
wait meanwhile for a desk that takes connections and never answers. Needs paho-mqtt and mosquitto.
"""
import argparse, json, os, pathlib, signal, socket, subprocess, tempfile, threading, time, urllib.request
import paho.mqtt.client as mqtt


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def main():
    here = pathlib.Path(__file__).resolve().parents[2]
    a = argparse.ArgumentParser()
    a.add_argument("--steward", default=str(here / ".build/release/steward"))
    a.add_argument("--rate", type=int, default=5000)
    a.add_argument("--probes", type=int, default=800)
    a.add_argument("--interval", type=float, default=0.025)
    a.add_argument("--dead-deliveries", type=int, default=0)
    o = a.parse_args()
    broker_port, http_port, children = free_port(), free_port(), []
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        (work / "broker.conf").write_text(
            f"listener {broker_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\n"
            "set_tcp_nodelay true\npersistence false\n")
        profiles = work / "profiles"
        profiles.mkdir()
        (profiles / "smoke.json").write_text(json.dumps({
            "profile": "smoke", "messages": [{"topic": "smoke/{device}", "format": "json"}], "metrics": {},
            "alerts": [{"pointer": "/errors", "severity": "major", "codes": {"smoke": {"text": "Smoke"}}}]}))
        desk = socket.create_server(("127.0.0.1", 0))
        (work / "steward.json").write_text(json.dumps({
            "gateway": {"id": "latency"}, "mqtt": {"host": "127.0.0.1", "port": broker_port}, "store": {"path": str(work / "s.db")},
            "profiles": [str(here / "DeviceProfiles"), str(profiles)], "http": {"listen": f"127.0.0.1:{http_port}"},
            "tickets": {"url": f"http://127.0.0.1:{desk.getsockname()[1]}/"}}))
        try:
            quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            children.append(subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(work / "broker.conf")], **quiet))
            children.append(subprocess.Popen([o.steward, "run", "--config", str(work / "steward.json")], **quiet))
            wait_until_ready(http_port)
            children.append(subprocess.Popen(
                [o.steward, "simulate", "--broker", f"127.0.0.1:{broker_port}", "--devices", str(o.rate), "--report-seconds", "1",
                 "--history-days", "0", "--faults-per-hour", "0", "--supplier-listen", "127.0.0.1:0"], **quiet))
            if o.dead_deliveries:
                flood_desk(broker_port, http_port, o.dead_deliveries)
            time.sleep(3)
            before, begin = processed(http_port), time.monotonic()
            latencies = probe(broker_port, o.probes, o.interval)
            rate = (processed(http_port) - before) / (time.monotonic() - begin)
            report(latencies, o.probes, rate)
            if o.dead_deliveries:
                print(f"deliveries that wait: {metric(http_port, 'steward_outbox_open'):.0f}")
        finally:
            for child in reversed(children):
                child.send_signal(signal.SIGTERM)
                child.wait(10)


def wait_until_ready(port):
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1)
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the gateway was not ready after 10 s")


def processed(port):
    return metric(port, "steward_messages_processed_total")


def metric(port, name):
    body = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    return sum(float(line.split()[1]) for line in body.splitlines() if line.startswith(name + " "))


def flood_desk(port, http_port, count):
    """One ticket for each of so many devices; returns when all wait in the outbox."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "latency-smoke")
    client.connect("127.0.0.1", port)
    client.loop_start()
    for index in range(count):
        client.publish(f"smoke/s{index}", '{"errors":["smoke"]}', 1)
    while metric(http_port, "steward_outbox_open") < count - 1:
        time.sleep(0.1)
    client.loop_stop()
    client.disconnect()


def probe(port, count, interval):
    sent, latencies, done = {}, [], threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "latency-probe")
    subscribed = threading.Event()

    def on_message(_, __, message):
        began = sent.pop(message.topic.split("/")[1], None)
        if began is not None:
            latencies.append((time.perf_counter() - began) * 1000)
            if len(latencies) == count:
                done.set()

    client.on_message = on_message
    # The probe's own packets must not wait for one another: it measures the gateway.
    client.on_socket_open = lambda _, __, s: s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.subscribe("devices/+/commands/clear-jam", 1)
    client.loop_start()
    subscribed.wait(5)
    for index in range(count):
        name = f"probe-{os.getpid()}-{index}"
        body = json.dumps({"ts": int(time.time() * 1000), "status": "error", "errors": ["jam"]})
        sent[name] = time.perf_counter()
        client.publish(f"devices/{name}/telemetry", body, 1)
        time.sleep(interval)
    done.wait(10)
    client.loop_stop()
    client.disconnect()
    return sorted(latencies)


def report(latencies, count, rate):
    if not latencies:
        raise SystemExit("no command came back")
    at = lambda share: latencies[min(len(latencies) - 1, int(share * len(latencies)))]
    print(f"publish to command at {rate:.0f} messages/s: median {at(0.5):.2f} ms, p95 {at(0.95):.2f} ms, p99 {at(0.99):.2f} ms, "
          f"maximum {latencies[-1]:.2f} ms ({len(latencies)} of {count} commands)")


main()
