"""The findings record by region and lesion size, against values counted by hand."""

import pytest

from fracture_core.evaluation.calibration import PlattCalibration
from fracture_core.findings import FindingSettings, FindingsRecord, measure_findings
from fracture_core.findings.free_response import MarkedImage

_SMALL = (0.1, 0.1, 0.12, 0.12)
_LARGE = (0.5, 0.5, 0.8, 0.8)
_ELSEWHERE = (0.3, 0.1, 0.4, 0.2)
_SETTINGS = FindingSettings(0.5, PlattCalibration(1.0, 0.0), possible=0.4, definite=0.8)

IMAGES = [
    # Both fractures have a box; the strongest one is right.
    MarkedImage((_SMALL, _LARGE), ((_LARGE, 0.9), (_SMALL, 0.5)), group="a", regions=("hand",)),
    # A missed small fracture; the strongest candidate is wrong and shown.
    MarkedImage((_SMALL,), ((_ELSEWHERE, 0.6), (_SMALL, 0.1)), group="b", regions=("hand", "leg")),
    MarkedImage((), ((_ELSEWHERE, 0.2),), group="c", regions=("leg",)),
    MarkedImage((), (), group="d"),
]


@pytest.fixture(scope="module")
def record() -> FindingsRecord:
    """The record of `IMAGES`."""
    found = measure_findings(IMAGES, _SETTINGS)
    assert found is not None
    return found


def test_pointing_counts_the_strongest_candidate_of_fractured_images(record):
    assert (record.pointing.value, record.pointing.n) == (0.5, 2)


def test_sensitivity_by_lesion_size(record):
    assert {name: (found.value, found.n) for name, found in record.sizes.items()} == {
        "small": (0.5, 2),
        "large": (1.0, 1),
    }


def test_findings_by_region(record):
    hand, leg = record.regions["hand"], record.regions["leg"]
    assert hand.sensitivity.value == pytest.approx(2 / 3)
    assert hand.precision.value == pytest.approx(2 / 3)
    assert (leg.sensitivity.value, leg.precision.value, leg.false_marks) == (0, 0, 0.5)


def test_region_without_fractures_has_no_sensitivity():
    images = [*IMAGES, MarkedImage((), (), regions=("hip",))]
    found = measure_findings(images, _SETTINGS)
    assert found is not None
    assert not found.regions["hip"].sensitivity.is_measured


def test_curve_starts_without_false_marks_and_ends_with_all(record):
    assert record.curve[0] == (0.0, 0.3333)
    assert record.curve[-1] == (0.5, 1.0)


def test_earlier_record_without_these_parts_can_be_read(record):
    earlier = {
        name: value
        for name, value in record.to_json().items()
        if name not in ("pointing", "regions", "sizes", "curve")
    }
    read = FindingsRecord.from_json(earlier)
    assert read.definite == record.definite
    assert not read.pointing.is_measured
    assert FindingsRecord.from_json(record.to_json()).curve == record.curve
    assert any(line.startswith("small fractures (under 0.25% of the image)") for line in record.lines())
