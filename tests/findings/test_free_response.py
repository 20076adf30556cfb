"""FROC, JAFROC and average precision, against values computed by hand."""

import math

import numpy as np
import pytest

from fracture_core.findings.average_precision import average_precision
from fracture_core.findings.free_response import MarkedImage, intersection_over_union, sort_marks

_LESION = (0.0, 0.0, 0.2, 0.2)
_OTHER_LESION = (0.6, 0.6, 0.8, 0.8)
_ELSEWHERE = (0.4, 0.4, 0.5, 0.5)


def _hits(mark, lesion) -> bool:
    return intersection_over_union(mark, lesion) > 0.5


#: Lesions rated 0.9 and 0.3 and one without a mark; false marks 0.6 on a fractured and 0.5 on a normal image.
IMAGES = [
    MarkedImage(
        (_LESION, _OTHER_LESION), ((_LESION, 0.9), (_ELSEWHERE, 0.6), (_OTHER_LESION, 0.3)), group="a"
    ),
    MarkedImage((_LESION,), (), group="b"),
    MarkedImage((), ((_ELSEWHERE, 0.5),), group="c"),
    MarkedImage((), (), group="d"),
]


def test_sensitivity_at_false_marks_per_image():
    response = sort_marks(IMAGES, _hits)
    # Without a false mark only 0.9 counts; one mark in four images allows all above 0.5; two allow all.
    assert response.sensitivity(0.0).value == pytest.approx(1 / 3)
    assert response.sensitivity(0.25).value == pytest.approx(1 / 3)
    assert response.sensitivity(0.5).value == pytest.approx(2 / 3)
    assert response.threshold(0.0) == 0.6
    assert response.threshold(0.25) == 0.5
    assert response.threshold(0.5) == -math.inf


def test_curve_has_a_point_for_each_false_mark():
    # Ratings of false marks: 0.6, 0.5. Above 0.6 only the lesion rated 0.9 is found; with all marks two of three.
    expected = [(0.0, 1 / 3), (0.25, 1 / 3), (0.5, 2 / 3)]
    np.testing.assert_allclose(sort_marks(IMAGES, _hits).curve(), expected)


def test_figure_of_merit_counts_pairs_of_lesions_and_normal_images():
    # Normal images: 0.5 and no mark. Lesion 0.9 wins both; 0.3 loses and wins; the unmarked one loses and ties.
    assert sort_marks(IMAGES, _hits).figure_of_merit().value == pytest.approx((2 + 1 + 0.5) / 6)


def test_intervals_contain_the_value_and_resample_groups():
    interval = sort_marks(IMAGES, _hits).sensitivity(0.5)
    assert interval.low <= interval.value <= interval.high
    assert interval.n == 3
    one_group = sort_marks([MarkedImage(image.lesions, image.marks) for image in IMAGES], _hits).sensitivity(
        0.5
    )
    assert one_group.low == one_group.value == one_group.high


def test_without_lesions_or_marks():
    normal = sort_marks([MarkedImage((), ((_ELSEWHERE, 0.5),))], _hits)
    assert not normal.sensitivity(0.5).is_measured
    assert not normal.figure_of_merit().is_measured
    silent = sort_marks([MarkedImage((_LESION,), ()), MarkedImage((), ())], _hits)
    assert silent.sensitivity(0.5).value == 0
    assert silent.figure_of_merit().value == 0.5
    assert not average_precision([MarkedImage((), ())], 0.5).is_measured
    assert average_precision([MarkedImage((_LESION,), ())], 0.5).value == 0


def test_average_precision_by_hand():
    # Ranked: right 0.9, wrong 0.6, wrong 0.5, right 0.3. Precision 1 up to recall 1/3, then 1/2 up to 2/3, then 0.
    recalls = np.linspace(0, 1, 101)
    expected = np.where(recalls <= 1 / 3, 1.0, np.where(recalls <= 2 / 3, 0.5, 0.0)).mean()
    assert average_precision(IMAGES, 0.5).value == pytest.approx(expected)


def test_average_precision_equals_that_of_pycocotools():
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(0)
    images = []
    for group in range(40):
        lesions = [
            tuple(np.concatenate([corner, corner + 0.2]))
            for corner in rng.uniform(0, 0.8, (rng.integers(0, 3), 2))
        ]
        marks = [
            (tuple(np.clip(np.array(box) + rng.normal(0, 0.03, 4), 0, 1)), rng.uniform(0.3, 1))
            for box in lesions
        ]
        marks += [((0.1, 0.1, 0.2, 0.3), float(rng.uniform(0, 0.8)))] * int(rng.integers(0, 2))
        images.append(MarkedImage(tuple(lesions), tuple(marks), group=str(group)))
    found = []
    accumulate = COCOeval.evaluate

    def evaluate(self):
        accumulate(self)
        self.accumulate()
        precision = self.eval["precision"]
        found.append(float(precision[precision > -1].mean()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(COCOeval, "evaluate", evaluate)
        value = average_precision(images, 0.5).value
    assert 0.3 < value < 1
    assert value == pytest.approx(found[0], abs=1e-6)
