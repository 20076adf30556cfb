"""Quality check of images."""

import numpy as np
import pytest

from fracture_core.imaging import QualityState, Radiograph, Refusal, check_quality


def check(pixels, **fields):
    return check_quality(Radiograph(np.asarray(pixels, np.float32), "PNG", **fields))


def test_radiograph_passes_without_reasons(film):
    result = check(film)
    assert result.state is QualityState.PASS
    assert result.reasons == ()
    assert result.state.value == "pass"


def test_grey_photograph_passes_as_a_known_limitation():
    noise = np.random.default_rng(0).random((240, 240))
    assert check(noise).state is QualityState.PASS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: np.zeros_like(f), "blank"),
        (lambda f: np.ones_like(f), "blank"),
        (lambda f: f * 0.02, "blank"),
        (lambda f: np.pad(f, 2000), "single shade"),
        (lambda f: f[:63], "200 × 63 pixels, but at least 64"),
        (lambda f: f[:, :1], "1 × 240 pixels"),
    ],
)
def test_unsuitable_image_is_refused(film, change, message):
    result = check(change(film))
    assert result.state is QualityState.REFUSE
    assert len(result.reasons) == 1
    assert message in result.reasons[0]


def test_opinion_on_an_image_without_many_of_its_lines_is_withheld(film):
    result = check(film, missing=0.48, warnings=("The file is truncated.",))
    assert result.state is QualityState.WARN  # datasets may contain it
    assert result.refusal is Refusal.POOR_IMAGE
    assert result.withhold().withheld
    assert result.reasons == ("The file is truncated.",)
    few = check(film, missing=0.09, warnings=("The file is truncated.",))
    assert few.withhold() == few


def test_refusal_can_be_overruled(film):
    photograph = check(film, colour=0.55)
    assert photograph.refusal is Refusal.NOT_A_RADIOGRAPH
    overruled = photograph.overrule()
    assert overruled.state is QualityState.WARN
    assert overruled.reasons == photograph.reasons
    assert not overruled.withheld
    assert overruled.withhold() == photograph
    assert check(film).overrule() == check(film).withhold() == check(film)


def test_a_coloured_photograph_is_refused(film):
    result = check(film, colour=0.55)
    assert result.state is QualityState.REFUSE
    assert result.reasons[0].startswith("55% of the image is coloured")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f[:150, :150], "only 150 × 150 pixels"),
        (lambda f: 0.2 * f, "very dark"),
        (lambda f: 0.3 + 0.15 * f, "very little contrast"),
        (lambda f: 0.6 + 0.4 * f, "very bright"),
        (lambda f: 1 - f, "bright at its edges"),
        (lambda f: np.pad(f, 40, constant_values=1), "bright at its edges"),
        (lambda f: np.pad(f, 400), "single shade"),
        (lambda f: (f > 0.5).astype(float), "nearly all black and white"),
        (lambda f: np.tile(f, (5, 1)), "6.0 times as long"),
        (lambda f: np.tile(f, (1, 6)), "5.0 times as long"),
    ],
)
def test_unusual_image_gets_a_warning(film, change, message):
    result = check(change(film))
    assert result.state is QualityState.WARN
    assert any(message in reason for reason in result.reasons)


def test_coloured_marker_gets_a_warning(film):
    result = check(film, colour=0.05)
    assert result.state is QualityState.WARN
    assert "5% of the image is coloured" in result.reasons[0]


def test_warnings_of_the_file_come_first(film):
    result = check(1 - film, warnings=("The file is truncated.",))
    assert result.state is QualityState.WARN
    assert result.reasons[0] == "The file is truncated."
    assert len(result.reasons) > 1


def test_warnings_of_the_file_are_not_shown_for_a_refused_image():
    assert check(np.zeros((100, 100)), warnings=("The file is truncated.",)).reasons == (
        "The image is blank. Check the export.",
    )
