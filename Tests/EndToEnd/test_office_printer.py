"""Office printers: the JSON of an SNMP collector through `steward profile test`. The numbers are of no device."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEWARD = pathlib.Path(os.environ.get("STEWARD", ROOT / ".build/release/steward")).resolve()
PROFILE = ROOT / "DeviceProfiles/office-printer"


def trial(payload, *words):
    result = subprocess.run(
        [STEWARD, "profile", "test", "--profile", PROFILE, "--topic", "printers/p7/status", "--time", "1750000100000", *words],
        input=json.dumps(payload), capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout + result.stderr
    return result.stdout


def device(payload):
    answer = json.loads(trial(payload, "--json"))
    assert answer["problems"] == [], answer
    return answer["devices"][0], answer["unused"]


def row(index, level, capacity, **members):
    names = {"Class": "prtMarkerSuppliesClass", "Type": "prtMarkerSuppliesType", "Unit": "prtMarkerSuppliesSupplyUnit",
             "Description": "prtMarkerSuppliesDescription"}
    more = {names.get(name, name): value for name, value in members.items()}
    return {"prtMarkerSuppliesIndex": index, "prtMarkerSuppliesMaxCapacity": capacity, "prtMarkerSuppliesLevel": level, **more}


ROWS = [
    (row(1, 3910, 9200, Class=3, Type=21, Unit=7, Description="Black Toner, PN 12K9;SN77B40021"),
     {"levelPercent": 42.5, "resolutionPercent": 100 / 9200, "label": "Black Toner", "type": "toner-cartridge", "partNumber": "12K9",
      "serialNumber": "77B40021"}),
    (row(2, -3, 50, Class=4, Type="wasteToner", Description="Waste Toner Box\0"),
     {"levelPercent": None, "lowPercent": 2, "highPercent": 100, "reason": "some remaining, 2 to 100 %", "label": "Waste Toner Box",
      "type": "waste-toner"}),
    (row(3, -2, -2, Type="inkCartridge", Description="43 79 61 6E 20 49 6E 6B"),
     {"levelPercent": None, "unknown": "deviceDoesNotKnow", "reason": "the device says that it does not know the level (-2)",
      "label": "Cyan Ink", "type": "ink-cartridge"}),
    (row(4, -1, 100), {"levelPercent": None, "noLimit": True, "reason": "the device says that nothing here can run out (-1)"}),
    (row(5, 61, -2, Type="ink-cartridge"), {"levelPercent": 61, "resolutionPercent": 1, "type": "ink-cartridge"}),
    (row(6, 61, 0, Unit=19), {"levelPercent": 61, "resolutionPercent": 1}),
    (row(7, -100, 100), {"levelPercent": None, "lowPercent": 0, "highPercent": 10, "reason": "some remaining, 0 to 10 %"}),
    (row(8, 70, -1, Unit=18), {"levelPercent": None, "unknown": "capacityUnlimited",
                               "reason": "there is an amount, but the capacity has no limit (-1)"}),
]


def test_each_row_is_a_value_an_interval_or_a_named_unknown():
    found, unused = device({"time": 1750000000, "prtMarkerSupplies": [given for given, _ in ROWS]})
    assert unused == []
    expected = [{"supply": str(index), **want} for index, (_, want) in enumerate(ROWS, 1)]
    for supply, want in zip(found["supplies"], expected, strict=True):
        assert supply.keys() == want.keys(), (supply, want)
        for key, value in want.items():
            assert supply[key] == (pytest.approx(value) if isinstance(value, float) else value), (key, supply)


def test_people_see_it_too():
    shown = trial({"prtMarkerSupplies": [given for given, _ in ROWS]})
    for text in ("43 %", "2: some remaining, 2 to 100 %", "Black Toner, toner-cartridge, part 12K9", "has no limit (-1)"):
        assert text in shown, shown


@pytest.mark.parametrize("index,level,capacity", [("Index", "Level", "MaxCapacity"), ("index", "level", "maxCapacity"), (None, "level", "maxCapacity")])
def test_other_collectors_names(index, level, capacity):
    rows = [{**({index: position} if index else {}), level: str(9 + position), capacity: "50"} for position in (1, 2)]
    found, unused = device({"prtMarkerSupplies": rows, "prtInput": [{"name": "Tray 1", "currentLevel": -3, "maxCapacity": 500}]})
    assert [(s["supply"], s["levelPercent"]) for s in found["supplies"]] == [("1", 20), ("2", 22), ("tray.1", None)]
    assert found["supplies"][2]["lowPercent"] == 0.2 and unused == []


@pytest.mark.parametrize("octets", ["@\4", "Hex-STRING: 40 04 ", '"40 04 "', r"b'@\x04'", "4004", "0x4004", "40 04", "QAQ=", [64, 4], 16388, {"type": "Buffer", "data": [64, 4]}, ["no-paper", "inputTrayEmpty"]])
def test_error_bits(octets):
    found, _ = device({"hrPrinterDetectedErrorState": octets})
    assert {(alarm["condition"], alarm["severity"], alarm["text"]) for alarm in found["alarms"]} == {
        ("noPaper", "minor", "The paper is out"), ("inputTrayEmpty", "warning", "An input tray is empty")}


def test_alert_rows_and_states():
    def alert(code, severity, group, text=None):
        said = {"prtAlertDescription": text} if text else {}
        return {"prtAlertCode": code, "prtAlertSeverityLevel": severity, "prtAlertGroup": group, "prtAlertGroupIndex": 2, **said}

    rows = [alert(8, 3, 13, "Jam at the rear"), alert(807, 4, 8), alert(1002, 3, 10), alert(23, 4, 5), alert(39, 3, 5), alert(2, 1, 5)]
    found, _ = device({"hrDeviceStatus": "down(5)", "hrPrinterStatus": 1, "prtMarkerLifeCount": "48210", "prtAlert": rows})
    assert {(alarm["condition"], alarm["severity"], alarm["text"]) for alarm in found["alarms"]} == {
        ("prt-8-13-2", "minor", "Jam at the rear"), ("prt-807-8-2", "warning", "The paper is low"),
        ("prt-1002-10-2", "major", "The fuser is too hot"), ("prt-39-5-2", "minor", "prt-39-5-2"), ("prt-2-5-2", "warning", "prt-2-5-2")}
    assert {state["metric"]: state["value"] for state in found["states"]} == {"deviceStatus": "down", "printerStatus": "other"}
    assert found["equipmentState"] == "unscheduledDowntime"
    assert [(r["metric"], r["value"]) for r in found["readings"]] == [("pageCount", 48210)]
