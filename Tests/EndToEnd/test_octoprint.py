"""OctoPrint with its virtual printer, as the shipped profile reads it."""

import json
import pathlib
import shutil

import pytest
from conftest import free_port, wait_for
from programs import Program, http_json, installed

NAME = "printer-3"
KEY = "0123456789ABCDEF0123456789ABCDEF"
PLUGIN = pathlib.Path(__file__).parent / "octoprint_mqtt.py"
# What asks the internet, or has nothing to do with printing.
UNUSED = ["achievements", "announcements", "backup", "corewizard", "discovery", "errortracking", "health_check", "pluginmanager", "softwareupdate", "tracking"]
HEAT = "M140 S60\nM104 S205\n"
MOVES = "G28\nG1 Z0.2\nG1 X10 Y10 E1\nG1 X90 E2\nG1 Y90 E3\nG1 Z0.4\n"


class OctoPrint:
    def __init__(self, directory, broker, name):
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api/"
        (directory / "plugins").mkdir()
        (directory / "uploads").mkdir()
        shutil.copy(PLUGIN, directory / "plugins/mqtt.py")
        self.config = {
            "api": {"key": KEY},
            "server": {"firstRun": False, "onlineCheck": {"enabled": False}, "pluginBlacklist": {"enabled": False}},
            "plugins": {
                "_disabled": UNUSED,
                "virtual_printer": {"enabled": True},
                "mqtt": {"port": broker.port, "base": f"{name}/"},
            },
        }
        # JSON is YAML.
        (directory / "config.yaml").write_text(json.dumps(self.config))

    def start(self):
        program = installed("octoprint", "octoprint")
        self.program = Program(
            self.directory / "output.log", program, "serve", "--basedir", self.directory, "--host", "127.0.0.1", "--port", self.port,
            "--iknowwhatimdoing")
        wait_for(lambda: self.program.alive() and self.get("version"), f"OctoPrint's start ({self.directory}/output.log)", 90)
        return self

    def get(self, path):
        return http_json(self.url + path, headers={"X-Api-Key": KEY})

    def post(self, path, body):
        return http_json(self.url + path, body, headers={"X-Api-Key": KEY})

    def state(self):
        return self.get("connection")["current"]["state"]

    def connect(self):
        self.post("connection", {"command": "connect", "port": "VIRTUAL", "baudrate": 115200})
        wait_for(lambda: self.state() == "Operational", "the virtual printer")

    def print(self, name, gcode):
        (self.directory / "uploads" / name).write_text(gcode)
        wait_for(lambda: self.post(f"files/local/{name}", {"command": "select", "print": True}) or True, "the file")

    def command(self, line):
        self.post("printer/command", {"command": line})

    def stop(self):
        self.program.stop()


@pytest.fixture
def octoprint(gateway, broker, tmp_path):
    directory = tmp_path / "octoprint"
    directory.mkdir()
    made = OctoPrint(directory, broker, NAME)
    try:
        yield made.start()
    finally:
        made.stop()


def state(gateway):
    device = gateway.device(NAME)
    return device["status"], device["equipmentState"]


def nothing_is_late_or_unread(gateway, client):
    gateway.settled(client)
    assert gateway.metric("steward_late_messages_total") == 0
    assert gateway.dead_letters() == []


def test_print(gateway, client, octoprint):
    wait_for(lambda: state(gateway) == ("OFFLINE", "unscheduledDowntime"), "the status before the printer is connected")
    octoprint.connect()
    # All of connecting falls into the second in which the plugin said `connected`, or into the next.
    wait_for(lambda: state(gateway) == ("OPERATIONAL", "standby"), "the status after connecting")
    octoprint.print("small.gcode", HEAT + MOVES + "G4 S1\n" + MOVES)
    wait_for(lambda: state(gateway)[1] == "productive", "the print")
    wait_for(lambda: gateway.device(NAME)["metrics"]["completion"] == 100, "all of the file")
    wait_for(lambda: state(gateway) == ("OPERATIONAL", "standby"), "the end of the print")

    device = gateway.device(NAME)
    assert device["profile"] == "octoprint"
    expected = {"connection": "connected", "progress": 100, "tool0.targetTemp": 205, "bed.targetTemp": 60, "height": 0.4}
    assert {name: device["metrics"].get(name) for name in expected} == expected
    assert device["metrics"]["tool0.temp"] > 21.3
    assert device["metrics"]["lastPrintTime"] > 1
    assert (device["silent"], device["alarms"]) == (False, [])
    assert gateway.api("tickets")["tickets"] == []
    nothing_is_late_or_unread(gateway, client)


def test_crash_of_octoprint_ends_printing(gateway, client, octoprint):
    octoprint.connect()
    octoprint.print("long.gcode", HEAT + MOVES + "G4 S1\n" * 600)
    wait_for(lambda: state(gateway) == ("PRINTING", "productive"), "the print")
    octoprint.program.kill()
    wait_for(lambda: gateway.device(NAME)["silent"], "the last will")
    device = gateway.device(NAME)
    assert (device["equipmentState"], device["alarms"]) == ("unknown", ["silent"])

    # It comes back without a printer and says so in the second in which it says `connected`.
    octoprint.start()
    wait_for(lambda: state(gateway) == ("OFFLINE", "unscheduledDowntime"), "the status after the start")
    wait_for(lambda: gateway.device(NAME)["alarms"] == [], "the alarm's end")
    octoprint.connect()
    wait_for(lambda: state(gateway) == ("OPERATIONAL", "standby"), "the status after connecting")
    nothing_is_late_or_unread(gateway, client)


def test_fatal_error_of_the_printer_is_an_alarm_with_a_ticket(gateway, client, octoprint):
    octoprint.connect()
    octoprint.print("long.gcode", HEAT + MOVES + "G4 S1\n" * 600)
    wait_for(lambda: state(gateway) == ("PRINTING", "productive"), "the print")
    octoprint.command("!!DEBUG:trigger_fatal_error_marlin")
    # OctoPrint closes the connection at once: ERROR and OFFLINE are told within milliseconds.
    wait_for(lambda: state(gateway) == ("OFFLINE", "unscheduledDowntime"), "the status")
    assert "printer-error" in gateway.device(NAME)["alarms"]
    [ticket] = wait_for(lambda: gateway.api("tickets")["tickets"], "the ticket")
    assert (ticket["device"], ticket["severity"]) == (NAME, "major")
    octoprint.connect()
    wait_for(lambda: state(gateway) == ("OPERATIONAL", "standby"), "the status after connecting again")
    wait_for(lambda: "printer-error" not in gateway.device(NAME)["alarms"], "the alarm's end")
    nothing_is_late_or_unread(gateway, client)


def raisings(gateway, condition):
    """How often the alarm was told to have begun."""
    return [entry for entry in gateway.api("journal?kind=alarm.raised")["journal"] if entry["condition"] == condition]


def test_print_that_a_person_cancels_is_no_failure(gateway, client, octoprint):
    octoprint.connect()
    octoprint.print("long.gcode", HEAT + MOVES + "G4 S1\n" * 600)
    wait_for(lambda: state(gateway) == ("PRINTING", "productive"), "the print")
    octoprint.post("job", {"command": "cancel"})
    wait_for(lambda: gateway.device(NAME)["metrics"].get("lastPrintTime"), "the end of the print that OctoPrint tells as failed")
    wait_for(lambda: state(gateway) == ("OPERATIONAL", "standby"), "the end of the print")
    gateway.settled(client)
    assert gateway.api("alarms")["alarms"] == []
    assert raisings(gateway, "print-failed") == []


def test_clean_stop_is_one_silence(gateway, client, octoprint):
    octoprint.connect()
    wait_for(lambda: state(gateway) == ("OPERATIONAL", "standby"), "the status after connecting")
    octoprint.stop()
    wait_for(lambda: gateway.device(NAME)["silent"], "the word that it stops")
    # Its process is over, so its last will has been published: the broker does that before it takes what this test sends next.
    gateway.settled(client)
    assert len(raisings(gateway, "silent")) == 1
