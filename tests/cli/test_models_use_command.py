"""The commands `models use`, `models history` and `models back`."""

import json
import shutil
from dataclasses import replace

import pytest

from fracture_core.evaluation import Interval
from fracture_core.registry.card import ModelCard


@pytest.fixture
def passing_model(store) -> str:
    """A copy of `tiny` whose record passes every check."""
    shutil.copytree(store.root / "tiny", store.root / "zeta")
    card = ModelCard.load(store.root / "zeta" / "card.json")
    test = replace(card.test, auc=Interval(0.8, 0.7, 0.9, card.test.n))
    replace(card, id="zeta", test=test).save(store.root / "zeta" / "card.json")
    return "zeta"


def test_a_model_that_passes_its_checks_is_put_in_use(run_command, store, passing_model):
    result = run_command("models", "use", passing_model)
    assert (result.status, result.out) == (0, "zeta is in use.\n")
    assert store.model_in_use() == "zeta"
    # The comparison is on standard error.
    assert "0.80 (95% CI 0.70–0.90" in result.err
    assert "test images in" in result.err


def test_a_model_that_fails_a_check_is_refused_without_a_reason(run_command, store, passing_model, edit_card):
    run_command("models", "use", passing_model)
    edit_card(test=None)
    result = run_command("models", "use", "tiny")
    assert (result.status, result.out) == (1, "")
    assert "Warning: The model has no test record." in result.err
    assert "fails 1 check (no test record): give a reason" in result.err
    assert store.model_in_use() == "zeta"
    result = run_command("models", "use", "tiny", "--reason", "for a course")
    assert (result.status, result.out) == (0, "tiny is in use.\n")
    assert store.history()[-1].reason == "for a course"


def test_the_model_in_use_needs_no_reason(run_command, store):
    result = run_command("models", "use", "tiny")
    assert (result.status, result.out, result.err) == (0, "tiny is in use.\n", "")


def test_history_and_back(run_command, store, passing_model):
    assert run_command("models", "history").out == "The model in use has not been changed yet.\n"
    run_command("models", "use", passing_model, "--reason", "better")
    result = run_command("models", "history")
    assert result.status == 0
    assert "tiny → zeta  (use)" in result.out
    assert "reason: better" in result.out
    (change,) = json.loads(run_command("models", "history", "--format", "json").out)
    assert (change["from"]["id"], change["to"]["id"], change["reason"]) == ("tiny", "zeta", "better")

    result = run_command("models", "back")
    assert (result.status, result.out) == (0, "tiny is in use again.\n")
    assert run_command("models", "history").out.splitlines()[0].endswith("zeta → tiny  (back)")
    result = run_command("models", "back")
    assert (result.status, result.out) == (1, "")
    assert "There is no earlier model to return to" in result.err


def test_back_to_a_deleted_model(run_command, store, passing_model):
    run_command("models", "use", passing_model)
    store.delete("tiny")
    result = run_command("models", "back")
    assert (result.status, result.out) == (1, "")
    assert "The previous model, tiny, was deleted" in result.err
    assert store.model_in_use() == "zeta"
