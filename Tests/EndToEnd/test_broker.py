"""The broker goes away, holds messages, holds old ones, and wants to know who is there."""

import json
import socket
import ssl
import subprocess
import threading

import pytest
from conftest import now_ms, wait_for


def test_broker_that_comes_back_is_found_again(make, broker, gateway):
    broker.stop()
    wait_for(lambda: gateway.request("/readyz")[0] == 503, "the unreadiness")
    assert gateway.api("status")["broker"]["connected"] is False
    broker.start()
    wait_for(lambda: gateway.request("/readyz")[0] == 200, "the readiness")
    client = make.client(broker)
    client.respond()
    client.publish("devices/d/telemetry", {"ts": now_ms(), "errors": ["jam"]})
    wait_for(lambda: gateway.device("d")["alarms"] == ["jam"], "the next message")
    wait_for(lambda: client.heard, "the command over its own connection")


def test_messages_of_the_time_without_a_gateway_arrive_later(make, broker, gateway, client):
    assert gateway.stop() == 0
    base = now_ms()
    for number in range(500):
        client.client.publish("devices/d/telemetry", json.dumps({"ts": base + number, "bearingTemp": number % 40}), qos=1)
    client.publish("devices/d/telemetry", {"ts": base + 500, "pageCount": 500})
    # The broker itself may be started again meanwhile.
    client.close()
    broker.stop()
    broker.start()
    gateway.start()
    assert "session=kept" in gateway.log()
    wait_for(lambda: gateway.device("d")["metrics"].get("pageCount") == 500, "the last message")
    expected = [[base + number, number % 40] for number in range(500)]
    assert gateway.api("devices/d/history/bearingTemp")["samples"] == expected


def test_retained_message_tells_state_and_does_nothing(make, broker, client):
    client.publish("devices/d/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam"], "supplies": {"black": 1}}, retain=True)
    receiver = make.receiver()
    gateway = make.gateway(broker, orders={"url": receiver.url + "/orders"})
    client.subscribe("devices/+/commands/+")
    wait_for(lambda: gateway.device("d"), "the device")
    gateway.settled(client)
    device = gateway.device("d")
    assert device["alarms"] == [] and device["incidents"] == []
    assert device.get("lastArrival") is None
    assert gateway.api("alarms?all=true")["alarms"] == []
    assert gateway.api("orders")["orders"] == [] and gateway.api("actions")["actions"] == []
    assert client.heard == [] and receiver.requests == []
    assert gateway.metric("steward_retained_messages_total") == 1
    # The same, said now, counts.
    client.publish("devices/d/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam"]})
    wait_for(lambda: gateway.device("d")["alarms"] == ["jam"], "the live alarm")
    wait_for(lambda: client.heard, "the command")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certificates")

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=directory)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for authority in ("ca", "other-ca"):
        openssl("req", "-x509", *curve, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj", f"/CN={authority}", "-days", "2")
    (directory / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem",
                "-days", "2", "-extfile", "names")
    return directory


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("mutual", [False, True], ids=["TLS", "mutual TLS"])
def test_tls(make, certificates, version, mutual):
    listener = f"cafile {certificates}/ca.pem\ncertfile {certificates}/server.pem\nkeyfile {certificates}/server.key\n"
    broker = make.broker("allow_anonymous true\n" + listener + ("require_certificate true\n" if mutual else ""))
    own = {"certificateFile": f"{certificates}/client.pem", "keyFile": f"{certificates}/client.key"} if mutual else {}
    gateway = make.gateway(broker, mqtt={"version": version, "tls": {"caFile": f"{certificates}/ca.pem", **own}})
    tls = {"ca_certs": f"{certificates}/ca.pem", "tls_version": ssl.PROTOCOL_TLS_CLIENT}
    if mutual:
        tls |= {"certfile": f"{certificates}/client.pem", "keyfile": f"{certificates}/client.key"}
    client = make.client(broker, tls=tls)
    client.respond()
    for number in range(200):
        client.client.publish("devices/d/telemetry", json.dumps({"ts": now_ms(), "pageCount": number}), qos=1)
    client.publish("devices/d/telemetry", {"ts": now_ms(), "pageCount": 200, "errors": ["jam"]})
    wait_for(lambda: gateway.device("d")["metrics"]["pageCount"] == 200, "the messages")
    wait_for(lambda: client.heard, "the command")


def test_broker_of_another_authority_is_not_trusted(make, certificates):
    listener = f"certfile {certificates}/server.pem\nkeyfile {certificates}/server.key\n"
    broker = make.broker("allow_anonymous true\n" + listener)
    gateway = make.gateway(broker, mqtt={"tls": {"caFile": f"{certificates}/other-ca.pem"}}, connected=False)
    wait_for(lambda: "no connection to the broker" in gateway.log(), "the refusal")
    assert "certificate" in gateway.log().lower()
    assert gateway.request("/readyz")[0] == 503


class OldBroker:
    """Stands before a broker, and closes each connection of version 5 without a word, as some brokers do that do not know it."""

    def __init__(self, broker):
        self.broker, self.versions = broker, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        # CONNECT: its type, a length of one or two bytes, "MQTT" with its length, the version.
        start = client.recv(1024)
        version = start[start.index(b"MQTT") + 4]
        self.versions.append(version)
        if version == 5:
            return client.close()
        server = socket.create_connection(("127.0.0.1", self.broker.port))
        server.sendall(start)
        threading.Thread(target=self._pass, args=(server, client), daemon=True).start()
        self._pass(client, server)

    @staticmethod
    def _pass(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        source.close()
        target.close()


def test_broker_that_closes_on_version_5(make, broker, client):
    old = OldBroker(broker)
    gateway = make.gateway(old)
    client.respond()
    client.publish("devices/d/telemetry", {"ts": now_ms(), "errors": ["jam"]})
    wait_for(lambda: client.heard, "the command")
    # What reads speaks 3.1.1 at once; what sends commands finds it out.
    assert sorted(old.versions) == [4, 4, 5, 5]
    old.socket.close()


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_user_name_and_password_file(make, tmp_path, version):
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "steward", "open sesame"], check=True, capture_output=True)
    broker = make.broker(f"allow_anonymous false\npassword_file {users}\n")
    password = tmp_path / "password"
    password.write_text("wrong\n")
    settings = {"username": "steward", "passwordFile": str(password), "version": version}
    gateway = make.gateway(broker, mqtt=settings, connected=False)
    wait_for(lambda: "no connection to the broker" in gateway.log(), "the refusal")
    assert "uthori" in gateway.log() or "assword" in gateway.log()
    assert "wrong" not in gateway.log() and gateway.request("/readyz")[0] == 503

    password.write_text("open sesame\n")
    gateway.restart()
    client = make.client(broker, username="steward", password="open sesame")
    client.publish("devices/d/telemetry", {"fuserTemp": 3})
    wait_for(lambda: gateway.device("d"), "the device")
