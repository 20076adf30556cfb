import json

import pytest


def test_speed(command, monkeypatch):
    from fracture_core.training import speed

    monkeypatch.setattr(speed, "_SECONDS", 0.0)
    said = command("speed", "small_fcn", "--size", 64, "--batch", 2)
    assert said.status == 0
    found = json.loads(said.out)
    assert found["trained"] > 0
    assert found["parameters"] == 46_929
    assert "Timing the validation" in said.err or not said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["small_fcn", "--size", 100], "multiple of 32"),
        (["small_fcn", "--batch", 0], "Expected batch from 1"),
        (["small_fcn", "--size", 64, "--freeze-before", "nonesuch"], "has no 'nonesuch'"),
    ],
)
def test_what_cannot_be_measured_is_a_sentence(command, words, sentence):
    said = command("speed", *words)
    assert (said.status, said.out) == (1, "")
    assert sentence in said.err
