"""A thousand connections that say little or nothing shut nobody out: probes are answered, and the operator gets in."""

import contextlib
import pathlib
import subprocess
import sys

from conftest import wait_for

SLOW_CLIENTS = pathlib.Path(__file__).with_name("slow_clients.py")


@contextlib.contextmanager
def slow_clients(gateway):
    process = subprocess.Popen([sys.executable, SLOW_CLIENTS, gateway.url.rsplit(":", 1)[1]], stdout=subprocess.PIPE)
    try:
        # Each of the first thousand has been ended by then, or is one of those that are still open.
        assert [process.stdout.readline() for _ in range(2)] == [b"1000\n", b"2000\n"]
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_thousand_slow_connections(gateway, client):
    with slow_clients(gateway):
        for _ in range(20):
            for path in ("/healthz", "/readyz"):
                assert gateway.request(path, headers={"Authorization": ""})[0] == 200
        status = gateway.cli("status")
        assert status.returncode == 0, status.stderr
        added = gateway.cli("stock", "add", "toner", "1", "--by", "Ann")
        assert added.returncode == 0, added.stderr
        client.publish("devices/d/telemetry", {"fuserTemp": 1})
        wait_for(lambda: gateway.device("d"), "a message beside them")
        assert gateway.metric("steward_http_connections_ended_total") > 0
    assert gateway.api("status")["gateway"] == "e2e"
