#!/usr/bin/env python3
"""What questions cost the work: messages committed and processed per second, quiet and while loops ask anything at many devices.

    questions.py [--steward .build/release/steward] [--devices 20000] [--report-seconds 2] [--loops 8] [--per-second 200] [--seconds 10] [--pairs 3]

A private mosquitto, `steward run`, and `steward-tools simulate` as the load. Windows without and with loops alternate. The loops are processes
of their own with nice 19, so that on a small machine they take no time from the broker and the load themselves: what is seen is what
the gateway does for them. Without --per-second they ask as fast as they are answered. They ask everything, the costly questions with the operator's token. Also printed: the longest time between
two words to systemd's watchdog (asked for every 5 s), and how soon a question is answered when the loops have ended.
"""
import argparse, json, os, pathlib, signal, socket, statistics, subprocess, sys, tempfile, threading, time, urllib.request

PATHS = ["/api/v1/digest", "/api/v1/devices?limit=10000", "/", "/api/v1/devices?limit=1000", "/api/v1/alarms?all=true&limit=10000",
         "/metrics", "/api/v1/status", "/api/v1/actions?limit=1000"]
ASKER = """
import itertools, os, sys, time, urllib.request
os.nice(19)
url, token, pause, paths = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:]
next_time = time.monotonic()
for path in itertools.cycle(paths):
    next_time += pause
    time.sleep(max(0, next_time - time.monotonic()))
    try:
        urllib.request.urlopen(urllib.request.Request(url + path, headers={"Authorization": "Bearer " + token}), timeout=20).read()
        os.write(1, b"a")
    except OSError:
        os.write(1, b"r")
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Watchdog:
    """Takes the place of systemd and notes the longest silence."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.last, self.longest = None, 0.0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            if b"WATCHDOG=1" in self.socket.recv(4096):
                now = time.monotonic()
                if self.last:
                    self.longest = max(self.longest, now - self.last)
                self.last = now


class Meter:
    def __init__(self, url, store):
        self.url, self.store = url, store

    def figures(self):
        for _ in range(100):
            try:
                text = urllib.request.urlopen(self.url + "/metrics", timeout=20).read().decode()
                found = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
                return [float(found[f"steward_{name}_total"]) for name in ("messages_committed", "messages_processed", "batches")]
            except OSError:
                time.sleep(0.05)
        raise SystemExit("no metrics")

    def rates(self, seconds):
        before, began = self.figures(), time.monotonic()
        time.sleep(seconds)
        after, took = self.figures(), time.monotonic() - began
        return [(b - a) / took for a, b in zip(before, after)]


def main():
    here = pathlib.Path(__file__).resolve().parents[2]
    a = argparse.ArgumentParser()
    a.add_argument("--steward", default=str(here / ".build/release/steward"))
    a.add_argument("--devices", type=int, default=20_000)
    a.add_argument("--report-seconds", type=float, default=2)
    a.add_argument("--loops", type=int, default=8)
    a.add_argument("--per-second", type=float, default=0, help="questions of all loops together; 0: as many as are answered")
    a.add_argument("--seconds", type=float, default=10)
    a.add_argument("--pairs", type=int, default=3)
    o = a.parse_args()
    broker_port, http_port, children = free_port(), free_port(), []
    url = f"http://127.0.0.1:{http_port}"
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        (work / "broker.conf").write_text(
            f"listener {broker_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\n"
            "set_tcp_nodelay true\npersistence false\n")
        (work / "steward.json").write_text(json.dumps({
            "gateway": {"id": "questions"}, "mqtt": {"host": "127.0.0.1", "port": broker_port}, "store": {"path": str(work / "s.db")},
            "profiles": [str(here / "DeviceProfiles")], "http": {"listen": f"127.0.0.1:{http_port}"},
            "limits": {"devices": o.devices + 1000}}))
        watchdog = Watchdog(str(work / "notify"))
        try:
            quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            children.append(subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(work / "broker.conf")], **quiet))
            children.append(subprocess.Popen(
                [o.steward, "run", "--config", str(work / "steward.json")], stdout=subprocess.DEVNULL, stderr=(work / "log").open("wb"),
                env={**os.environ, "NOTIFY_SOCKET": str(work / "notify"), "WATCHDOG_USEC": "10000000"}))
            meter = Meter(url, work / "s.db")
            wait(lambda: urllib.request.urlopen(url + "/readyz", timeout=1), "readiness")
            token = (work / "operator.token").read_text().strip() if (work / "operator.token").exists() else ""
            children.append(subprocess.Popen(
                [o.steward, "simulate", "--broker", f"127.0.0.1:{broker_port}", "--devices", str(o.devices), "--report-seconds",
                 str(o.report_seconds), "--history-days", "0", "--faults-per-hour", "1", "--supplier-listen", "127.0.0.1:0"], **quiet))
            wait(lambda: b"steward_devices %d\n" % o.devices in urllib.request.urlopen(url + "/metrics", timeout=5).read(), "the devices", 120)
            time.sleep(5)
            measure(o, url, token, meter)
            print(f"longest time between two words to the watchdog: {watchdog.longest:.1f} s of 5 s")
        finally:
            for child in reversed(children):
                child.send_signal(signal.SIGTERM)
                try:
                    child.wait(30)
                except subprocess.TimeoutExpired:
                    child.kill()


def measure(o, url, token, meter):
    pairs, pause = [], o.loops / o.per_second if o.per_second else 0
    for _ in range(o.pairs):
        calm = meter.rates(o.seconds)
        askers = [
            subprocess.Popen([sys.executable, "-c", ASKER, url, token, str(pause), *PATHS[n % len(PATHS):], *PATHS[:n % len(PATHS)]],
                             stdout=subprocess.PIPE)
            for n in range(o.loops)]
        time.sleep(2)
        asked = meter.rates(o.seconds)
        answers = b""
        for asker in askers:
            asker.kill()
            answers += asker.communicate()[0]
        began = time.monotonic()
        wait(lambda: urllib.request.urlopen(url + "/api/v1/devices?limit=1", timeout=20).read(), "an answer", 600)
        back = time.monotonic() - began
        pairs.append((calm, asked))
        ratios = ", ".join(f"{name} {q:.0f} -> {l:.0f} ({l / q if q else 0:.3f})" for name, q, l in
                           zip(("committed/s", "processed/s", "batches/s"), calm, asked))
        print(f"{ratios}; {answers.count(b'a')} questions answered, {answers.count(b'r')} not; answered {back * 1000:.0f} ms after the loops ended", flush=True)
    print(f"median ratio committed {statistics.median(l[0] / q[0] for q, l in pairs):.3f}, processed "
          f"{statistics.median(l[1] / q[1] for q, l in pairs):.3f}")


def wait(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"{what} did not come within {seconds} s")


main()
