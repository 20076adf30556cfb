"""Release checks of a model, from its card and compared with the model in use."""

from dataclasses import replace

import pytest

from fracture_core.evaluation import Interval, PlattCalibration
from fracture_core.registry.card import ModelCard
from fracture_core.registry.release_checks import Check, failed_checks, model_warning
from fracture_core.registry.store import SHIPPED_MODEL
from fracture_core.vocabulary import CITATIONS


@pytest.fixture
def shipped_card(shipped_models) -> ModelCard:
    return ModelCard.load(shipped_models / SHIPPED_MODEL / "card.json")


def _with_auc(card: ModelCard, low: float, value: float, high: float) -> ModelCard:
    return replace(card, test=replace(card.test, auc=Interval(value, low, high, 120)))


def _with_data(card: ModelCard, **changes) -> ModelCard:
    return replace(card, data=replace(card.data, **changes))


def _failed_checks(*checks) -> list[Check]:
    return [failed.check for failed in failed_checks(*checks)]


def test_shipped_model_passes_all_checks(shipped_card):
    assert _failed_checks(shipped_card) == []
    assert model_warning(shipped_card) == ""


def test_model_without_a_test_record(shipped_card):
    (failed,) = failed_checks(replace(shipped_card, test=None))
    assert failed.check is Check.NO_TEST_RECORD
    assert failed.sentence.startswith("The model has no test record.")


@pytest.mark.parametrize(
    ("low", "value", "high", "fails"),
    [
        (0.51, 0.57, 0.62, False),
        (0.5, 0.57, 0.62, True),
        (0.3, 0.4, 0.48, True),
        (float("nan"), 0.9, float("nan"), True),
    ],
)
def test_lower_bound_of_the_auc_must_be_above_chance(shipped_card, low, value, high, fails):
    assert (Check.AUC_NOT_ABOVE_CHANCE in _failed_checks(_with_auc(shipped_card, low, value, high))) is fails


@pytest.mark.parametrize(
    ("low", "high", "fails"),
    [(-0.2, -0.01, True), (-0.2, 0.01, False), (0.01, 0.2, False), (float("nan"), float("nan"), False)],
)
def test_worse_than_the_model_in_use(shipped_card, low, high, fails):
    difference = Interval(-0.1, low, high, 529)
    assert (Check.WORSE_THAN_IN_USE in _failed_checks(shipped_card, difference)) is fails


@pytest.mark.parametrize(
    ("data", "synthetic"),
    [
        ({}, False),
        ({"layout": "phantom", "name": "mine"}, True),
        # A manifest, such as a clean split, keeps the citation of the dataset.
        ({"layout": "csv", "name": CITATIONS["phantom"]}, True),
        ({"layout": "csv", "name": CITATIONS["mura"]}, False),
        ({"layout": "folders", "name": "mine"}, None),
    ],
)
def test_synthetic_training_images_are_recognised(shipped_card, data, synthetic):
    card = _with_data(shipped_card, **data)
    assert card.synthetic is synthetic
    assert (Check.SYNTHETIC_TRAINING in _failed_checks(card)) is (synthetic is True)


def test_origin_of_loaded_weights_is_unknown(shipped_card):
    assert replace(shipped_card, data=None).synthetic is None


def test_no_calibration_and_no_reference_prediction(shipped_card):
    card = replace(shipped_card, calibration=PlattCalibration.identity(), golden=float("nan"))
    assert _failed_checks(card) == [Check.NOT_CALIBRATED, Check.NO_REFERENCE_PREDICTION]
    # Both concern the release only; predictions carry no warning about them.
    assert model_warning(card) == ""


def test_warning_is_one_sentence_with_the_name_of_the_model(shipped_card):
    card = _with_data(_with_auc(shipped_card, 0.45, 0.57, 0.68), layout="phantom")
    warning = model_warning(card)
    assert warning == (
        f"The model {SHIPPED_MODEL} was trained on synthetic images and has a test AUC of 0.57 (95% CI 0.45–0.68, n = "
        f"120), "
        "not shown to be above chance (0.5): do not rely on its verdicts."
    )
    assert "has no test record" in model_warning(replace(shipped_card, test=None))
