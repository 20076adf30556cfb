"""Rules by which a heatmap method passes the trust tests, and the default method."""

from dataclasses import replace

import pytest
from trust_results import GOOD, interval_around, localisation_with, similarity_of, trust_of

from fracture_core.errors import DataError
from fracture_core.evaluation.interval import Interval
from fracture_core.explain.trust_record import (
    IMAGE_CHANGES,
    HeatmapTrust,
    default_method,
    failed_text,
)


def test_good_method_passes():
    assert set(GOOD.results.values()) == {True}
    assert GOOD.failed == ()
    assert failed_text(GOOD.failed) == "passes all tests"


@pytest.mark.parametrize(
    ("test", "changes"),
    [
        ("localisation", {"gain": interval_around(0.04)}),
        ("localisation", {"gain": Interval.unknown()}),
        ("faithfulness", {"deletion": interval_around(0.02)}),
        ("faithfulness", {"insertion": interval_around(-0.1)}),
        ("randomisation", {"randomised": [similarity_of(0.1), similarity_of(0.3)]}),
        ("repeatability", {"second_training": similarity_of(0.22)}),
        ("stability", {"changed": {**GOOD.changed, "jpeg": similarity_of(0.79)}}),
    ],
)
def test_each_test_can_fail(test, changes):
    assert replace(GOOD, **changes).failed == (test,)


def test_repeatability_without_a_second_training_is_neither_passed_nor_failed():
    single = replace(GOOD, second_training=None)
    assert single.results["repeatability"] is None
    assert single.failed == ()


def test_default_fails_the_fewest_tests_and_localises_best():
    unstable = replace(
        GOOD, marked=localisation_with(0.9), changed={name: similarity_of(0.5) for name in IMAGE_CHANGES}
    )
    better = replace(GOOD, marked=localisation_with(0.5))
    trust = trust_of(grad_cam=GOOD, layer_cam=better, saliency=unstable)
    assert trust.best == "layer_cam"
    assert default_method(trust, ("grad_cam", "layer_cam")) == "layer_cam"
    # Without TensorFlow, only methods of the exported network can be chosen.
    assert default_method(trust, ("grad_cam", "fracture_map")) == "grad_cam"


def test_default_without_tests():
    assert default_method(None, ("grad_cam", "fracture_map")) == "fracture_map"
    assert default_method(None, ("grad_cam", "saliency")) == "grad_cam"


def test_record_is_stored_and_checked():
    trust = trust_of(grad_cam=GOOD)
    assert HeatmapTrust.from_json(trust.to_json()) == trust
    text = "\n".join(trust.lines())
    assert "Grad-CAM: passes all tests" in text
    assert "baseline centre" in text
    with pytest.raises(DataError, match="heatmap methods"):
        HeatmapTrust.from_json({**trust.to_json(), "methods": {"magic": GOOD.to_json()}})
    with pytest.raises(DataError, match="missing"):
        replace(GOOD, randomised=[])
