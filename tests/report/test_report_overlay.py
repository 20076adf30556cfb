"""The overlay image and its contours."""

import io
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from fracture_core.findings import Finding, FindingGrade
from fracture_core.imaging import STRONG_EVIDENCE, blend_heatmap, render_legend
from fracture_core.report.overlay import (
    OVERLAY_OPACITY,
    render_report_overlay,
    report_overlay_png,
    strong_contours,
)


def test_the_overlay_keeps_every_pixel(opinion):
    opinion = replace(opinion, findings=())
    picture = render_report_overlay(opinion)
    height, width = opinion.film.pixels.shape
    assert picture.shape[1] == width
    np.testing.assert_array_equal(
        picture[:height], blend_heatmap(opinion.film.pixels, opinion.heat.to_film(), OVERLAY_OPACITY)
    )
    shades = {tuple(colour) for colour in picture[height:].reshape(-1, 3)}
    assert {tuple(colour) for colour in render_legend(256, 1)[0][[0, -1]]} <= shades  # both ends of the scale
    assert len(shades) > 100


@pytest.mark.parametrize("grade", FindingGrade)
def test_boxes_are_solid_or_dashed(opinion, grade):
    height, width = opinion.film.pixels.shape
    plain = render_report_overlay(replace(opinion, findings=()))
    finding = Finding((0.25, 0.5, 0.75, 0.9), 0.8, grade)
    picture = render_report_overlay(replace(opinion, findings=(finding,)))
    left, top, right, bottom = finding.pixels(height, width)
    edge = picture[bottom, left : right + 1]
    assert (edge == 255).all() == (grade is FindingGrade.DEFINITE)
    assert (edge == 255).mean() > 0.3
    inside = np.s_[top + 20 : bottom - 20, left + 20 : right - 20]
    np.testing.assert_array_equal(picture[inside], plain[inside])
    np.testing.assert_array_equal(picture[height:], plain[height:])


def test_without_evidence_there_is_no_colour(opinion_without_evidence):
    picture = render_report_overlay(opinion_without_evidence)
    assert (picture[..., 0] == picture[..., 1])[: opinion_without_evidence.film.height].all()
    assert picture[opinion_without_evidence.film.height :].max() > 100  # the legend states it


def test_the_png_has_no_metadata(opinion):
    data = report_overlay_png(opinion)
    picture = Image.open(io.BytesIO(data))
    assert picture.size == render_report_overlay(opinion).shape[1::-1]
    assert not picture.info
    assert {data[at + 4 : at + 8] for at in _chunks(data)} == {b"IHDR", b"IDAT", b"IEND"}


def _chunks(data: bytes) -> Iterator[int]:
    """The offset of each chunk of a PNG file."""
    at = 8
    while at < len(data):
        yield at
        at += 12 + int.from_bytes(data[at : at + 4], "big")


@pytest.mark.parametrize("shape", [(300, 70), (70, 300), (80, 80)])
def test_small_images_keep_their_width(opinion, shape):
    transform = replace(opinion.heat.transform, source=shape)
    small = replace(
        opinion,
        film=replace(opinion.film, pixels=cv2.resize(opinion.film.pixels, shape[::-1])),
        heat=replace(opinion.heat, transform=transform),
    )
    assert render_report_overlay(small).shape[1] == shape[1]


def test_contours_enclose_strong_evidence(opinion):
    evidence = opinion.heat.to_film()
    lines = strong_contours(opinion.heat)
    assert lines
    inside = np.zeros(evidence.shape, np.uint8)
    cv2.fillPoly(inside, [np.floor(line).astype(np.int32) for line in lines], 1)
    strong = evidence >= STRONG_EVIDENCE
    assert (inside[strong] == 1).mean() > 0.95
    assert strong[inside == 1].mean() > 0.9
    areas = [cv2.contourArea(line.astype(np.float32)) for line in lines]
    assert areas == sorted(areas, reverse=True)


def test_without_evidence_there_are_no_contours(opinion_without_evidence):
    assert strong_contours(opinion_without_evidence.heat) == []
