"""What the tests stand on: a broker, the gateway, a receiver of webhooks and devices, all real and on loopback.

    STEWARD=.build/release/steward python3 -m pytest Tests/EndToEnd

Nothing here sleeps for luck: `wait_for` polls a condition until a deadline that is generous, because a busy machine is no failure.
"""

import http.server
import itertools
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import paho.mqtt.client as mqtt
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEWARD = pathlib.Path(os.environ.get("STEWARD", ROOT / ".build/release/steward")).resolve()
# The hooks by which a test kills the program at a chosen place are in debug builds only.
STEWARD_DEBUG = pathlib.Path(os.environ.get("STEWARD_DEBUG", ROOT / ".build/debug/steward")).resolve()
MOSQUITTO = os.environ.get("MOSQUITTO", "/usr/sbin/mosquitto")
PROFILES = ROOT / "DeviceProfiles"
DEADLINE_SECONDS = 40
SETTLED_TOPIC = "devices/settled-marker/telemetry"

# Below 32768, where the system takes ports for outgoing connections. Another run on this machine begins elsewhere.
PORTS = range(29_000, 32_700)
_ports = itertools.count(random.randrange(len(PORTS)))


def wait_for(condition, what, seconds=DEADLINE_SECONDS):
    """The first true value of `condition()`, which may raise while it is not ready."""
    deadline = time.monotonic() + seconds
    problem = None
    while time.monotonic() < deadline:
        try:
            value = condition()
            if value:
                return value
            problem = value
        except (OSError, LookupError, TypeError, ValueError, AssertionError) as error:
            problem = error
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s; last: {problem!r}")


def free_port():
    for number in _ports:
        port = PORTS[number % len(PORTS)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def now_ms():
    return time.time_ns() // 1_000_000


def end(process, number=signal.SIGTERM):
    """Ends one process by its id and returns its exit code."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"process {process.args[0]} did not end") from None
    return process.returncode


class Broker:
    """mosquitto with its own configuration; sessions survive `stop` and `start`."""

    def __init__(self, directory, listener="allow_anonymous true\n"):
        self.port = free_port()
        self.directory = directory
        self.process = None
        config = (
            f"listener {self.port} 127.0.0.1\n{listener}"
            f"persistence true\npersistence_location {directory}/\n"
            "max_inflight_messages 1000\nmax_queued_messages 0\nmessage_size_limit 0\nuser root\nlog_type error\nlog_type warning\nlog_type information\n"
        )
        self.config = directory / "mosquitto.conf"
        self.config.write_text(config)

    def start(self):
        self.log = (self.directory / "mosquitto.log").open("ab")
        self.process = subprocess.Popen([MOSQUITTO, "-c", self.config], stdout=self.log, stderr=subprocess.STDOUT)
        wait_for(self._answers, f"mosquitto's start ({self.directory}/mosquitto.log)")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError((self.directory / "mosquitto.log").read_text())
        with socket.create_connection(("127.0.0.1", self.port), timeout=2):
            # It listens only if it lives on: another program may have taken the port meanwhile.
            return b"running" in (self.directory / "mosquitto.log").read_bytes()

    def stop(self):
        if self.process:
            end(self.process)
            self.log.close()


class Gateway:
    """`steward run` with a configuration of its own. Its HTTP port is chosen by the system and read from the log."""

    def __init__(self, directory, broker=None, **overrides):
        self.directory = directory
        self.log_path = directory / "steward.log"
        self.config_path = directory / "steward.json"
        self.store = directory / "steward.db"
        self.config = {
            "gateway": {"id": "e2e"},
            "mqtt": {"host": "127.0.0.1", "port": broker.port if broker else 1},
            "store": {"path": str(self.store)},
            "profiles": [str(PROFILES)],
            "http": {"listen": "127.0.0.1:0"},
        }
        for key, value in overrides.items():
            self.config[key] = {**self.config[key], **value} if isinstance(self.config.get(key), dict) else value
        self.process = None
        self.url = None
        self.program = STEWARD
        self.environment = dict(os.environ)

    def spawn(self, configuration=None):
        """Begins with `configuration` as the text of the file, or with `config`."""
        self.config_path.write_text(configuration if configuration is not None else json.dumps(self.config, indent=2))
        self.log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "run", "--config", self.config_path], stdout=log, stderr=log, env=self.environment)
        return self

    def refusal(self, configuration=None):
        """What a start says that ends by itself with exit code 1."""
        self.spawn(configuration)
        wait_for(lambda: self.process.poll() is not None, f"the refusal ({self.log_path})")
        assert self.process.returncode == 1, self.log()
        assert "Fatal error" not in self.log()
        return self.log()

    def start(self, connected=True):
        self.spawn()
        self.url = wait_for(self._address, f"the gateway's start ({self.log_path})")
        if connected:
            wait_for(lambda: "subscribed filters" in self.log(), f"the subscription ({self.log_path})")
        return self

    def _address(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"steward ended with {self.process.returncode}: {self.log()}")
        for line in self.log().splitlines():
            if " ready http=" in line:
                return line.split(" ready http=")[1].split("/ ")[0]

    def stop(self, number=signal.SIGTERM):
        return end(self.process, number) if self.process else None

    def restart(self, **options):
        assert self.stop() == 0, self.log()
        return self.start(**options)

    def log(self):
        """What it has logged since its last start."""
        return self.log_path.read_bytes()[self.log_start:].decode(errors="replace")

    @property
    def token_file(self):
        """Where the operator's token lies."""
        return pathlib.Path(self.config["http"].get("tokenFile") or pathlib.Path(self.config["store"]["path"]).parent / "operator.token")

    def request(self, path, body=None, headers={}):
        """(status, content type, bytes) of a GET, or of a POST of `body` (bytes, or an object as JSON), by the operator."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if self.token_file.exists():
            headers = {"Authorization": "Bearer " + self.token_file.read_text().strip(), **headers}
        headers = dict(headers)
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read()

    def get(self, path):
        status, _, body = self.request(path)
        assert status == 200, f"{path}: {status} {body!r}"
        return json.loads(body)

    def api(self, path):
        return self.get("/api/v1/" + path)

    def post(self, path, body):
        return self.request("/api/v1/" + path, body)[0]

    def device(self, device):
        """A device with its metrics and supplies as dictionaries by name; None while there is none."""
        status, _, body = self.request("/api/v1/devices/" + device)
        if status != 200:
            return None
        answer = json.loads(body)
        answer["metrics"] = {metric["metric"]: metric.get("value") for metric in answer["metrics"]}
        answer["supplies"] = {supply["supply"]: supply for supply in answer["supplies"]}
        return answer

    def metric(self, name):
        text = self.request("/metrics")[2].decode()
        return int(next(line for line in text.splitlines() if line.startswith(name + " ")).split()[1])

    def dead_letters(self, topic=None):
        """Newest first, without those of `settled`."""
        letters = self.api("deadletters?limit=1000")["deadLetters"]
        return [letter for letter in letters if letter["topic"] != SETTLED_TOPIC and topic in (None, letter["topic"])]

    def settled(self, client):
        """Everything that `client` has published before is decided, and the decisions are committed.

        A marker sent after it has become a dead letter, and these are committed in the order of the messages.
        """
        marker = f"marker {random.randrange(1 << 60)}"
        client.publish(SETTLED_TOPIC, marker)
        wait_for(lambda: marker in [letter["payload"] for letter in self.api("deadletters?limit=5")["deadLetters"]], "the marker's arrival")

    def cli(self, *words, token=True, **options):
        """The command line, with the operator's token unless `words` name another or `token` is false."""
        words = [*words, "--url", self.url]
        if token and "--token-file" not in words:
            words += ["--token-file", str(self.token_file)]
        return subprocess.run([STEWARD, *words], capture_output=True, text=True, timeout=DEADLINE_SECONDS, **options)


class Client:
    """A device, or many, on the broker: publishes with QoS 1 and remembers what it hears."""

    def __init__(self, port, **connection):
        self.heard = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.max_inflight_messages_set(1000)
        self.client.on_message = self._on_message
        self.on_command = None
        if "tls" in connection:
            self.client.tls_set(**connection["tls"])
        if "username" in connection:
            self.client.username_pw_set(connection["username"], connection["password"])
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        wait_for(self.client.is_connected, "the test client's connection")

    def publish(self, topic, payload, retain=False, qos=1):
        body = payload if isinstance(payload, (bytes, str)) else json.dumps(payload)
        message = self.client.publish(topic, body, qos=qos, retain=retain)
        message.wait_for_publish(DEADLINE_SECONDS)
        return message

    def subscribe(self, pattern):
        done = threading.Event()
        self.client.on_subscribe = lambda *_: done.set()
        self.client.subscribe(pattern, qos=1)
        assert done.wait(DEADLINE_SECONDS)

    def respond(self, commands="devices/+/commands/+", outcome="ok", after=lambda device, command: None):
        """Answers each command as a device would, then calls `after`, where its telemetry may change."""

        def answer(topic, payload):
            kind, device, _, command = topic.split("/")
            reply = {"requestId": json.loads(payload)["requestId"], "outcome": outcome}
            self.client.publish(f"{kind}/{device}/replies", json.dumps(reply), qos=1)
            after(device, command)

        self.on_command = answer
        self.subscribe(commands)

    def _on_message(self, _client, _data, message):
        self.heard.append((message.topic, message.payload))
        if self.on_command:
            self.on_command(message.topic, message.payload)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class Receiver:
    """An HTTP server that keeps every request; `statuses` are answered first, then 202."""

    def __init__(self):
        self.requests = []
        self.statuses = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.statuses.pop(0) if receiver.statuses else 202
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append({"path": self.path, "headers": headers, "body": body, "status": status})
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def accepted(self, path):
        return [request for request in self.requests if request["path"] == path and request["status"] == 202]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="session", autouse=True)
def program():
    if not STEWARD.exists():
        pytest.fail(f"{STEWARD} is not there: build it, or name it in STEWARD")


@pytest.fixture
def make(tmp_path):
    """Makes brokers, gateways, clients and receivers in a directory of the test, and ends them after it."""
    made = []

    class Maker:
        def directory(self):
            path = tmp_path / f"{len(made)}"
            path.mkdir(exist_ok=True)
            return path

        def broker(self, listener="allow_anonymous true\n"):
            broker = Broker(self.directory(), listener)
            made.append(broker.stop)
            return broker.start()

        def gateway(self, broker=None, start=True, connected=True, **overrides):
            gateway = Gateway(self.directory(), broker, **overrides)
            made.append(gateway.stop)
            return gateway.start(connected) if start else gateway

        def client(self, broker, **connection):
            client = Client(broker.port, **connection)
            made.append(client.close)
            return client

        def receiver(self):
            receiver = Receiver()
            made.append(receiver.close)
            return receiver

    yield Maker()
    problems = []
    for close in reversed(made):
        try:
            close()
        except AssertionError as error:
            problems.append(error)
    assert not problems


@pytest.fixture
def broker(make):
    return make.broker()


@pytest.fixture
def client(make, broker):
    return make.client(broker)


@pytest.fixture
def gateway(make, broker):
    return make.gateway(broker)


@pytest.fixture
def mounted(tmp_path):
    """Mounts a file system in the test's directory and takes it away again; skips where that is not allowed."""
    mounts = []

    def mount(*arguments):
        target = tmp_path / f"mount{len(mounts)}"
        target.mkdir()
        done = subprocess.run(["mount", *[str(argument) for argument in arguments], target], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"mount is not possible here: {done.stderr.strip()}")
        mounts.append(target)
        return target

    yield mount
    for target in reversed(mounts):
        subprocess.run(["umount", "--lazy", target], check=True)


def fill(directory):
    """Takes all the room of a small file system, and returns the file that holds it."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            pass
    return ballast
