"""A mosquitto of the test's own, on a free port of the loopback interface."""

import random
import socket
import subprocess
import time

MOSQUITTO = "/usr/sbin/mosquitto"


def free_port():
    """A port from 29000 upwards that nobody listens on."""
    for _ in range(200):
        port = random.SystemRandom().randint(29_000, 45_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port was found")


class Broker:
    def __init__(self, directory):
        self.port = free_port()
        self.log = directory / "mosquitto.log"
        configuration = directory / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
            "max_queued_messages 0\nmax_inflight_messages 1000\n"
        )
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([MOSQUITTO, "-c", str(configuration)], stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    raise RuntimeError(f"mosquitto does not start: {self.log.read_text()}") from None
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)
