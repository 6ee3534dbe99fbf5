"""Device profiles of the tests, with deadlines of a second or two where the shipped ones wait for minutes."""

import copy
import json

BENCH = {
    "profile": "bench",
    "messages": [{"topic": "bench/{device}/telemetry", "format": "json", "time": {"pointer": "/ts", "unit": "milliseconds"}}],
    "replies": [{"topic": "bench/{device}/replies", "requestId": "/requestId", "outcome": "/outcome", "success": ["ok"]}],
    "metrics": {
        "status": {"pointer": "/status", "kind": "state", "states": ["idle", "printing", "error"]},
        "temp": {"pointer": "/temp", "kind": "gauge", "unit": "Cel"},
    },
    "status": {"metric": "status", "productive": ["printing"], "standby": ["idle"], "unscheduledDowntime": ["error"]},
    "alerts": [{"pointer": "/errors", "severity": "major", "codes": {"jam": {"text": "Paper jam", "playbook": "clear"}}}],
    "commands": {
        "clear": {"topic": "bench/{device}/commands/clear", "payload": {"requestId": "{requestId}"}, "deadlineSeconds": 1},
        "restart": {"topic": "bench/{device}/commands/restart", "payload": {"requestId": "{requestId}"}, "deadlineSeconds": 1},
    },
    "playbooks": {
        "clear": {
            "steps": [{"command": "clear", "verifySeconds": 1}, {"command": "restart", "verifySeconds": 1}],
            "ticket": "The jam needs a person",
        }
    },
}


def bench(**changes):
    profile = copy.deepcopy(BENCH)
    profile.update(changes)
    return profile


def write(directory, *profiles):
    directory.mkdir(exist_ok=True)
    for profile in profiles:
        (directory / f"{profile['profile']}.json").write_text(json.dumps(profile, indent=2))
    return directory
