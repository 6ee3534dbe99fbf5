"""What detectors find unusual, and a person's word that it is normal: command line, API and page, at the running gateway."""

import random
import urllib.error
import urllib.parse
import urllib.request

import pytest
from conftest import now_ms, wait_for

KILN = """{
  profile: "kiln", gapSeconds: 900, allowedLatenessSeconds: 0,
  messages: [{ topic: "kilns/{device}", time: { pointer: "/ts" } }],
  metrics: { temp: { pointer: "/temp", unit: "Cel" } },
  faults: { hot: { severity: "critical", text: "Too hot", raise: { metric: "temp", above: 900 } } },
}
"""
DAYS = 6
STEP_MS = 300_000


@pytest.fixture
def kiln(make, broker, tmp_path):
    directory = tmp_path / "kilns"
    directory.mkdir()
    (directory / "kiln.json").write_text(KILN)
    return make.gateway(broker, profiles=[str(directory)])


def tell_the_past(client, device="k1"):
    """Six days of readings every five minutes; in the last two hours 40 degrees above."""
    noise = random.Random(7)
    end = now_ms()
    count = DAYS * 288
    for step in range(count):
        shift = 40 if step >= count - 24 else 0
        client.publish(f"kilns/{device}", {"ts": end - (count - step) * STEP_MS, "temp": round(200 + noise.uniform(-2, 2) + shift, 2)})


def warning(gateway, device="k1"):
    alarms = gateway.api(f"alarms?device={device}&source=anomaly&all=true")["alarms"]
    return alarms[0] if alarms else None


def send_form(gateway, **fields):
    """Sends the page's form as a browser does; the status, and the page that it ends at."""
    address = gateway.url + "/anomalies"
    data = urllib.parse.urlencode(fields).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data=data), timeout=20) as answer:
            return answer.status, answer.geturl(), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, address, error.read().decode()


def test_a_warning_is_called_normal_in_the_terminal(kiln, client):
    tell_the_past(client)
    known = wait_for(lambda: warning(kiln), "the warning", seconds=60)
    assert known["condition"] == "anomaly:temp" and known["active"]
    listed = kiln.cli("anomalies")
    assert listed.returncode == 0 and "Cel" in listed.stdout and known["alarm"] in listed.stdout
    result = kiln.cli("anomalies", "--normal", known["alarm"], "--by", "ada", "--reason", "new glaze")
    assert result.returncode == 0 and "is called normal" in result.stdout, result.stderr
    wait_for(lambda: not warning(kiln)["active"], "its end")
    assert warning(kiln)["calledNormalBy"] == "ada"
    assert "Nothing is unusual" in kiln.cli("anomalies").stdout
    assert "normal, says ada" in kiln.cli("anomalies", "--all").stdout
    explained = kiln.api("devices/k1/explain")["watches"][0]
    assert 40 < explained["calledNormal"]["above"] < 60, explained
    assert "normal" in kiln.cli("explain", "k1").stdout
    line = [e for e in kiln.api("journal?device=k1")["journal"] if e["kind"] == "anomaly.normal"]
    assert [(e["by"], e["reason"]) for e in line] == [("ada", "new glaze")]
    # It is remembered by the snapshot, or read again from the inbox.
    kiln.restart()
    assert kiln.api("devices/k1/explain")["watches"][0]["calledNormal"] == explained["calledNormal"]
    result = kiln.cli("anomalies", "--unusual", known["alarm"], "--by", "bo")
    assert result.returncode == 0 and "unusual again" in result.stdout, result.stderr
    wait_for(lambda: "calledNormal" not in kiln.api("devices/k1/explain")["watches"][0], "that it is forgotten")
    assert warning(kiln).get("calledNormalBy") is None


def test_what_cannot_be_called_normal_says_why(kiln, client):
    client.publish("kilns/k2", {"ts": now_ms(), "temp": 950})
    hot = wait_for(lambda: (kiln.api("alarms?device=k2")["alarms"] or [None])[0], "the alarm")["alarm"]
    for words, code, text in [
        (["--normal", hot], 1, "only what a detector found"),
        (["--unusual", hot], 1, "only what a detector found"),
        (["--normal", "al-none"], 3, "no alarm"),
        (["--normal", hot, "--unusual", hot], 2, "exclude each other"),
        (["--reason", "x"], 2, "belongs to --normal"),
    ]:
        result = kiln.cli("anomalies", *words)
        assert result.returncode == code and text in result.stderr, (words, result)
    assert kiln.post(f"alarms/{hot}/normality", {"by": "ada"}) == 409
    assert kiln.post(f"alarms/{hot}/normality", {}) == 400
    assert kiln.post(f"alarms/{hot}/unusualness", {"by": "ada", "why": "x"}) == 400
    assert kiln.request("/api/v1/alarms?source=weather")[0] == 400


def test_the_page_takes_the_word_of_who_has_the_token(kiln, client):
    tell_the_past(client)
    known = wait_for(lambda: warning(kiln), "the warning", seconds=60)["alarm"]
    page = kiln.request("/anomalies")[2].decode()
    assert known in page and "This is normal" in page and "<script" not in page
    assert b"/anomalies" in kiln.request("/")[2]
    token = kiln.token_file.read_text().strip()
    for fields, status, text in [
        ({"alarm": known, "judgement": "normal", "by": "ada"}, 403, "not the operator&#39;s token"),
        ({"alarm": known, "judgement": "normal", "by": "ada", "token": token + "x"}, 403, "not the operator&#39;s token"),
        ({"alarm": known, "judgement": "normal", "by": " ", "token": token}, 400, "Say who you are"),
        ({"alarm": known, "judgement": "odd", "by": "ada", "token": token}, 400, "not complete"),
        ({"alarm": "al-none", "judgement": "normal", "by": "ada", "token": token}, 404, "forgotten"),
        ({"alarm": known, "judgement": "unusual", "by": "ada", "token": token}, 409, "cannot be said"),
    ]:
        answer = send_form(kiln, **fields)
        assert answer[0] == status and (text in answer[2] or text.replace("&#39;", "'") in answer[2]), (fields, answer)
    assert warning(kiln)["active"], "a refused form changed something"
    status, address, page = send_form(
        kiln, alarm=known, judgement="normal", by="<b>ada</b>", reason="glaze & <script>alert(1)</script>", token=token)
    assert status == 200 and address.endswith("/anomalies?done=normal") and "Noted" in page
    wait_for(lambda: not warning(kiln)["active"], "its end")
    page = kiln.request("/anomalies")[2].decode()
    assert "normal, says" in page and "unusual after all" in page and "<b>ada" not in page and "<script" not in page
    # A page of another site cannot send it, not even with the token.
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example"}
    body = urllib.parse.urlencode({"alarm": known, "judgement": "unusual", "by": "eve", "token": token}).encode()
    request = urllib.request.Request(kiln.url + "/anomalies", data=body, headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    assert refused.value.code == 403
    # Other paths take no form.
    request = urllib.request.Request(
        f"{kiln.url}/api/v1/alarms/{known}/normality", data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Bearer {token}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    assert refused.value.code == 415
