"""A page of another origin, in a real browser on the gateway's own machine, reads nothing and changes nothing."""

import http.server
import json
import pathlib
import shutil
import subprocess
import threading

import pytest
from conftest import DEADLINE_SECONDS, end, free_port, wait_for

PAGE = pathlib.Path(__file__).with_name("hostile_page.html")
EVIL = "evil.example"


class HostileSite:
    """Serves the page, and keeps what it tells."""

    def __init__(self, gateway_port):
        self.results = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page = PAGE.read_text().replace("GATEWAY", f"http://127.0.0.1:{gateway_port}").replace(
                    "REBOUND", f"http://{EVIL}:{gateway_port}")
                body = page.encode() if self.path == "/" else b""
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                site.results.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def browser(tmp_path):
    """Opens a page in headless Chromium until the test is over."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: deploy/test installs it"
    processes = []

    def open_page(url, *options):
        command = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio",
            "--disable-popup-blocking", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            # No name leaves the machine.
            f"--host-resolver-rules=MAP {EVIL} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            f"--user-data-dir={tmp_path}/browser{len(processes)}", *options, url]
        with (tmp_path / "browser.log").open("ab") as log:
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log))
        return processes[-1]

    yield open_page
    for process in processes:
        process.stdout.close()
        end(process)


def held(gateway):
    return gateway.api("stock"), gateway.api("orders"), gateway.api("status")["experience"], gateway.api("maintenance"), [
        gateway.metric("steward_profile_reloads_total"), gateway.metric("steward_dead_letters_replayed_total")]


@pytest.mark.parametrize("host", ["127.0.0.1", EVIL])
def test_a_page_of_another_origin(gateway, client, browser, host):
    client.publish("devices/d/telemetry", {"supplies": {"black": 50}})
    wait_for(lambda: gateway.device("d"), "the device")
    before = held(gateway)
    site = HostileSite(gateway.url.rsplit(":", 1)[1])
    try:
        browser(f"http://{host}:{site.port}/")
        [result] = wait_for(lambda: site.results, "the page's word", 2 * DEADLINE_SECONDS)
    finally:
        site.close()
    assert result["tried"] > 150
    # A health probe may be asked for, but its answer is not shown to a page either.
    assert result["read"] == []
    assert held(gateway) == before
    # They did arrive, and were refused as what they were.
    assert gateway.metric("steward_http_foreign_requests_total") > 20


def test_the_gateways_own_page_is_shown(gateway, client, browser):
    client.publish("devices/shown-device/telemetry", {"supplies": {"black": 50}})
    wait_for(lambda: gateway.device("shown-device"), "the device")
    page, _ = browser(gateway.url + "/", "--dump-dom").communicate(timeout=2 * DEADLINE_SECONDS)
    assert b"shown-device" in page
