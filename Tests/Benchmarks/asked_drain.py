"""What questions cost a gateway that has all hands full: messages processed per second while a queue of QoS 1 messages is drained, without
questions and while the API is asked 200 times a second.

    python Tests/Benchmarks/asked_drain.py [--messages 200000] [--devices 1000] [--per-second 200] [--pairs 3]

It prints figures and asserts nothing. The questions are mixed, open ones, over connections that stay; those who ask have nice 19.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from conftest import Broker, Client, Gateway, wait_for  # noqa: E402
from memory import payload  # noqa: E402

ASKER = """
import http.client, itertools, os, sys, time
os.nice(19)
port, rate = int(sys.argv[1]), float(sys.argv[2])
paths = ["/api/v1/status", "/api/v1/devices?limit=100", "/api/v1/alarms", "/api/v1/devices/press-00001", "/metrics", "/api/v1/orders",
         "/api/v1/devices/press-00002/explain", "/api/v1/tickets"]
link, due = None, time.monotonic()
for path in itertools.cycle(paths):
    due += 1 / rate
    time.sleep(max(0, due - time.monotonic()))
    try:
        link = link or http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        link.request("GET", path)
        answer = link.getresponse()
        answer.read()
        os.write(1, b"a" if answer.status == 200 else b"r")
    except OSError:
        link = None
        os.write(1, b"r")
"""
LOOPS = 4


def drain(gateway, client, arguments, asks):
    """Messages per second, and how many questions were answered and refused."""
    gateway.stop()
    waiting = []
    for number in range(arguments.messages):
        waiting.append(client.client.publish(f"devices/press-{number % arguments.devices:05}/telemetry", payload(number, number // arguments.devices), qos=1))
        if len(waiting) >= 900:
            waiting.pop(0).wait_for_publish(120)
    for message in waiting:
        message.wait_for_publish(120)
    # It drains at once, so nothing is waited for but its address.
    gateway.start(connected=False)
    askers = [subprocess.Popen([sys.executable, "-c", ASKER, gateway.url.rsplit(":", 1)[1], str(arguments.per_second / LOOPS)], stdout=subprocess.PIPE)
              for _ in range(LOOPS if asks else 0)]

    def processed():
        return gateway.metric("steward_messages_processed_total")

    wait_for(lambda: processed() > arguments.messages * 0.1, "the beginning", seconds=120)
    first, begin = processed(), time.monotonic()
    wait_for(lambda: processed() > arguments.messages * 0.95, "the end", seconds=300)
    rate = (processed() - first) / (time.monotonic() - begin)
    said = b""
    for asker in askers:
        asker.kill()
        said += asker.communicate()[0]
    return rate, said.count(b"a"), said.count(b"r")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--per-second", type=float, default=200)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "broker").mkdir()
        (root / "gateway").mkdir()
        broker = Broker(root / "broker").start()
        gateway = Gateway(root / "gateway", broker)
        try:
            gateway.start()
            client = Client(broker.port)
            for _ in range(arguments.pairs):
                calm, *_ = drain(gateway, client, arguments, asks=False)
                asked, answered, refused = drain(gateway, client, arguments, asks=True)
                ratios.append(asked / calm)
                print(f"{calm:.0f}/s, asked {asked:.0f}/s ({asked / calm:.3f}); {answered} questions answered, {refused} not", flush=True)
            print(f"median ratio {statistics.median(ratios):.3f}")
            client.close()
        finally:
            gateway.stop()
            broker.stop()


if __name__ == "__main__":
    main()
