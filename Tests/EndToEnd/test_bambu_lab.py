"""Bambu Lab printers send one full report and then only what changed; the reports here are made up after their public description."""

import json

from conftest import wait_for

TOPIC = "device/01S00A000000001/report"
DEVICE = "01S00A000000001"
TAG = "A1B2C3D4E5F60708"
NO_TAG = "0000000000000000"

FULL = {
    "print": {
        "command": "push_status", "msg": 0, "sequence_id": "1",
        "gcode_state": "RUNNING", "mc_percent": 12, "mc_remaining_time": 95, "layer_num": 7,
        "nozzle_temper": 219.8, "nozzle_target_temper": 220, "bed_temper": 60.1, "bed_target_temper": 60.0,
        "wifi_signal": "-51dBm", "print_error": 0, "hms": [],
        "ams": {
            "ams": [{
                "id": "0", "humidity": "4", "temp": "24.5",
                "tray": [
                    {"id": "0", "tray_type": "PLA", "remain": 64, "tag_uid": TAG},
                    {"id": "1", "tray_type": "PETG", "remain": -1, "tag_uid": NO_TAG},
                    {"id": "2", "tray_type": "ABS", "remain": 0, "tag_uid": NO_TAG},
                    {"id": "3"},
                ],
            }],
            "tray_now": "0",
        },
    }
}


def report(client, **members):
    client.publish(TOPIC, {"print": {"command": "push_status", "msg": 1, **members}})


def test_deltas_merge_into_one_state(gateway, client):
    client.publish(TOPIC, FULL)
    report(client, nozzle_temper=220.4)
    report(client, mc_percent=13, layer_num=8)
    report(client, ams={"ams": [{"id": "0", "tray": [{"id": "0", "remain": 63}]}]})
    client.publish(TOPIC, {"info": {"command": "get_version", "module": []}})
    wait_for(lambda: gateway.device(DEVICE)["supplies"]["filament.0.0"]["levelPercent"] == 63, "the last delta")
    gateway.settled(client)

    device = gateway.device(DEVICE)
    assert device["profile"] == "bambu-lab"
    assert (device["status"], device["equipmentState"]) == ("RUNNING", "productive")
    expected = {
        "nozzleTemp": 220.4, "nozzleTargetTemp": 220, "bedTemp": 60.1, "progress": 13, "layer": 8, "remainingMinutes": 95,
        "wifiSignal": -51, "printError": 0, "ams.0.humidity": 4, "ams.0.temp": 24.5,
    }
    assert {name: device["metrics"].get(name) for name in expected} == expected
    assert gateway.dead_letters() == []


def test_spool_without_tag_has_no_level_and_is_not_ordered(gateway, client):
    client.publish(TOPIC, FULL)
    wait_for(lambda: gateway.device(DEVICE)["supplies"], "the supplies")
    supplies = gateway.device(DEVICE)["supplies"]
    assert supplies["filament.0.0"]["levelPercent"] == 64
    assert supplies["filament.0.1"]["levelPercent"] is None
    assert supplies["filament.0.2"]["levelPercent"] is None
    # Told again as a delta, which does not repeat the tag.
    report(client, ams={"ams": [{"id": "0", "tray": [{"id": "1", "remain": -1}, {"id": "2", "remain": 0, "tag_uid": NO_TAG}]}]})
    gateway.settled(client)
    assert gateway.device(DEVICE)["supplies"]["filament.0.2"]["levelPercent"] is None
    assert gateway.api("orders")["orders"] == []


def test_hms_entry_raises_its_code_and_an_empty_list_clears_it(gateway, client):
    client.publish(TOPIC, FULL)
    report(client, hms=[{"attr": 50331904, "code": 65543}])
    wait_for(lambda: gateway.device(DEVICE)["alarms"] == ["HMS_0300_0100_0001_0007"], "the alarm")
    [alarm] = gateway.api("alarms")["alarms"]
    assert alarm["severity"] == "critical"

    # A delta without the list says nothing about it.
    report(client, nozzle_temper=25)
    report(client, hms=[{"attr": 50331904, "code": 65543}, {"attr": 0x0300_0D00, "code": 0x0001_0003}])
    wait_for(lambda: len(gateway.device(DEVICE)["alarms"]) == 2, "the second alarm")
    assert alarm["alarm"] in [item["alarm"] for item in gateway.api("alarms")["alarms"]]

    report(client, hms=[])
    wait_for(lambda: gateway.device(DEVICE)["alarms"] == [], "the end of the alarms")
    gateway.settled(client)
    kinds = [entry["kind"] for entry in gateway.api(f"journal?device={DEVICE}")["journal"]]
    assert (kinds.count("alarm.raised"), kinds.count("alarm.cleared")) == (2, 2)


def test_command_is_answered_by_its_sequence_id(gateway, client):
    def answer(topic, payload):
        request = json.loads(payload)["print"]
        reply = {"print": {"sequence_id": request["sequence_id"], "command": request["command"], "result": "SUCCESS", "reason": ""}}
        client.client.publish(TOPIC, json.dumps(reply), qos=1)
        client.client.publish(TOPIC, json.dumps({"print": {"command": "push_status", "hms": []}}), qos=1)

    client.publish(TOPIC, FULL)
    client.on_command = answer
    client.subscribe("device/+/request")
    report(client, hms=[{"attr": 0x0300_0D00, "code": 0x0001_0003}])
    wait_for(lambda: gateway.api("actions")["actions"][0]["outcome"] == "verified", "the verification")
    [(topic, payload)] = client.heard
    assert topic == f"device/{DEVICE}/request"
    assert json.loads(payload)["print"]["command"] == "resume"


def test_two_nozzles_each_with_its_own_metrics(gateway, client):
    info = [{"id": 0, "temp": 225 * 65536 + 334}, {"id": 1, "temp": 40}]
    report(client, nozzle_temper=40, device={"extruder": {"state": 0x112, "info": info}, "ctc": {"info": {"temp": 60 * 65536 + 48}}})
    wait_for(lambda: gateway.device(DEVICE)["metrics"].get("nozzle.0.temp") == 334, "the right nozzle")
    metrics = gateway.device(DEVICE)["metrics"]
    expected = {
        "nozzle.0.temp": 334, "nozzle.0.targetTemp": 225, "nozzle.1.temp": 40, "nozzle.1.targetTemp": 0, "nozzleTemp": 40,
        "chamberTemp": 48, "chamberTargetTemp": 60,
    }
    assert {name: metrics.get(name) for name in expected} == expected
    assert gateway.dead_letters() == []


def test_print_error_is_an_alarm_and_a_cancelled_print_is_none(gateway, client):
    report(client, gcode_state="RUNNING", print_error=0)
    report(client, gcode_state="FAILED", print_error=50348044)
    report(client, gcode_state="FAILED", print_error=0)
    report(client, gcode_state="RUNNING", print_error=0)
    report(client, gcode_state="PAUSE", print_error=50364420)
    wait_for(lambda: gateway.device(DEVICE)["alarms"] == ["PRINT_0300_8004"], "the alarm")
    report(client, gcode_state="RUNNING", print_error=0)
    wait_for(lambda: gateway.device(DEVICE)["alarms"] == [], "the end of the alarm")
    gateway.settled(client)
    journal = gateway.api(f"journal?device={DEVICE}")["journal"]
    kinds = [entry["kind"] for entry in journal]
    assert (kinds.count("incident.opened"), kinds.count("alarm.raised")) == (1, 1)


def test_common_notes_of_the_health_list_open_no_ticket(gateway, client):
    report(client, gcode_state="RUNNING", hms=[{"attr": 0x0C00_0300, "code": 0x0003_000B}, {"attr": 0x0C00_0300, "code": 0x0004_0001}])
    wait_for(lambda: gateway.device(DEVICE)["alarms"] == ["HMS_0C00_0300_0003_000B"], "the warning")
    [alarm] = gateway.api("alarms")["alarms"]
    assert alarm["severity"] == "warning"
    gateway.settled(client)
    assert gateway.api("tickets")["tickets"] == []


def test_an_emptied_tray_has_no_level(gateway, client):
    client.publish(TOPIC, FULL)
    wait_for(lambda: gateway.device(DEVICE)["supplies"]["filament.0.0"]["levelPercent"] == 64, "the level")
    report(client, ams={"ams": [{"id": "0", "tray": [{"id": "0", "state": 10}]}]})
    wait_for(lambda: gateway.device(DEVICE)["supplies"]["filament.0.0"]["reported"].get("unknown") == "saidToMeanNothing", "the empty tray")
    gateway.settled(client)
    assert gateway.api("orders")["orders"] == []
