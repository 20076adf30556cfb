"""Texts about heatmaps: strength, method, pixel spacing and agreement."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from trust_results import GOOD, similarity_of, trust_of

from fracture_core.explain.heatmap_agreement import HeatmapAgreement
from fracture_core.explain.methods import GRAD_CAM, HEATMAP_METHODS, SALIENCY
from fracture_core.imaging import LetterboxTransform, PackedPixels
from fracture_core.inference.predictor import Heatmap
from pages.components.common import viewer
from pages.components.second_opinion import explain, method_comparison

OPINION = SimpleNamespace(card=SimpleNamespace(finding="fracture", test_pointing=None))


def _heat(strongest: float) -> Heatmap:
    grid = np.zeros((4, 4), np.float32)
    grid[1, 2] = strongest
    return Heatmap(grid, 2.0, LetterboxTransform.fit((64, 64), (64, 64)))


@pytest.mark.parametrize(
    ("strongest", "text"),
    [
        (1.6, "Evidence for fracture. The strongest point reaches 80% of the scale."),
        (9.0, "Evidence for fracture. The strongest point reaches 100% of the scale."),
        (0.4, "reaches 20% of the scale; contours start at 50%."),
        (0.001, "less than 1% of the scale: almost no evidence"),
        (
            0.0,
            "No heatmap: the model found no evidence for fracture in this image.",
        ),
    ],
)
def test_text_of_the_heatmap_strength(strongest, text):
    assert text in explain._strength_text(OPINION, GRAD_CAM, 1, _heat(strongest))


def test_method_without_evidence_against_explains_why():
    assert explain._strength_text(OPINION, SALIENCY, 0, None) == SALIENCY.against


def test_texts_use_the_finding_of_the_model():
    opinion = SimpleNamespace(card=SimpleNamespace(finding="abnormality", test_pointing=None))
    assert "no evidence for no abnormality" in explain._strength_text(opinion, GRAD_CAM, 0, _heat(0))


def test_every_method_has_a_description_and_a_legend():
    assert len(HEATMAP_METHODS) == 6
    for method in HEATMAP_METHODS.values():
        assert method.shows.endswith(".")
        assert method.trust.endswith(".")
        assert method.unit in viewer.LEGEND_ENDS


@pytest.mark.parametrize(
    ("spacing", "text"),
    [(None, "lengths are in pixels"), ((0.2, 0.144), "pixel spacing in the file, 0.144 mm")],
)
def test_viewer_note_states_size_and_pixel_spacing(spacing, text):
    pixels = np.zeros((30, 20), np.float32)
    opinion = SimpleNamespace(film=SimpleNamespace(spacing=spacing), packed_pixels=PackedPixels.of(pixels))
    note = explain._viewer_note(opinion)
    assert note.startswith("Shown from 20 × 30 pixels at 8 bits")
    assert text in note


@pytest.mark.parametrize(
    ("agreeing", "others", "without_evidence", "text"),
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
def test_text_of_the_agreement(agreeing, others, without_evidence, text):
    assert method_comparison.agreement_text(HeatmapAgreement(agreeing, others, without_evidence)) == text


def test_methods_that_fail_a_test_are_labelled():
    unstable = replace(GOOD, changed={name: similarity_of(0.5) for name in GOOD.changed})
    trust = trust_of(grad_cam=GOOD, saliency=unstable)
    opinion = SimpleNamespace(card=SimpleNamespace(heatmap_trust=trust), methods=(GRAD_CAM, SALIENCY))
    assert explain._method_titles(opinion) == {
        "grad_cam": "Grad-CAM",
        "saliency": "Saliency (fails stability)",
    }
    assert explain.trust_text(opinion.card, "saliency").startswith(
        "Saliency fails the trust tests for stability on 20 images"
    )
    assert "passes all trust tests on 20 images" in explain.trust_text(opinion.card, "grad_cam")
    assert "It is shown first" in explain.trust_text(opinion.card, "grad_cam")
    assert explain.trust_text(SimpleNamespace(heatmap_trust=None), "grad_cam") == ""
