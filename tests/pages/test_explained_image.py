"""What the page says of a heatmap, in words."""

from types import SimpleNamespace

import numpy as np
import pytest

from fracture_core.explain.heatmap_agreement import HeatmapAgreement
from fracture_core.explain.methods import GRAD_CAM, HEATMAP_METHODS, SALIENCY
from fracture_core.imaging import LetterboxTransform, PackedPixels
from fracture_core.inference.predictor import Heatmap
from pages.components.second_opinion import explained_image, method_comparison

OPINION = SimpleNamespace(card=SimpleNamespace(finding="fracture", test_pointing=None))


def _heat(strongest: float) -> Heatmap:
    grid = np.zeros((4, 4), np.float32)
    grid[1, 2] = strongest
    return Heatmap(grid, 2.0, LetterboxTransform.fit((64, 64), (64, 64)))


@pytest.mark.parametrize(
    ("strongest", "words"),
    [
        (1.6, "Evidence for fracture. The strongest place reaches 80% of the scale."),
        (9.0, "Evidence for fracture. The strongest place reaches 100% of the scale."),
        (0.4, "reaches 20% of the scale, too little for a contour, which begins at half."),
        (0.001, "less than 1% of the scale: hardly any evidence"),
        (
            0.0,
            "No heatmap: the model found no evidence for fracture in this image.",
        ),
    ],
)
def test_how_strong_a_map_is_is_said(strongest, words):
    assert words in explained_image._said(OPINION, GRAD_CAM, 1, _heat(strongest))


def test_a_method_without_the_other_side_says_why():
    assert explained_image._said(OPINION, SALIENCY, 0, None) == SALIENCY.against


def test_words_are_of_what_the_model_finds():
    opinion = SimpleNamespace(card=SimpleNamespace(finding="abnormality", test_pointing=None))
    assert "speaks to the model for no abnormality" in explained_image._said(opinion, GRAD_CAM, 0, _heat(0))


def test_every_method_says_what_it_shows_and_has_a_legend():
    assert len(HEATMAP_METHODS) == 6
    for method in HEATMAP_METHODS.values():
        assert method.shows.endswith(".")
        assert method.trust.endswith(".")
        assert method.unit in explained_image._ENDS


@pytest.mark.parametrize(
    ("spacing", "words"), [(None, "lengths are in pixels"), ((0.2, 0.144), "0.144 mm a pixel")]
)
def test_what_is_sent_is_said(spacing, words):
    pixels = np.zeros((30, 20), np.float32)
    opinion = SimpleNamespace(film=SimpleNamespace(spacing=spacing), packed_pixels=PackedPixels.of(pixels))
    said = explained_image._sent(opinion)
    assert said.startswith("Shown from 20 × 30 pixels at 8 bits")
    assert words in said


@pytest.mark.parametrize(
    ("together", "apart", "silent", "words"),
    [
        (("grad_cam", "layer_cam"), (), (), "2 of 2 methods point at the same place."),
        (
            ("grad_cam", "layer_cam"),
            ("score_cam",),
            ("saliency",),
            "2 of 4 methods point at the same place. Elsewhere: Score-CAM. No evidence: Saliency.",
        ),
        (("grad_cam",), ("layer_cam",), (), "The 2 methods point at different places."),
        (("grad_cam",), (), ("layer_cam",), "Only Grad-CAM finds any evidence. No evidence: Layer-CAM."),
        ((), (), ("grad_cam", "layer_cam"), "None of the 2 methods finds any evidence."),
    ],
)
def test_agreement_in_words(together, apart, silent, words):
    assert method_comparison.sentence(HeatmapAgreement(together, apart, silent)) == words
