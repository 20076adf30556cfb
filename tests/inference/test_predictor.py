"""Predictions of single images, and their heatmaps in image pixels."""

import gc
import io
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fracture_core.auxiliary_heads.non_radiographs import make_non_radiographs
from fracture_core.errors import ImageReadError, ModelError
from fracture_core.evaluation import PlattCalibration, Thresholds
from fracture_core.imaging import LetterboxTransform, QualityState, Radiograph, prepare_input, read_radiograph
from fracture_core.inference.predictor import Heatmap, Predictor
from fracture_core.phantom import draw_phantom, encode_png
from fracture_core.registry.card import WeightsFile
from fracture_core.registry.model_files import sha256_of_file
from fracture_core.registry.network_files import exported_network_path
from fracture_core.registry.store import ModelStore
from fracture_core.vocabulary import Verdict


@pytest.fixture(scope="module")
def model_with_evidence(trained_run, tmp_path_factory) -> Path:
    """The model `tiny` with small positive weights in its last layer, so that any image has evidence."""
    store = ModelStore(tmp_path_factory.mktemp("evidence"))
    folder = store.root / "tiny"
    shutil.copytree(trained_run.result, folder)
    card, model = store.load("tiny")
    kernel, bias = model.get_layer("logit").get_weights()
    model.get_layer("logit").set_weights([np.abs(kernel) * 0.02, bias * 0])
    path = folder / card.weights.file
    model.save_weights(path)
    replace(
        card,
        weights=WeightsFile(path.name, sha256_of_file(path), path.stat().st_size),
        network=None,
        heatmap_scale=0.5,
        calibration=PlattCalibration(0.5, 0.1),
    ).save(folder / "card.json")
    exported_network_path(folder, store.card("tiny"))
    return folder


@pytest.fixture
def predictor(store, model_with_evidence):
    """A predictor with a copy of `model_with_evidence`."""
    shutil.copytree(model_with_evidence, store.root / "tiny", dirs_exist_ok=True)
    return Predictor(store)


def test_opinion_is_complete(predictor, wide_film):
    opinion = predictor.predict(wide_film)
    assert opinion.gate.state is not QualityState.REFUSE
    assert 0 < opinion.probability < 1
    assert opinion.verdict is opinion.card.thresholds.verdict(opinion.probability)
    assert opinion.card.id == "tiny"
    assert opinion.seconds["all"] == pytest.approx(sum(opinion.seconds.values()) / 2, rel=1e-6)
    assert set(opinion.seconds) == {"read", "gate", "prepare", "model", "all"}


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.99, 0.999, Verdict.NOT_SEEN),
        (0.001, 0.999, Verdict.UNCERTAIN),
        (0.001, 0.002, Verdict.SUSPECTED),
    ],
)
def test_verdict_follows_the_thresholds(predictor, wide_film, low, high, verdict):
    predictor.card = replace(predictor.card, thresholds=Thresholds(low, high, 0.95, 0.95, low))
    opinion = predictor.predict(wide_film, heatmap=False)
    assert 0.01 < opinion.probability < 0.99
    assert opinion.verdict is verdict


def test_probability_is_calibrated(predictor, wide_film):
    predictor.card = replace(predictor.card, calibration=PlattCalibration(1.0, 0.0))
    uncalibrated = predictor.predict(wide_film, heatmap=False).probability
    predictor.card = replace(predictor.card, calibration=PlattCalibration(2.0, -1.0))
    logit = np.log(uncalibrated / (1 - uncalibrated))
    expected = 1 / (1 + np.exp(-(2 * logit - 1)))
    assert predictor.predict(wide_film, heatmap=False).probability == pytest.approx(expected, abs=1e-5)


def test_path_content_and_radiograph_give_the_same_probability(predictor, wide_film):
    probabilities = [
        predictor.predict(source).probability
        for source in (wide_film, wide_film.read_bytes(), read_radiograph(wide_film))
    ]
    assert probabilities == pytest.approx([probabilities[0]] * 3, abs=1e-6)


def test_probabilities_equal_those_of_the_run(store, phantoms):
    predictor = Predictor(store)
    for row in store.predictions("tiny").head(5).itertuples():
        opinion = predictor.predict(phantoms / row.path, heatmap=False)
        assert opinion.probability == pytest.approx(row.probability, abs=1e-4)


def test_photograph_is_refused(predictor, photo):
    opinion = predictor.predict(photo)
    assert opinion.gate.state is QualityState.REFUSE
    assert opinion.gate.reasons
    assert (opinion.probability, opinion.verdict, opinion.heat) == (None, None, None)


def test_heatmap_is_optional(predictor, wide_film):
    with_map, without = predictor.predict(wide_film), predictor.predict(wide_film, heatmap=False)
    assert without.heat is None
    assert with_map.heat is not None
    assert without.probability == pytest.approx(with_map.probability, abs=1e-6)


def test_heatmap_covers_the_image(predictor, wide_film):
    opinion = predictor.predict(wide_film)
    height, width = opinion.film.pixels.shape
    assert (height, width) == (210, 330)
    assert opinion.heat.to_film().shape == (height, width)
    assert opinion.heat.to_film().min() >= 0
    peak = opinion.heat.peak()
    assert 0 <= peak[0] < width
    assert 0 <= peak[1] < height
    assert opinion.heat.scale == 0.5


def test_unreadable_file_is_rejected(predictor, tmp_path):
    with pytest.raises(ImageReadError):
        predictor.predict(tmp_path / "gone.png")
    with pytest.raises(ImageReadError):
        predictor.predict(b"")


def test_unknown_model_is_rejected(store):
    with pytest.raises(ModelError, match="gone"):
        Predictor(store, "gone")


def test_threads_share_a_predictor(predictor, wide_film, phantoms):
    paths = [wide_film, *sorted(phantoms.rglob("*.png"))[:3]]
    alone = [predictor.predict(path) for path in paths]
    opinions = [None] * len(paths)

    def predict(index):
        opinions[index] = predictor.predict(paths[index])

    threads = [threading.Thread(target=predict, args=(index,)) for index in range(len(paths))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for concurrent, sequential in zip(opinions, alone, strict=True):
        assert concurrent.probability == pytest.approx(sequential.probability, abs=1e-6)
        np.testing.assert_allclose(concurrent.heat.grid, sequential.heat.grid, atol=1e-5)


# ---- heatmaps in image pixels ----


@pytest.mark.parametrize("size", [(200, 400), (400, 200), (300, 300), (97, 431)])
def test_peak_is_in_pixels_of_the_image(size):
    transform = LetterboxTransform.fit(size, (64, 64))
    height, width = size
    for x, y in ((0.2, 0.3), (0.8, 0.6), (0.5, 0.9)):
        column, row = transform.to_canvas(np.array([x * width, y * height])) / 64 * 16
        grid = np.zeros((16, 16), np.float32)
        grid[int(row), int(column)] = 2.0
        peak = Heatmap(grid, 4.0, transform).peak()
        cell = max(size) / 16
        assert abs(peak[0] + 0.5 - x * width) <= cell
        assert abs(peak[1] + 0.5 - y * height) <= cell


def test_evidence_in_the_padding_has_no_peak():
    transform = LetterboxTransform.fit((100, 400), (64, 64))
    grid = np.zeros((8, 8), np.float32)
    grid[0, 3] = 1.0
    heat = Heatmap(grid, 1.0, transform)
    assert heat.has_evidence
    assert heat.peak() is None


def test_heatmap_of_zero_weights_is_blank():
    heat = Heatmap(np.zeros((8, 8), np.float32), 1.0, LetterboxTransform.fit((100, 100), (64, 64)))
    assert not heat.has_evidence
    assert heat.peak() is None
    assert not heat.to_film().any()


def test_heatmap_is_divided_by_its_scale():
    transform = LetterboxTransform.fit((64, 64), (64, 64))
    heat = Heatmap(np.full((2, 2), 3.0, np.float32), 6.0, transform)
    np.testing.assert_allclose(heat.to_film(), 0.5)


@pytest.mark.parametrize("size", [(200, 400), (400, 200), (97, 431), (3000, 2000)])
def test_layer_and_contour_lie_at_the_peak(size):
    height, width = size
    transform = LetterboxTransform.fit(size, (64, 64))
    column, row = transform.to_canvas(np.array([0.3 * width, 0.6 * height])) / 64 * 16
    grid = np.zeros((16, 16), np.float32)
    grid[int(row), int(column)] = 2.0
    heat = Heatmap(grid, 2.0, transform)
    x, y = heat.peak()
    alpha = np.asarray(Image.open(io.BytesIO(heat.layer)))[..., 3]
    assert max(alpha.shape) <= 1200
    assert alpha.shape[0] / alpha.shape[1] == pytest.approx(height / width, rel=0.01)
    # The most opaque pixels of the layer, scaled to the image, are centred at the peak.
    rows, columns = np.nonzero(alpha >= alpha.max() - 1)
    step = height / alpha.shape[0]
    assert (columns.mean() + 0.5) * width / alpha.shape[1] == pytest.approx(x + 0.5, abs=step + 0.5)
    assert (rows.mean() + 0.5) * step == pytest.approx(y + 0.5, abs=step + 0.5)
    (line,) = heat.contours
    (left, top), (right, bottom) = np.min(line, axis=0), np.max(line, axis=0)
    # The heatmap falls to half of the peak half a cell away on each side.
    cell = max(size) / 16
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((x + 0.5, y + 0.5), abs=1.5 * step + 0.5)
    assert right - left == pytest.approx(cell, abs=2 * step + 1)


def test_weak_evidence_has_no_contour():
    heat = Heatmap(np.full((4, 4), 0.4, np.float32), 1.0, LetterboxTransform.fit((64, 64), (64, 64)))
    assert heat.contours == []
    assert heat.strength == pytest.approx(0.4)


# ---- other heatmap methods ----


def test_heatmap_is_computed_once_per_opinion(predictor, wide_film, monkeypatch):
    opinion = predictor.predict(wide_film)
    computed = []
    heatmaps = predictor._explainer.heatmaps

    def spy(inputs, requests):
        computed.extend(requests)
        return heatmaps(inputs, requests)

    monkeypatch.setattr(predictor._explainer, "heatmaps", spy)
    assert predictor.explain(opinion, "grad_cam") is opinion.heat
    assert computed == []
    first = predictor.explain(opinion, "layer_cam")
    assert predictor.explain(opinion, "layer_cam") is first
    assert predictor.explain(opinion, "layer_cam", 0) is not first
    assert computed == [("layer_cam", 1), ("layer_cam", 0)]
    assert first.scale == predictor.card.heatmap_scales["layer_cam"]
    heats, agreement = predictor.compare_methods(opinion)
    assert list(heats) == [method.name for method in opinion.methods]
    assert heats["layer_cam"] is first
    assert set(agreement.together + agreement.apart + agreement.silent) == set(heats)


def test_cached_heatmaps_are_freed_with_their_opinion(predictor, wide_film):
    opinion = predictor.predict(wide_film)
    predictor.explain(opinion, "layer_cam")
    assert len(predictor._heatmaps) == 1
    del opinion
    gc.collect()
    assert len(predictor._heatmaps) == 0


def test_explainer_reproduces_the_heatmap_of_the_opinion(predictor, wide_film):
    opinion = predictor.predict(wide_film)
    inputs, _ = prepare_input(opinion.film, predictor.card.input)
    recomputed = predictor._explainer.heatmaps(inputs[None], [("grad_cam", 1)])["grad_cam", 1]
    np.testing.assert_allclose(recomputed, opinion.heat.grid, atol=1e-6)


def test_model_without_scales_has_grad_cam_only(store, edit_card, wide_film):
    edit_card(heatmap_scales={})
    opinion = Predictor(store).predict(wide_film)
    assert [method.name for method in opinion.methods] == ["grad_cam"]


def _radiograph(pixels: np.ndarray) -> Radiograph:
    return read_radiograph(encode_png(pixels))


def test_shipped_model_predicts_region_and_fracture_map(shipped_predictor):
    phantom = draw_phantom(103, "hand", True, (820, 640))
    opinion = shipped_predictor.predict(_radiograph(phantom.pixels))
    assert opinion.regions[0][0] == "hand"
    values = opinion.to_json()
    assert values["regions"][0] == "hand"
    assert values["region_probabilities"]["hand"] == round(opinion.regions[0][1], 4)
    probabilities = opinion.fracture_map.grid
    assert opinion.methods[0].name == "fracture_map"
    assert opinion.default_heatmap[1] is opinion.fracture_map
    assert probabilities.shape == (48, 48)
    assert 0 <= probabilities.min() < 0.1 < probabilities.max() <= 1
    # Heatmap and fracture map are proportional, so their peaks are equal.
    assert opinion.fracture_map.peak() == opinion.heat.peak()
    assert not np.array_equal(opinion.render_overlay(0.6), opinion.render_overlay(0.6, opinion.fracture_map))
    assert np.array_equal(opinion.render_overlay(0.0), opinion.render_overlay(0.0, opinion.fracture_map))


def test_methods_of_the_shipped_model_agree_and_are_weak_without_a_fracture(shipped_predictor):
    fractured, normal = (
        shipped_predictor.predict(_radiograph(draw_phantom(103, "hand", label, (820, 640)).pixels))
        for label in (True, False)
    )
    assert len(fractured.methods) == 6
    heats, agreement = shipped_predictor.compare_methods(fractured)
    normal_heats, _ = shipped_predictor.compare_methods(normal)
    assert len(agreement.together) >= 4
    for name, heat in heats.items():
        assert np.isfinite(heat.grid).all()
        assert normal_heats[name].strength < 0.5
        assert normal_heats[name].strength < 0.75 * heat.strength


def test_opinion_without_heatmap_is_the_same(shipped_predictor):
    film = _radiograph(draw_phantom(5, "leg", False, (600, 480)).pixels)
    with_map, without = shipped_predictor.predict(film), shipped_predictor.predict(film, heatmap=False)
    assert without.fracture_map is None
    assert without.probability == pytest.approx(with_map.probability, abs=1e-5)
    assert [name for name, _ in without.regions] == [name for name, _ in with_map.regions]
    assert without.gate == with_map.gate


def test_grey_images_that_are_not_radiographs_are_refused(shipped_predictor):
    # Another seed than that of the training images.
    opinions = [
        shipped_predictor.predict(_radiograph(pixels), heatmap=False)
        for pixels in make_non_radiographs(12, seed=99)
    ]
    refused = [opinion for opinion in opinions if opinion.gate.state is QualityState.REFUSE]
    assert len(refused) >= 11
    assert all(opinion.probability is None and opinion.verdict is None for opinion in refused)


def test_synthetic_radiographs_are_not_refused(shipped_predictor):
    states = [
        shipped_predictor.predict(
            _radiograph(draw_phantom(seed, region, False, (500, 400)).pixels), heatmap=False
        ).gate.state
        for seed in range(3)
        for region in ("hand", "leg")
    ]
    assert QualityState.REFUSE not in states
