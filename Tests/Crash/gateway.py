"""The real program, started, asked, killed and started again."""

import http.client
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from broker import free_port

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("STEWARD", ROOT / ".build" / "release" / "steward")).resolve()
# The hooks by which a test kills the program at a chosen place are in debug builds only.
DEBUG_PROGRAM = Path(os.environ.get("STEWARD_DEBUG", ROOT / ".build" / "debug" / "steward")).resolve()
PROFILES = Path(__file__).resolve().parent / "profile"


class Gateway:
    """`directory` holds its store, configuration and log; they outlive the process."""

    def __init__(self, directory, broker_port, supplier_port=None, profiles=PROFILES):
        self.directory = directory
        self.store = directory / "steward.db"
        self.log = directory / "steward.log"
        self.port = free_port()
        self.process = None
        self.starts = 0
        configuration = {
            "gateway": {"id": "crash"},
            "mqtt": {"host": "127.0.0.1", "port": broker_port, "clientId": "steward-crash"},
            "store": {"path": str(self.store), "keepInboxMegabytes": 4096},
            "profiles": [str(profiles)],
            "http": {"listen": f"127.0.0.1:{self.port}"},
            # Event times of a run are hours old at its end; what is fresh must not depend on how long the run takes.
            "limits": {"dispatchWindowMinutes": 1440},
        }
        if supplier_port:
            configuration["orders"] = {"url": f"http://127.0.0.1:{supplier_port}/orders"}
            configuration["tickets"] = {"url": f"http://127.0.0.1:{supplier_port}/tickets"}
        self.configuration = directory / "steward.json"
        self.configuration.write_text(json.dumps(configuration))

    def start(self, kill_at=None, environment=None):
        assert self.process is None
        variables = {**os.environ, **(environment or {})}
        variables.pop("STEWARD_KILL_AT", None)
        if kill_at:
            variables["STEWARD_KILL_AT"] = kill_at
        with open(self.log, "ab") as log:
            program = DEBUG_PROGRAM if kill_at or environment else PROGRAM
            command = [str(program), "run", "--config", str(self.configuration)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=variables)
        self.starts += 1

    def get(self, path, method="GET"):
        url = f"http://127.0.0.1:{self.port}{path}"
        body = b"{}" if method == "POST" else None
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + (self.directory / "operator.token").read_text().strip()}
        request = urllib.request.Request(url, method=method, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=40) as answer:
            return answer.read()

    def json(self, path):
        return json.loads(self.get(path))

    def ask(self, path, method="GET"):
        """As `get`, but None when there is no answer, for a program that may be dead or about to be."""
        try:
            return self.get(path, method)
        except urllib.error.HTTPError as answer:
            # Not there yet, or not ready; anything else is a mistake of the test.
            if answer.code in (404, 503):
                return None
            raise
        except (OSError, http.client.HTTPException):
            return None

    def wait_until(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(f"the gateway ended with {self.process.returncode} while waiting for {what}; see\n{self.tail()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come about within {seconds} s; see\n{self.tail()}")
            time.sleep(0.01)

    def wait_ready(self):
        self.wait_until(lambda: self.ask("/readyz") is not None, "the gateway being ready")

    def kill(self):
        """SIGKILL, also when it has just killed itself."""
        self.process.kill()
        return self.end()

    def terminate(self, seconds=20):
        """SIGTERM. Returns the exit code and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.end(seconds), time.monotonic() - began

    def end(self, seconds=20):
        code = self.process.wait(timeout=seconds)
        self.process = None
        return code

    def has_ended(self):
        return self.process.poll() is not None

    def digest(self):
        answer = self.json("/api/v1/digest?lines=true")
        return answer["digest"], answer["lines"]

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])
