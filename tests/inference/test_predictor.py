"""A film in, an opinion out: the words follow the numbers, and places are those of the film."""

import io
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
from fracture_core.registry.hash import sha256_of_file
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore
from fracture_core.vocabulary import Verdict


@pytest.fixture
def reader(store, edit_card):
    """A reader whose model finds evidence in any film: its last layer only adds, and little of it."""
    card, model = store.load("tiny")
    kernel, bias = model.get_layer("logit").get_weights()
    model.get_layer("logit").set_weights([np.abs(kernel) * 0.02, bias * 0])
    path = store.root / "tiny" / card.weights.file
    model.save_weights(path)
    edit_card(
        weights={"file": path.name, "sha256": sha256_of_file(path), "bytes": path.stat().st_size},
        heatmap_scale=0.5,
        calibration={"slope": 0.5, "intercept": 0.1},
    )
    return Predictor(store)


def test_an_opinion(reader, wide_film):
    opinion = reader.predict(wide_film)
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
def test_the_verdict_follows_the_thresholds(reader, wide_film, low, high, verdict):
    reader.card = replace(reader.card, thresholds=Thresholds(low, high, 0.95, 0.95, low))
    opinion = reader.predict(wide_film, heatmap=False)
    assert 0.01 < opinion.probability < 0.99
    assert opinion.verdict is verdict


def test_the_probability_is_calibrated(reader, wide_film):
    reader.card = replace(reader.card, calibration=PlattCalibration(1.0, 0.0))
    plain = reader.predict(wide_film, heatmap=False).probability
    reader.card = replace(reader.card, calibration=PlattCalibration(2.0, -1.0))
    logit = np.log(plain / (1 - plain))
    expected = 1 / (1 + np.exp(-(2 * logit - 1)))
    assert reader.predict(wide_film, heatmap=False).probability == pytest.approx(expected, abs=1e-5)


def test_path_bytes_and_film_are_one(reader, wide_film):
    found = [
        reader.predict(source).probability
        for source in (wide_film, wide_film.read_bytes(), read_radiograph(wide_film))
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-6) == pytest.approx(found[2], abs=1e-6)


def test_it_says_what_the_run_said_of_the_same_film(store, phantoms):
    reader = Predictor(store)
    for row in store.predictions("tiny").head(5).itertuples():
        opinion = reader.predict(phantoms / row.path, heatmap=False)
        assert opinion.probability == pytest.approx(row.probability, abs=1e-4)


def test_a_photograph_gets_no_opinion(reader, photo):
    opinion = reader.predict(photo)
    assert opinion.gate.state is QualityState.REFUSE
    assert opinion.gate.reasons
    assert (opinion.probability, opinion.verdict, opinion.heat) == (None, None, None)


def test_without_heatmap(reader, wide_film):
    with_map, without = reader.predict(wide_film), reader.predict(wide_film, heatmap=False)
    assert without.heat is None
    assert with_map.heat is not None
    assert without.probability == pytest.approx(with_map.probability, abs=1e-6)


def test_the_heatmap_covers_the_film(reader, wide_film):
    opinion = reader.predict(wide_film)
    height, width = opinion.film.pixels.shape
    assert (height, width) == (210, 330)
    assert opinion.heat.to_film().shape == (height, width)
    assert opinion.heat.to_film().min() >= 0
    peak = opinion.heat.peak()
    assert 0 <= peak[0] < width
    assert 0 <= peak[1] < height
    assert opinion.heat.scale == 0.5


def test_a_file_that_is_no_film(reader, tmp_path):
    with pytest.raises(ImageReadError):
        reader.predict(tmp_path / "gone.png")
    with pytest.raises(ImageReadError):
        reader.predict(b"")


def test_an_unknown_model(store):
    with pytest.raises(ModelError, match="gone"):
        Predictor(store, "gone")


def test_threads_share_a_reader(reader, wide_film, phantoms):
    paths = [wide_film, *sorted(phantoms.rglob("*.png"))[:3]]
    alone = [reader.predict(path) for path in paths]
    found = [None] * len(paths)

    def ask(index):
        found[index] = reader.predict(paths[index])

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(paths))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine, other in zip(found, alone, strict=True):
        assert mine.probability == pytest.approx(other.probability, abs=1e-6)
        np.testing.assert_allclose(mine.heat.grid, other.heat.grid, atol=1e-5)


# ---- places ----


@pytest.mark.parametrize("size", [(200, 400), (400, 200), (300, 300), (97, 431)])
def test_the_peak_is_where_the_evidence_is_in_pixels_of_the_film(size):
    placement = LetterboxTransform.fit(size, (64, 64))
    height, width = size
    for x, y in ((0.2, 0.3), (0.8, 0.6), (0.5, 0.9)):
        column, row = placement.to_canvas(np.array([x * width, y * height])) / 64 * 16
        grid = np.zeros((16, 16), np.float32)
        grid[int(row), int(column)] = 2.0
        found = Heatmap(grid, 4.0, placement).peak()
        cell = max(size) / 16
        assert abs(found[0] + 0.5 - x * width) <= cell
        assert abs(found[1] + 0.5 - y * height) <= cell


def test_evidence_in_the_padding_is_no_peak():
    placement = LetterboxTransform.fit((100, 400), (64, 64))
    grid = np.zeros((8, 8), np.float32)
    grid[0, 3] = 1.0
    heat = Heatmap(grid, 1.0, placement)
    assert heat.has_evidence
    assert heat.peak() is None


def test_no_evidence():
    heat = Heatmap(np.zeros((8, 8), np.float32), 1.0, LetterboxTransform.fit((100, 100), (64, 64)))
    assert not heat.has_evidence
    assert heat.peak() is None
    assert not heat.to_film().any()


def test_the_scale_is_fixed():
    placement = LetterboxTransform.fit((64, 64), (64, 64))
    heat = Heatmap(np.full((2, 2), 3.0, np.float32), 6.0, placement)
    np.testing.assert_allclose(heat.to_film(), 0.5)


@pytest.mark.parametrize("size", [(200, 400), (400, 200), (97, 431), (3000, 2000)])
def test_layer_and_contour_lie_where_the_peak_is(size):
    height, width = size
    placement = LetterboxTransform.fit(size, (64, 64))
    column, row = placement.to_canvas(np.array([0.3 * width, 0.6 * height])) / 64 * 16
    grid = np.zeros((16, 16), np.float32)
    grid[int(row), int(column)] = 2.0
    heat = Heatmap(grid, 2.0, placement)
    x, y = heat.peak()
    alpha = np.asarray(Image.open(io.BytesIO(heat.layer)))[..., 3]
    assert max(alpha.shape) <= 1200
    assert alpha.shape[0] / alpha.shape[1] == pytest.approx(height / width, rel=0.01)
    # The hottest pixels of the layer, stretched over the film, have the peak in their middle.
    rows, columns = np.nonzero(alpha >= alpha.max() - 1)
    step = height / alpha.shape[0]
    assert (columns.mean() + 0.5) * width / alpha.shape[1] == pytest.approx(x + 0.5, abs=step + 0.5)
    assert (rows.mean() + 0.5) * step == pytest.approx(y + 0.5, abs=step + 0.5)
    (line,) = heat.contours
    (left, top), (right, bottom) = np.min(line, axis=0), np.max(line, axis=0)
    # Half of the peak is half a cell away from it on each side.
    cell = max(size) / 16
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((x + 0.5, y + 0.5), abs=1.5 * step + 0.5)
    assert right - left == pytest.approx(cell, abs=2 * step + 1)


def test_what_is_weak_has_no_contour():
    heat = Heatmap(np.full((4, 4), 0.4, np.float32), 1.0, LetterboxTransform.fit((64, 64), (64, 64)))
    assert heat.contours == []
    assert heat.strength == pytest.approx(0.4)


# ---- further methods ----


def test_a_method_is_asked_once_and_kept_with_the_opinion(reader, wide_film, monkeypatch):
    opinion = reader.predict(wide_film)
    asked = []
    maps = reader._explainer.heatmaps
    monkeypatch.setattr(
        reader._explainer, "maps", lambda inputs, wanted: asked.extend(wanted) or maps(inputs, wanted)
    )
    assert reader.explain(opinion, "grad_cam") is opinion.heat
    assert asked == []
    first = reader.explain(opinion, "layer_cam")
    assert reader.explain(opinion, "layer_cam") is first
    assert reader.explain(opinion, "layer_cam", 0) is not first
    assert asked == [("layer_cam", 1), ("layer_cam", 0)]
    assert first.scale == reader.card.heatmap_scales["layer_cam"]
    heats, found = reader.compare_methods(opinion)
    assert list(heats) == [method.name for method in opinion.methods]
    assert heats["layer_cam"] is first
    assert set(found.together + found.apart + found.silent) == set(heats)


def test_looking_again_gives_the_map_that_came_with_the_opinion(reader, wide_film):
    opinion = reader.predict(wide_film)
    inputs, _ = prepare_input(opinion.film, reader.card.input)
    again = reader._explainer.heatmaps(inputs[None], [("grad_cam", 1)])["grad_cam", 1]
    np.testing.assert_allclose(again, opinion.heat.grid, atol=1e-6)


def test_a_model_without_measured_scales_has_grad_cam_alone(store, edit_card, wide_film):
    edit_card(heatmap_scales={})
    opinion = Predictor(store).predict(wide_film)
    assert [method.name for method in opinion.methods] == ["grad_cam"]


@pytest.fixture(scope="module")
def shipped() -> Predictor:
    return Predictor(ModelStore(Path(__file__).parents[2] / "models"), SHIPPED_MODEL)


def _radiograph(pixels: np.ndarray) -> Radiograph:
    return read_radiograph(encode_png(pixels))


def test_the_shipped_model_tells_the_region_and_maps_the_fracture(shipped):
    phantom = draw_phantom(103, "hand", True, (820, 640))
    opinion = shipped.predict(_radiograph(phantom.pixels))
    assert opinion.regions[0][0] == "hand"
    told = opinion.to_json()
    assert told["regions"][0] == "hand"
    assert told["region_probabilities"]["hand"] == round(opinion.regions[0][1], 4)
    chances = opinion.fracture_map.grid
    assert chances.shape == (48, 48)
    assert 0 <= chances.min() < 0.1 < chances.max() <= 1
    # Both views are one map up to its scale, so the strongest cell is the same.
    assert opinion.fracture_map.peak() == opinion.heat.peak()
    assert not np.array_equal(opinion.render_overlay(0.6), opinion.render_overlay(0.6, opinion.fracture_map))
    assert np.array_equal(opinion.render_overlay(0.0), opinion.render_overlay(0.0, opinion.fracture_map))


def test_every_method_of_the_shipped_model_points_at_the_break_and_is_calm_without_one(shipped):
    broken, whole = (
        shipped.predict(_radiograph(draw_phantom(103, "hand", label, (820, 640)).pixels))
        for label in (True, False)
    )
    assert len(broken.methods) == 6
    heats, found = shipped.compare_methods(broken)
    calm, _ = shipped.compare_methods(whole)
    assert len(found.together) >= 4
    for name, heat in heats.items():
        assert np.isfinite(heat.grid).all()
        assert calm[name].strength < 0.5
        assert calm[name].strength < 0.75 * heat.strength


def test_without_a_heatmap_the_answer_is_the_same(shipped):
    film = _radiograph(draw_phantom(5, "leg", False, (600, 480)).pixels)
    with_map, without = shipped.predict(film), shipped.predict(film, heatmap=False)
    assert without.fracture_map is None
    assert without.probability == pytest.approx(with_map.probability, abs=1e-5)
    assert [name for name, _ in without.regions] == [name for name, _ in with_map.regions]
    assert without.gate == with_map.gate


def test_a_grey_photograph_and_a_page_of_text_get_no_verdict(shipped):
    # Other pictures than those the head was taught with.
    states = [
        shipped.predict(_radiograph(picture), heatmap=False) for picture in make_non_radiographs(12, seed=99)
    ]
    refused = [opinion for opinion in states if opinion.gate.state is QualityState.REFUSE]
    assert len(refused) >= 11
    assert all(opinion.probability is None and opinion.verdict is None for opinion in refused)


def test_synthetic_films_are_let_pass(shipped):
    states = [
        shipped.predict(
            _radiograph(draw_phantom(seed, region, False, (500, 400)).pixels), heatmap=False
        ).gate.state
        for seed in range(3)
        for region in ("hand", "leg")
    ]
    assert QualityState.REFUSE not in states
