"""Real programs of others that publish to the broker, each in an environment of its own: their pins do not agree.

`deploy/test` installs `Tests/clients/NAME.txt` into `.venv-NAME`.
"""

import http.client
import json
import subprocess
import urllib.request

import pytest
from conftest import ROOT, end


def installed(name, program):
    """The path of `program` in the environment `name`."""
    path = ROOT / f".venv-{name}" / "bin" / program
    if not path.exists():
        pytest.fail(f"{path} is not there: deploy/test installs it")
    return path


class Program:
    """One process of a client; everything it says goes to `log`."""

    def __init__(self, log, *words, **options):
        self.log_path = log
        with log.open("ab") as output:
            self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)

    def alive(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended with {self.process.returncode}: {self.log_path.read_text(errors='replace')[-4000:]}")
        return True

    def kill(self):
        """As a crash or a power cut would: nothing is said any more."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        end(self.process)


def http_json(url, body=None, headers={}, timeout=20):
    """The JSON answer to a GET, or to a POST of `body`; raises OSError where it is refused."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            text = answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {error!r}") from error
    return json.loads(text) if text else None
