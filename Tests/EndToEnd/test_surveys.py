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
