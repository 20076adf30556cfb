"""Random crops: position, content and labels."""

import numpy as np
import pytest

from fracture_core.imaging import InputSpec
from fracture_core.training.augment import augment_image
from fracture_core.training.batches import Batches, FractureBoxes
from fracture_core.training.crops import CropSettings, choose_crop, crop_label
from fracture_core.training.fracture_map import IDENTITY
from fracture_core.zoo import Augmentation
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER

STILL = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)
ALWAYS = CropSettings(1.0, 0.5, 1.6, (0.75, 1.5))
BOX = np.array([[40.0, 40.0, 56.0, 60.0]])
CANVAS = np.full((64, 64), 100, np.uint8)


def _crops(boxes, settings=ALWAYS, canvas=CANVAS, count=200):
    return [choose_crop(canvas, boxes, settings, np.random.default_rng(seed)) for seed in range(count)]


def test_share_of_crops():
    crops = _crops(BOX, CropSettings(0.3, 0.5, 1.6, (1, 1)), count=1000)
    assert 0.25 < np.mean([crop is not None for crop in crops]) < 0.35
    assert not any(crop is not None for crop in _crops(BOX, CropSettings(0.0, 0.5, 1.6, (1, 1))))


def test_range_of_sides():
    sides = np.array([1 / crop[0, 0] for crop in _crops(BOX)])
    assert 0.5 <= sides.min() < 0.55
    assert 1.45 < sides.max() <= 1.6


def test_close_up_lies_on_the_canvas_and_large_window_contains_it():
    for crop in _crops(BOX):
        low, high = (crop @ [0, 0, 1], crop @ [63, 63, 1])
        if crop[0, 0] > 1:
            assert (low <= 0.5 * crop[0, 0]).all()
            assert (high >= 63 - 0.5 * crop[0, 0]).all()
        else:
            assert (low >= -0.5).all()
            assert (high <= 63.5).all()


def test_fractured_image_without_boxes_is_never_cut():
    assert all(crop[0, 0] <= 1 for crop in _crops(None))


def test_close_ups_show_the_bright_area():
    canvas = np.zeros((64, 64), np.uint8)
    canvas[8:16, 40:48] = 200
    close = CropSettings(1.0, 0.5, 0.5, (1, 1))
    for crop in _crops(np.zeros((0, 4)), close, canvas, 50):
        assert augment_image(canvas, STILL, np.random.default_rng(0), crop=crop)[0].max() == 200


@pytest.mark.parametrize(
    ("visible_share", "label"),
    [(1.0, 1), (0.7, 1), (0.4, None), (0.05, 0), (0.0, 0)],
)
def test_label_follows_the_visible_share_of_a_box(visible_share, label):
    # The box spans columns 40 to 56, so after the shift a share of `visible_share` lies on the canvas of 64.
    matrix = np.array([[1.0, 0, 24 - visible_share * 16], [0, 1.0, 0]])
    assert crop_label(BOX, matrix, (64, 64)) == label


def test_one_visible_box_is_enough():
    hidden_box = np.array([[0.0, 0, 4, 4]])
    matrix = np.array([[1.0, 0, -20], [0, 1.0, -20]])
    assert crop_label(hidden_box, matrix, (64, 64)) == 0
    assert crop_label(np.concatenate([hidden_box, BOX]), matrix, (64, 64)) == 1


def test_box_is_visible_after_a_rotation():
    rotation = np.array([[0.0, -1, 63], [1, 0, 0]])
    assert crop_label(BOX, rotation, (64, 64)) == 1
    assert crop_label(BOX, IDENTITY, (64, 64)) == 1
    assert crop_label(None, IDENTITY, (64, 64)) == 1


def test_pixels_and_affine_map_match():
    canvas = CANVAS.copy()
    canvas[40:60, 40:56] = 250
    for crop in _crops(BOX, count=20):
        image, matrix = augment_image(canvas, STILL, np.random.default_rng(0), crop=crop)
        np.testing.assert_allclose(matrix, crop, atol=1e-12)
        x, y = np.rint(matrix @ [47.5, 49.5, 1]).astype(int)
        if 2 <= x < 62 and 2 <= y < 62:
            assert image[y, x] > 200


def _batches(count: int = 64, **changes) -> Batches:
    canvases = np.full((count, 64, 64), 100, np.uint8)
    labels = np.arange(count) % 2
    boxes = [np.array([[4.0, 4, 12, 12]]) if label else np.zeros((0, 4)) for label in labels]
    options = {
        "crops": CropSettings(1.0, 0.3, 0.6, (0.75, 1.5)),
        "fracture_boxes": FractureBoxes(8, boxes),
        **changes,
    }
    return Batches(
        canvases,
        labels,
        np.where(labels, 1.5, 0.75),
        InputSpec(64, 64),
        count,
        augmentation=STILL,
        **options,
    )


def test_crops_get_their_own_labels_and_weights():
    _, targets, weights = _batches()[0]
    label, weight = targets[LOGIT_LAYER][:, 0], weights[LOGIT_LAYER]
    has_fracture = targets[FRACTURE_MAP_LAYER].max(axis=(1, 2, 3)) > 0
    assert {0.0, 0.75, 1.5} >= set(weight.tolist()) >= {0.75, 1.5}
    # Half of the images are fractured, and some of their crops do not show the fracture.
    assert 8 < label[weight > 0].sum() < 32
    assert has_fracture[(label == 1) & (weight > 0)].all()
    np.testing.assert_array_equal(weight[weight > 0], np.where(label[weight > 0] == 1, 1.5, 0.75))
    np.testing.assert_array_equal(weights[FRACTURE_MAP_LAYER], 1)


def test_whole_images_are_equal_with_and_without_crops():
    without, with_crops = _batches(crops=None)[0], _batches(crops=CropSettings(0.0, 0.5, 1.6, (0.75, 1.5)))[0]
    np.testing.assert_array_equal(without[0], with_crops[0])
    np.testing.assert_array_equal(without[1][LOGIT_LAYER], with_crops[1][LOGIT_LAYER])


def test_classes_are_drawn_with_their_frequencies():
    frequencies = np.where(np.arange(64) < 8, 4.0, 1.0)
    batches = _batches(crops=None, frequencies=frequencies, negatives=0.5)
    counts = np.zeros(64)
    for _ in range(40):
        counts += np.bincount(batches._order, minlength=64)
        batches.on_epoch_end()
    negative, positive = np.arange(0, 64, 2), np.arange(1, 64, 2)
    assert counts[positive].sum() == 40 * 32
    assert counts[negative].sum() == 40 * 16
    for part in (negative, positive):
        expected = counts[part].sum() * frequencies[part] / frequencies[part].sum()
        np.testing.assert_allclose(counts[part], expected, atol=12)
