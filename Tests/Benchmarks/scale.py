#!/usr/bin/env python3
"""Times and memory at many devices: fill, snapshot, reload of the profiles, stop, start, and start after a kill.

    scale.py [--steward .build/release/steward] [--devices 20000] [--messages 3] [--reloads 4] [--limit-mebibytes 0]

A private mosquitto and `steward run`. Each device tells nine metrics and two supplies. With --limit-mebibytes the gateway runs under that
RLIMIT_DATA, as a unit with less memory would. Prints figures and asserts nothing. Needs paho-mqtt and mosquitto.
"""
import argparse, json, pathlib, resource, signal, socket, subprocess, tempfile, time, urllib.request
import paho.mqtt.client as mqtt

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Gateway:
    def __init__(self, options, work, broker_port):
        self.options, self.work, self.port, self.process = options, work, free_port(), None
        (work / "steward.json").write_text(json.dumps({
            "gateway": {"id": "scale"}, "mqtt": {"host": "127.0.0.1", "port": broker_port}, "store": {"path": str(work / "s.db")},
            "profiles": [str(ROOT / "DeviceProfiles")], "http": {"listen": f"127.0.0.1:{self.port}"},
            "limits": {"devices": max(20000, options.devices)}}))

    def start(self):
        limit = self.options.limit_mebibytes << 20
        bound = (lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))) if limit else None
        began = time.monotonic()
        with open(self.work / "steward.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.options.steward, "run", "--config", str(self.work / "steward.json")], stdout=log, stderr=log, preexec_fn=bound)
        self.wait(lambda: self.get("/readyz") is not None, "readiness")
        return time.monotonic() - began

    def get(self, path, data=None):
        headers = {"Content-Type": "application/json"}
        token = self.work / "operator.token"
        if token.exists():
            headers["Authorization"] = "Bearer " + token.read_text().strip()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def metric(self, name):
        return sum(float(line.split()[1]) for line in (self.get("/metrics") or "").splitlines() if line.startswith(name + " "))

    def wait(self, condition, what, seconds=300):
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise SystemExit(f"the gateway ended with {self.process.returncode}: {(self.work / 'steward.log').read_text()[-2000:]}")
            if time.monotonic() > deadline:
                raise SystemExit(f"{what} did not happen in {seconds} s")
            time.sleep(0.05)

    def memory(self, name):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(name):
                return int(line.split()[1]) / 1024

    def end(self, number):
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(300)
        return time.monotonic() - began


def publish(port, devices, rounds):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "scale-fleet")
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    last = None
    for number in range(rounds):
        for index in range(devices):
            now = int(time.time() * 1000)
            last = client.publish(f"devices/d{index}/telemetry", json.dumps({
                "ts": now, "status": "idle", "pageCount": 1000 + number, "supplies": {"black": 43 - number, "cyan": 70}, "fuserTemp": 180 + number,
                "bearingTemp": 40, "humidity": 30 + number, "voltage": 230.5, "current": 1.25, "errors": []}), 1)
        last.wait_for_publish(300)
    client.loop_stop()
    client.disconnect()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--steward", default=str(ROOT / ".build/release/steward"))
    a.add_argument("--devices", type=int, default=20000)
    a.add_argument("--messages", type=int, default=3)
    a.add_argument("--reloads", type=int, default=4)
    a.add_argument("--limit-mebibytes", type=int, default=0)
    o = a.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        port = free_port()
        (work / "broker.conf").write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\npersistence false\n")
        broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(work / "broker.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        gateway = Gateway(o, work, port)
        try:
            gateway.start()
            publish(port, o.devices, o.messages)
            gateway.wait(lambda: gateway.metric("steward_messages_processed_total") >= o.devices * o.messages, "the messages' decision")
            print(f"{o.devices} devices: at rest {gateway.memory('VmRSS'):.0f} MiB, peak so far {gateway.memory('VmHWM'):.0f} MiB")
            for number in range(o.reloads):
                snapshots, began = gateway.metric("steward_snapshots_total"), time.monotonic()
                answer = gateway.get("/api/v1/profiles/reload", b"{}")
                took = time.monotonic() - began
                gateway.wait(lambda: gateway.metric("steward_snapshots_total") > snapshots, "the snapshot after it")
                print(f"reload {number + 1}: {took:.1f} s{'' if answer else ' (not answered)'}, snapshot after {time.monotonic() - began:.1f} s, "
                      f"rest {gateway.memory('VmRSS'):.0f} MiB, peak {gateway.memory('VmHWM'):.0f} MiB")
            print(f"stop: {gateway.end(signal.SIGTERM):.2f} s")
            print(f"start: {gateway.start():.1f} s to ready, peak {gateway.memory('VmHWM'):.0f} MiB")
            publish(port, o.devices, 1)
            gateway.end(signal.SIGKILL)
            print(f"start after a kill: {gateway.start():.1f} s to ready, peak {gateway.memory('VmHWM'):.0f} MiB")
        finally:
            if gateway.process and gateway.process.poll() is None:
                gateway.end(signal.SIGTERM)
            broker.terminate()
            broker.wait()


main()
