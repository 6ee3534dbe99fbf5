"""Wrong requests are answered with problem details (RFC 9457) that say what is wrong, and change nothing."""

import http.client
import json

import pytest
from conftest import DEADLINE_SECONDS

SURVEY = {"id": "x", "question": "ces", "values": [6]}


@pytest.fixture
def gateway(make):
    return make.gateway(connected=False)


BODIES = {
    "empty": (b"", ""),
    "no JSON": (b"id=1", ""),
    "truncated": (b'{"id": "x", "question": "ces", ', ""),
    "a list": (b"[]", "object"),
    "deep": (b"[" * 10_000, "deep"),
    "invalid UTF-8": (b'{"id": "\xff\xfe"}', "UTF-8"),
    "twice": (b'{"id": "x", "id": "y", "question": "ces", "values": [6]}', "id"),
    "unknown question": ({**SURVEY, "question": "nqs"}, "nps"),
    "unknown member": ({**SURVEY, "valeus": [1]}, "values"),
    "out of scale": ({**SURVEY, "values": [8]}, "between 1 and 7"),
    "a mean": ({**SURVEY, "values": [5.5]}, "whole number"),
    "too few": ({**SURVEY, "question": "ves"}, "2 value"),
    "too many": ({**SURVEY, "values": [1, 2]}, "1 value"),
    "a word among the values": ({**SURVEY, "values": [6, "six"]}, "number"),
    "no id": ({"question": "ces", "values": [6]}, "id"),
    "long id": ({**SURVEY, "id": "x" * 129}, "128"),
    "id of another type": ({**SURVEY, "id": 5}, "string"),
    "huge number": (b'{"id": "x", "question": "ces", "values": [1e999]}', ""),
}


@pytest.mark.parametrize("body,says", BODIES.values(), ids=BODIES.keys())
def test_wrong_survey(gateway, body, says):
    status, kind, answer = gateway.request("/api/v1/surveys", body)
    assert status == 400
    assert kind == "application/problem+json"
    problem = json.loads(answer)
    assert problem["status"] == 400 and problem["title"]
    assert says in problem["detail"]
    assert all(score is None for score in gateway.api("status")["experience"].values())


@pytest.mark.parametrize(
    "path", ["orders/or-none/updates", "alarms/al-none/acknowledgement", "tickets/ti-none/closure", "nothing", "devices/none/x"])
def test_unknown_target_is_404(gateway, path):
    status, kind, answer = gateway.request("/api/v1/" + path, {"state": "accepted", "by": "Ada"})
    assert (status, kind) == (404, "application/problem+json")
    assert json.loads(answer)["status"] == 404


def test_unknown_device_and_metric_are_404_and_wrong_method_is_405(gateway):
    assert gateway.request("/api/v1/devices/none")[:2] == (404, "application/problem+json")
    assert gateway.request("/api/v1/devices/none/history/x")[0] == 404
    assert gateway.request("/api/v1/status", {})[0] == 405
    assert gateway.request("/api/v1/surveys")[0] == 405


def test_body_beyond_the_limit_is_413_before_it_is_sent(gateway):
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=DEADLINE_SECONDS)
    connection.putrequest("POST", "/api/v1/surveys")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(64 << 20))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")
    connection.close()
