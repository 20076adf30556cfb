import numpy as np
import pytest

from fracture_core.imaging import QualityState, Radiograph, check_quality


def gate(pixels, **fields):
    return check_quality(Radiograph(np.asarray(pixels, np.float32), "PNG", **fields))


def test_a_film_passes_without_reasons(film):
    answer = gate(film)
    assert answer.state is QualityState.PASS
    assert answer.reasons == ()
    assert answer.state.value == "pass"


def test_a_grey_photograph_passes_which_is_the_known_limit():
    noise = np.random.default_rng(0).random((240, 240))
    assert gate(noise).state is QualityState.PASS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: np.zeros_like(f), "blank"),
        (lambda f: np.ones_like(f), "blank"),
        (lambda f: f * 0.02, "blank"),
        (lambda f: np.pad(f, 2000), "single shade"),
        (lambda f: f[:63], "200 × 63 pixels; expected at least 64"),
        (lambda f: f[:, :1], "1 × 240 pixels"),
    ],
)
def test_refused(film, change, words):
    answer = gate(change(film))
    assert answer.state is QualityState.REFUSE
    assert len(answer.reasons) == 1
    assert words in answer.reasons[0]


def test_a_coloured_photograph_is_refused(film):
    answer = gate(film, colour=0.55)
    assert answer.state is QualityState.REFUSE
    assert answer.reasons[0].startswith("55% of the image is coloured")


@pytest.mark.parametrize(
    ("change", "words"),
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
def test_warned(film, change, words):
    answer = gate(change(film))
    assert answer.state is QualityState.WARN
    assert any(words in reason for reason in answer.reasons)


def test_a_coloured_marker_is_warned_about(film):
    answer = gate(film, colour=0.05)
    assert answer.state is QualityState.WARN
    assert "5% of the image is coloured" in answer.reasons[0]


def test_what_reading_warned_about_is_repeated_first(film):
    answer = gate(1 - film, warnings=("The file is truncated.",))
    assert answer.state is QualityState.WARN
    assert answer.reasons[0] == "The file is truncated."
    assert len(answer.reasons) > 1


def test_read_warnings_are_not_shown_where_the_image_is_refused():
    assert gate(np.zeros((100, 100)), warnings=("The file is truncated.",)).reasons == (
        "The image is blank; expected a radiograph: check what was exported.",
    )
