"""Random crops: where they lie, what they show, and the labels they get."""

import numpy as np
import pytest

from fracture_core.imaging import InputSpec
from fracture_core.training.augment import augment_image
from fracture_core.training.batches import Batches, FractureBoxes
from fracture_core.training.crops import CropSettings, choose_crop, crop_label
from fracture_core.training.map_targets import IDENTITY
from fracture_core.zoo import Augmentation
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER

STILL = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)
ALWAYS = CropSettings(1.0, 0.5, 1.6, (0.75, 1.5))
BOX = np.array([[40.0, 40.0, 56.0, 60.0]])
CANVAS = np.full((64, 64), 100, np.uint8)


def _crops(boxes, settings=ALWAYS, canvas=CANVAS, count=200):
    return [choose_crop(canvas, boxes, settings, np.random.default_rng(seed)) for seed in range(count)]


def test_the_share_of_crops():
    crops = _crops(BOX, CropSettings(0.3, 0.5, 1.6, (1, 1)), count=1000)
    assert 0.25 < np.mean([crop is not None for crop in crops]) < 0.35
    assert not any(crop is not None for crop in _crops(BOX, CropSettings(0.0, 0.5, 1.6, (1, 1))))


def test_sides_stay_in_their_range():
    sides = np.array([1 / crop[0, 0] for crop in _crops(BOX)])
    assert 0.5 <= sides.min() < 0.55
    assert 1.45 < sides.max() <= 1.6


def test_a_close_up_stays_on_the_canvas_and_a_reduced_film_is_shown_whole():
    for crop in _crops(BOX):
        low, high = (crop @ [0, 0, 1], crop @ [63, 63, 1])
        if crop[0, 0] > 1:
            assert (low <= 0.5 * crop[0, 0]).all()
            assert (high >= 63 - 0.5 * crop[0, 0]).all()
        else:
            assert (low >= -0.5).all()
            assert (high <= 63.5).all()


def test_a_fractured_film_without_boxes_is_never_cut():
    assert all(crop[0, 0] <= 1 for crop in _crops(None))


def test_close_ups_show_the_bright_part():
    canvas = np.zeros((64, 64), np.uint8)
    canvas[8:16, 40:48] = 200
    close = CropSettings(1.0, 0.5, 0.5, (1, 1))
    for crop in _crops(np.zeros((0, 4)), close, canvas, 50):
        assert augment_image(canvas, STILL, np.random.default_rng(0), crop=crop)[0].max() == 200


@pytest.mark.parametrize(
    ("shown", "label"),
    [(1.0, 1), (0.7, 1), (0.4, None), (0.05, 0), (0.0, 0)],
)
def test_the_label_follows_the_visible_share_of_a_box(shown, label):
    # The box is 16 wide and begins at column 40, so the shift leaves `shown` of it on a canvas of 64.
    move = np.array([[1.0, 0, 24 - shown * 16], [0, 1.0, 0]])
    assert crop_label(BOX, move, (64, 64)) == label


def test_one_visible_box_is_enough():
    far = np.array([[0.0, 0, 4, 4]])
    move = np.array([[1.0, 0, -20], [0, 1.0, -20]])
    assert crop_label(far, move, (64, 64)) == 0
    assert crop_label(np.concatenate([far, BOX]), move, (64, 64)) == 1


def test_a_turned_box():
    turned = np.array([[0.0, -1, 63], [1, 0, 0]])
    assert crop_label(BOX, turned, (64, 64)) == 1
    assert crop_label(BOX, IDENTITY, (64, 64)) == 1
    assert crop_label(None, IDENTITY, (64, 64)) == 1


def test_the_pixels_and_the_map_move_together():
    canvas = CANVAS.copy()
    canvas[40:60, 40:56] = 250
    for crop in _crops(BOX, count=20):
        film, matrix = augment_image(canvas, STILL, np.random.default_rng(0), crop=crop)
        np.testing.assert_allclose(matrix, crop, atol=1e-12)
        x, y = np.rint(matrix @ [47.5, 49.5, 1]).astype(int)
        if 2 <= x < 62 and 2 <= y < 62:
            assert film[y, x] > 200


def _batches(count: int = 64, **changes) -> Batches:
    canvases = np.full((count, 64, 64), 100, np.uint8)
    labels = np.arange(count) % 2
    boxes = [np.array([[4.0, 4, 12, 12]]) if label else np.zeros((0, 4)) for label in labels]
    given = {"crops": CropSettings(1.0, 0.3, 0.6, (0.75, 1.5)), "marks": FractureBoxes(8, boxes), **changes}
    return Batches(
        canvases,
        labels,
        np.where(labels, 1.5, 0.75),
        InputSpec(64, 64),
        count,
        augmentation=STILL,
        **given,
    )


def test_batches_relabel_crops():
    _, targets, weights = _batches()[0]
    label, weight = targets[LOGIT_LAYER][:, 0], weights[LOGIT_LAYER]
    broken = targets[FRACTURE_MAP_LAYER].max(axis=(1, 2, 3)) > 0
    assert {0.0, 0.75, 1.5} >= set(weight.tolist()) >= {0.75, 1.5}
    # Half of the films are fractured; some of their crops no longer show the fracture.
    assert 8 < label[weight > 0].sum() < 32
    assert broken[(label == 1) & (weight > 0)].all()
    np.testing.assert_array_equal(weight[weight > 0], np.where(label[weight > 0] == 1, 1.5, 0.75))
    np.testing.assert_array_equal(weights[FRACTURE_MAP_LAYER], 1)


def test_whole_films_are_the_same_with_and_without_crops():
    plain, mixed = _batches(crops=None)[0], _batches(crops=CropSettings(0.0, 0.5, 1.6, (0.75, 1.5)))[0]
    np.testing.assert_array_equal(plain[0], mixed[0])
    np.testing.assert_array_equal(plain[1][LOGIT_LAYER], mixed[1][LOGIT_LAYER])


def test_frequencies_are_met_evenly():
    often = np.where(np.arange(64) < 8, 4.0, 1.0)
    batches = _batches(crops=None, frequencies=often, negatives=0.5)
    shown = np.zeros(64)
    for _ in range(40):
        shown += np.bincount(batches._order, minlength=64)
        batches.on_epoch_end()
    calm, broken = np.arange(0, 64, 2), np.arange(1, 64, 2)
    assert shown[broken].sum() == 40 * 32
    assert shown[calm].sum() == 40 * 16
    for part in (calm, broken):
        expected = shown[part].sum() * often[part] / often[part].sum()
        np.testing.assert_allclose(shown[part], expected, atol=12)
