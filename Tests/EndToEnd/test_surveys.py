"""Answers of customers are counted once and shown as scores."""

import pytest
from conftest import wait_for


def test_scores_count_each_answer_once(gateway):
    answers = [("a1", "ces", [7]), ("a2", "ces", [5]), ("a3", "ces", [2]), ("a4", "ces", [6]), ("v1", "ves", [6, 5])]
    for identifier, question, values in answers * 2:
        body = {"id": identifier, "question": question, "values": values, "context": "afterRemoteFix", "device": "p1"}
        assert gateway.post("surveys", body) == 202

    def scores():
        experience = gateway.api("status")["experience"]
        return experience if experience["ves"] and experience["ces"]["answers"] == 4 else None

    experience = wait_for(scores, "the scores")
    assert experience["ces"]["value"] == pytest.approx(0.75)
    assert experience["ves"] == {**experience["ves"], "answers": 1, "value": 5.5}
    assert experience["ces"]["low"] <= 0.75 <= experience["ces"]["high"]
    assert experience["nps"] is None

    gateway.restart()
    assert gateway.api("status")["experience"] == experience
    assert gateway.post("surveys", {"id": "a1", "question": "ces", "values": [7]}) == 202
    assert gateway.api("status")["experience"] == experience


def test_corrections_withdrawals_and_exports_that_are_sent_again(gateway):
    def say(identifier, value):
        assert gateway.post("surveys", {"id": identifier, "question": "nps", "values": [value]}) == 202

    def nps(**expected):
        def now():
            found = gateway.api("status")["experience"]["nps"] or {"answers": 0, "value": None}
            return {key: found[key] for key in expected} == expected

        wait_for(now, f"{expected}")

    for identifier, value in [("a0", 10), ("a1", 3), ("a2", 8)]:
        say(identifier, value)
    nps(answers=3, value=0)
    say("a1", 9)
    nps(answers=3, value=pytest.approx(200 / 3))
    assert gateway.post("surveys/a1/withdrawal", {"by": "kim"}) == 202
    nps(answers=2, value=50)
    assert gateway.post("surveys/a1/withdrawal", {"by": "kim"}) == 404
    assert gateway.post("surveys/none/withdrawal", {"by": "kim"}) == 404
    for _ in range(2):
        for number in range(300):
            say(f"x{number}", 9)
    say("a1", 9)
    nps(answers=302)
    gateway.restart()
    say("x0", 9)
    say("last", 9)
    nps(answers=303)
    journal = [entry["kind"] for entry in gateway.api("journal?kind=survey.withdrawn")["journal"]]
    assert journal == ["survey.withdrawn"]
