"""Moonraker's MQTT component, as the shipped profile reads it. The machine behind it is a stand-in: see `klippy.py`."""

import pytest
from conftest import free_port, wait_for
from klippy import Klippy
from programs import Program, installed

NAME = "voron-2"
MACHINE = {
    "webhooks": {"state": "ready", "state_message": "Printer is ready"},
    "print_stats": {"state": "standby", "filename": "", "print_duration": 0.0, "total_duration": 0.0, "filament_used": 0.0},
    "display_status": {"progress": 0.0, "message": None},
    "extruder": {"temperature": 21.4, "target": 0.0, "power": 0.0},
    "heater_bed": {"temperature": 21.1, "target": 0.0, "power": 0.0},
    "toolhead": {"position": [0.0, 0.0, 0.0, 0.0], "homed_axes": ""},
}
CONFIGURATION = """[server]
host: 127.0.0.1
port: {http_port}
klippy_uds_address: {socket}

[machine]
provider: none
validate_service: False
validate_config: False

[mqtt]
address: 127.0.0.1
port: {broker_port}
instance_name: {name}
enable_moonraker_api: True
status_objects:
    webhooks
    print_stats
    display_status
    heater_bed
    extruder=temperature,target
    toolhead=position,homed_axes
"""


class Moonraker:
    def __init__(self, directory, broker, more=""):
        self.directory = directory
        self.klippy = Klippy(directory / "klippy.sock", {name: dict(fields) for name, fields in MACHINE.items()})
        (directory / "data/config").mkdir(parents=True)
        self.configuration = directory / "data/config/moonraker.conf"
        self.configuration.write_text(
            CONFIGURATION.format(http_port=free_port(), socket=self.klippy.path, broker_port=broker.port, name=NAME) + more)

    def start(self):
        self.program = Program(
            self.directory / "output.log", installed("moonraker", "moonraker"), "-d", self.directory / "data", "-c", self.configuration, "-n")
        return self

    def stop(self):
        self.program.stop()
        self.klippy.close()


@pytest.fixture
def moonraker(gateway, broker, tmp_path, request):
    """With the default settings, or with the lines that the test adds."""
    directory = tmp_path / "moonraker"
    directory.mkdir()
    made = Moonraker(directory, broker, getattr(request, "param", "")).start()
    yield made
    made.stop()


def state(gateway):
    device = gateway.device(NAME)
    return device["status"], device["equipmentState"]


def nothing_is_late_or_unread(gateway):
    assert gateway.metric("steward_late_messages_total") == 0
    assert gateway.dead_letters() == []


@pytest.mark.parametrize("moonraker", ["", "publish_split_status: True\n"], ids=["a-message-an-update", "a-message-a-field"], indirect=True)
def test_print(gateway, client, moonraker):
    wait_for(lambda: moonraker.program.alive() and state(gateway) == ("standby", "standby"), "the first status")
    assert gateway.device(NAME)["profile"] == "moonraker"
    moonraker.klippy.change(print_stats={"state": "printing", "filename": "cube.gcode"}, extruder={"target": 240.0})
    for step in range(1, 6):
        moonraker.klippy.change(
            extruder={"temperature": 200.0 + step, "power": 0.9}, display_status={"progress": step / 10},
            print_stats={"print_duration": float(step), "filament_used": step * 2.5})
    moonraker.klippy.change(toolhead={"position": [10.5, 20.0, 0.2, 3.5], "homed_axes": "xyz"})
    wait_for(lambda: gateway.device(NAME)["metrics"]["toolhead.position.0"] == 10.5, "the last change")

    assert state(gateway) == ("printing", "productive")
    expected = {
        "klipper": "ready", "progress": 50, "printTime": 5, "filamentUsed": 12.5, "extruder.temperature": 205, "extruder.target": 240,
        "heater_bed.temperature": 21.1, "toolhead.position.2": 0.2, "toolhead.homed_axes": "xyz", "server": "online",
    }
    metrics = gateway.device(NAME)["metrics"]
    assert {name: metrics.get(name) for name in expected} == expected
    # Not asked for in `status_objects`.
    assert "extruder.power" not in metrics
    moonraker.klippy.change(print_stats={"state": "complete"})
    wait_for(lambda: state(gateway) == ("complete", "standby"), "the end of the print")
    gateway.settled(client)
    assert gateway.api("alarms")["alarms"] == []
    nothing_is_late_or_unread(gateway)


def test_error_is_mended_by_a_restart(gateway, client, moonraker):
    """The command goes by Moonraker's API on MQTT to the machine, which starts anew; Moonraker connects to it again and tells everything."""
    wait_for(lambda: state(gateway) == ("standby", "standby"), "the first status")
    moonraker.klippy.on_script = lambda script: moonraker.klippy.restart(webhooks={"state": "ready", "state_message": "Printer is ready"})
    moonraker.klippy.change(webhooks={"state": "error", "state_message": "Lost communication with MCU"})
    wait_for(lambda: [action["outcome"] for action in gateway.api("actions")["actions"]] == ["verified"], "the verified command")
    assert moonraker.klippy.scripts == ["FIRMWARE_RESTART"]
    wait_for(lambda: gateway.device(NAME)["alarms"] == [], "the alarm's end")
    assert gateway.device(NAME)["metrics"]["klipper"] == "ready"
    gateway.settled(client)
    assert gateway.api("tickets")["tickets"] == []
    nothing_is_late_or_unread(gateway)


def test_crash_of_moonraker_ends_printing(gateway, client, moonraker):
    wait_for(lambda: state(gateway) == ("standby", "standby"), "the first status")
    moonraker.klippy.change(print_stats={"state": "printing"})
    wait_for(lambda: state(gateway) == ("printing", "productive"), "the print")
    moonraker.program.kill()
    wait_for(lambda: gateway.device(NAME)["silent"], "its last will")
    assert gateway.device(NAME)["equipmentState"] == "unknown"
    assert gateway.device(NAME)["alarms"] == ["silent"]

    # Meanwhile the machine was stopped.
    moonraker.klippy.change(print_stats={"state": "cancelled"})
    moonraker.start()
    wait_for(lambda: state(gateway) == ("cancelled", "standby"), "the status after the start")
    wait_for(lambda: gateway.device(NAME)["alarms"] == [], "the alarm's end")
    gateway.settled(client)
    nothing_is_late_or_unread(gateway)
