"""Boxes from a fracture map, and the choice of their settings."""

import pytest
from fracture_map_images import TRANSFORM, grid_with, mapped_images

from fracture_core.findings import FindingGrade, find_candidates, measure_findings
from fracture_core.findings.choose_settings import MappedImage, choose_finding_settings, mark_image


def test_box_surrounds_its_peak_in_the_image():
    (found,) = find_candidates(grid_with((3, 9, 0.8)), TRANSFORM, 0.5)
    left, top, right, bottom = found.box
    # Cell 9 of 16 columns is 36–40 of 64 canvas pixels; the image begins at 16 and is 32 wide.
    assert left == pytest.approx((36 - 16) / 32, abs=0.06)
    assert right == pytest.approx((40 - 16) / 32, abs=0.06)
    assert (top, bottom) == (pytest.approx(3 / 16, abs=0.03), pytest.approx(4 / 16, abs=0.03))
    assert found.peak == pytest.approx(0.8, abs=0.05)


def test_two_peaks_of_different_strength_are_two_boxes():
    found = find_candidates(grid_with((2, 6, 0.9), (12, 9, 0.3)), TRANSFORM, 0.5)
    assert [one.peak for one in found] == [pytest.approx(0.9, abs=0.07), pytest.approx(0.3, abs=0.07)]


def test_weak_and_empty_maps_have_no_box():
    assert find_candidates(grid_with(), TRANSFORM, 0.5) == ()
    assert find_candidates(grid_with((2, 6, 0.3)), TRANSFORM, 0.5, min_peak=0.4) == ()


def test_settings_are_calibrated_and_keep_the_false_marks_low():
    images = mapped_images()
    settings = choose_finding_settings(images)
    assert settings is not None
    assert settings.possible <= settings.definite
    record = measure_findings([mark_image(image, settings) for image in images], settings)
    assert record is not None
    assert (record.images, record.fractures) == (60, 30)
    assert record.definite.false_marks <= 0.02
    assert record.possible.false_marks <= 0.1
    assert record.definite.sensitivity.value <= record.possible.sensitivity.value
    assert record.possible.sensitivity.value > 0.5
    findings = settings.grade(find_candidates(images[1].grid, TRANSFORM, settings.extent))
    assert findings[0].grade in FindingGrade
    assert all(0 <= finding.confidence <= 1 for finding in findings)
    assert (
        settings.grade(find_candidates(images[1].grid, TRANSFORM, settings.extent, settings.min_peak))
        == findings
    )


def test_too_few_marked_fractures_give_no_settings():
    assert choose_finding_settings(mapped_images()[25:]) is None


def test_peaks_that_are_never_right_give_no_settings():
    images = [
        MappedImage(grid_with((0, 5, 0.5)), TRANSFORM, ((0.5, 0.5, 0.6, 0.6),), str(n)) for n in range(30)
    ]
    assert choose_finding_settings(images) is None
