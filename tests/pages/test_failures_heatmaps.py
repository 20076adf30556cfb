"""The tabs *Findings* and *Heatmaps* of Failures, and the boxes of a case, without a browser."""

import json
from dataclasses import replace

import pytest
from failures_page import open_failures_page, page_html
from trust_results import GOOD, localisation_with, similarity_of, trust_of

from fracture_core.evaluation import PlattCalibration
from fracture_core.findings import Finding, FindingGrade, FindingSettings, measure_findings
from fracture_core.findings.free_response import MarkedImage
from pages.components.common import viewer
from pages.components.common.case_images import DisplayedCase
from pages.components.failures import case, findings_tab, heatmaps_tab

_FRACTURE = (0.1, 0.1, 0.3, 0.3)
_ELSEWHERE = (0.6, 0.6, 0.8, 0.8)
_UNSTABLE = replace(GOOD, changed={name: similarity_of(0.5) for name in GOOD.changed})


@pytest.fixture
def findings_record():
    """The record of two images, one with a fracture."""
    settings = FindingSettings(0.5, PlattCalibration(1.0, 0.0), possible=0.4, definite=0.8)
    images = [
        MarkedImage((_FRACTURE,), ((_FRACTURE, 0.9),), group="a", regions=("hand",)),
        MarkedImage((), ((_ELSEWHERE, 0.5),), group="b"),
    ]
    return measure_findings(images, settings)


def test_model_without_results_says_so(store):
    page = open_failures_page(model="tiny", tab="Findings")
    assert any("This model has no measured boxes" in info.value for info in page.info)
    page = open_failures_page(model="tiny", tab="Heatmaps")
    assert any(
        info.value == "The heatmap methods of this model have not been tested yet." for info in page.info
    )
    assert any("enter the dataset folder" in caption.value for caption in page.caption)


def test_results_of_the_card_are_shown(store, edit_card, findings_record):
    card = json.loads((store.root / "tiny" / "card.json").read_text("utf-8"))
    trust = trust_of(grad_cam=_UNSTABLE, layer_cam=GOOD)
    edit_card(**card | {"heatmap_trust": trust.to_json(), "test_findings": findings_record.to_json()})
    text = page_html(open_failures_page(model="tiny", tab="Heatmaps"))
    assert "Shown first on Second opinion: Layer-CAM. It passes all tests (average precision 0.40" in text
    assert text.count("✗ failed") == 1
    text = page_html(open_failures_page(model="tiny", tab="Findings"))
    assert "Test images: 2; annotated fractures: 1." in text
    assert "Large fractures (over 1% of the image) with a box" in text


def test_reason_for_the_default():
    fewer = heatmaps_tab.default_reason(
        trust_of(grad_cam=_UNSTABLE, saliency=replace(_UNSTABLE, gain=GOOD.gain))
    )
    assert "It fails 1 test, as does one other method, and localises fractures best of these" in fewer
    worse = replace(_UNSTABLE, deletion=replace(GOOD.deletion, low=-0.1))
    assert "It fails 1 test, fewer than every other method" in heatmaps_tab.default_reason(
        trust_of(grad_cam=_UNSTABLE, saliency=worse)
    )
    better = replace(GOOD, marked=localisation_with(0.6))
    assert (
        "Layer-CAM. It passes all tests, as does one other method, and localises"
        in heatmaps_tab.default_reason(trust_of(grad_cam=GOOD, layer_cam=better))
    )


def test_all_measures_are_listed():
    text = heatmaps_tab.measures_html(trust_of(grad_cam=GOOD, layer_cam=GOOD))
    for part in ("last layer random", "JPEG quality 80", "second training", "Centre", "different images"):
        assert part in text


def test_froc_chart_has_the_curve(findings_record):
    spec = findings_tab.froc_chart(findings_record, "fracture")
    (values,) = spec["datasets"].values()
    assert values[0] == {"false": 0.0, "found": 1.0}


@pytest.mark.parametrize(
    ("boxes", "fractures", "label", "text"),
    [
        ([_FRACTURE, _ELSEWHERE], [_FRACTURE], 1, "1 right, 1 false; 0 of 1 marked places without a box"),
        ([], [_FRACTURE], 1, "none; 1 of 1 marked places without a box"),
        ([_ELSEWHERE], [], 0, "1 false"),
        ([], [], 0, "none"),
        ([_ELSEWHERE], [], 1, ""),
    ],
)
def test_text_on_the_boxes_of_a_case(boxes, fractures, label, text):
    findings = tuple(Finding(box, 0.9, FindingGrade.DEFINITE) for box in boxes)
    shown = DisplayedCase(None, None, 0.5, (), 1.0, findings=findings)
    assert case.findings_text(shown, tuple(fractures), {"label": label}) == text


def test_boxes_are_numbered_and_in_pixels_of_the_image():
    findings = [Finding((0.25, 0.5, 0.5, 0.75), 0.9, grade) for grade in FindingGrade]
    boxes = viewer.finding_boxes(findings, 100, 200)
    assert [tuple(box["box"]) for box in boxes] == [(50, 50, 100, 75)] * 2
    assert [box["label"] for box in boxes] == ["1: 90%", "2: 90%"]
    assert [box["definite"] for box in boxes] == [grade is FindingGrade.DEFINITE for grade in FindingGrade]
