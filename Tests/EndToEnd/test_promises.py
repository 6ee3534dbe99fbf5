"""What deploy/README.md promises an operator, done as it is written there."""

import re
import shutil
import socket
import ssl
import subprocess
import threading

import pytest
from conftest import ROOT, free_port, now_ms, wait_for
from suppliers import WebhookSupplier
from test_broker import certificates  # noqa: F401: a fixture
from test_orders import use_up


def commands_of(heading, number, replace):
    """The shell commands of a section's fence, with the paths of an installed gateway replaced, and without the service manager."""
    page = (ROOT / "deploy/README.md").read_text()
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    text = re.findall(r"^```sh\n(.*?)^```$", section, re.M | re.S)[number]
    for old, new in replace.items():
        assert old in text, f"the page does not name {old}"
        text = text.replace(old, str(new))
    return "\n".join(line for line in text.splitlines() if not line.startswith("systemctl"))


def test_backup_and_restore_as_written(make, broker, client, tmp_path):
    supplier = WebhookSupplier()
    gateway = make.gateway(broker, suppliers=[{"name": "shop", "url": supplier.url}])
    client.publish("devices/kept/telemetry", {"ts": now_ms(), "pageCount": 7})
    use_up(client, "before")
    wait_for(lambda: len(supplier.orders) == 1, "the first order")
    wait_for(lambda: gateway.api("orders?state=sent")["orders"], "its record")
    backups = tmp_path / "backups"
    backups.mkdir()
    paths = {"/var/lib/steward": gateway.directory, "/var/backups": backups}
    done = subprocess.run(["bash", "-ec", commands_of("Backup and restore", 0, paths)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "ok"
    # After the backup: one device more, and one order more.
    use_up(client, "after")
    wait_for(lambda: len(supplier.orders) == 2, "the second order")
    later = set(supplier.orders)
    assert gateway.stop() == 0

    [backup] = backups.iterdir()
    paths |= {f"{backups}/steward-2026-05-01.db": backup}
    subprocess.run(["bash", "-ec", commands_of("Backup and restore", 1, paths)], check=True, capture_output=True)
    gateway.start()
    assert gateway.request("/readyz")[0] == 200
    assert gateway.device("kept")["metrics"]["pageCount"] == 7
    assert gateway.device("after") is None
    # Nothing is sent again; and what is decided again has the same id.
    use_up(client, "after")
    wait_for(lambda: len(gateway.api("orders")["orders"]) == 2, "the order that is decided again")
    wait_for(lambda: all(item["state"] != "planned" for item in gateway.api("orders")["orders"]), "its delivery")
    assert set(supplier.orders) == later
    supplier.close()


def renew(directory, name):
    """A new key and certificate under the same names, from the same authority."""
    for words in (
        ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
         "-subj", f"/CN={name}"],
        ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", "2",
         "-extfile", "names"],
    ):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=directory)


def test_renewed_certificates_count_from_the_next_connection(make, certificates, tmp_path):  # noqa: F811
    directory = tmp_path / "renewed"
    shutil.copytree(certificates, directory)
    broker = make.broker(
        f"allow_anonymous true\ncafile {directory}/ca.pem\ncertfile {directory}/server.pem\nkeyfile {directory}/server.key\n"
        "require_certificate true\n")
    gateway = make.gateway(broker, mqtt={"tls": {
        "caFile": f"{directory}/ca.pem", "certificateFile": f"{directory}/client.pem", "keyFile": f"{directory}/client.key"}})

    def serial():
        with socket.create_connection(("127.0.0.1", broker.port)) as plain:
            context = ssl.create_default_context(cafile=f"{directory}/ca.pem")
            context.load_cert_chain(f"{directory}/client.pem", f"{directory}/client.key")
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                return secure.getpeercert()["serialNumber"]

    before = serial()
    for name in ("server", "client"):
        renew(directory, name)
    broker.stop()
    wait_for(lambda: gateway.request("/readyz")[0] == 503, "the unreadiness")
    broker.start()
    assert serial() != before
    wait_for(lambda: gateway.request("/readyz")[0] == 200, "the next connection")
    tls = {"ca_certs": f"{directory}/ca.pem", "certfile": f"{directory}/client.pem", "keyfile": f"{directory}/client.key",
           "tls_version": ssl.PROTOCOL_TLS_CLIENT}
    client = make.client(broker, tls=tls)
    client.publish("devices/d/telemetry", {"ts": now_ms(), "pageCount": 3})
    wait_for(lambda: gateway.device("d"), "the next message")


class HostileReceiver:
    """Answers a request as `answer(connection)` says, which may go on as long as it likes."""

    def __init__(self, answer):
        self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection:
            try:
                connection.settimeout(30)
                received = b""
                while b"\r\n\r\n" not in received:
                    received += connection.recv(65536)
                self.requests += 1
                self.answer(connection)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def endless(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        connection.sendall(b"[" * 65536)


def endless_headers(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Filler: " + b"x" * 4000 + b"\r\n")


def trickle(connection):
    """A header every second, so that no time-out of silence ends it."""
    event = threading.Event()
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X: y\r\n")
        event.wait(1)


def lie(connection):
    connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000000\r\n\r\n{")


def nonsense(connection):
    connection.sendall(b"\x00\xff\x00 nothing that HTTP knows\r\n\r\n")


@pytest.mark.parametrize("answer", [endless, endless_headers, trickle, lie, nonsense], ids=lambda answer: answer.__name__)
def test_hostile_receiver_costs_others_nothing(make, broker, client, answer):
    """Its lane may wait and fail; another supplier's orders, commands and the gateway's memory do not notice."""
    hostile, good = HostileReceiver(answer), WebhookSupplier()
    gateway = make.gateway(broker, suppliers=[
        {"name": "hostile", "url": hostile.url, "items": ["*black*"], "timeoutSeconds": 3}, {"name": "good", "url": good.url}])
    before = memory_kilobytes(gateway)
    use_up(client, "p1", supply="black")
    wait_for(lambda: hostile.requests, "a try at the hostile receiver")
    client.respond()
    for number in range(3):
        use_up(client, f"q{number}", supply="cyan")
        client.publish(f"devices/r{number}/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam"]})
    wait_for(lambda: len(good.orders) == 3, "the good supplier's orders")
    wait_for(lambda: len(client.heard) == 3, "the commands")
    # Its try comes to an end, whatever it does: taken, or to be tried again.
    wait_for(lambda: ended_a_try(gateway), "the end of a try")
    assert memory_kilobytes(gateway) - before < 64 * 1024
    assert gateway.process.poll() is None
    hostile.close()
    good.close()


def ended_a_try(gateway):
    [order] = [item for item in gateway.api("orders")["orders"] if item["supply"] == "black"]
    return order["state"] != "planned" or gateway.metric("steward_delivery_failures_total") > 0


def memory_kilobytes(gateway):
    with open(f"/proc/{gateway.process.pid}/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])
