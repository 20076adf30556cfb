"""Order, augmentation and content of training batches."""

import numpy as np
import pytest

from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.training.augment import augment_image
from fracture_core.training.batches import Batches, FractureBoxes
from fracture_core.training.fracture_map import IDENTITY, cell_targets
from fracture_core.zoo import Augmentation
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER

SPEC = InputSpec(64, 64, 3, "signed")
UNCHANGED = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)
N = 11


@pytest.fixture(scope="module")
def canvases():
    """Image k has the grey value 10 + k everywhere, so that batches show which images they contain."""
    return np.repeat(np.arange(10, 10 + N, dtype=np.uint8), 64 * 64).reshape(N, 64, 64)


def _batches(canvases, **options) -> Batches:
    return Batches(canvases, np.arange(N) % 2, np.arange(N) / 10, SPEC, 4, **options)


def _numbers(batches) -> list[int]:
    """Return the numbers of an epoch's images in order."""
    inputs = np.concatenate([batches[index][0] for index in range(len(batches))])
    return (np.rint((inputs[:, 32, 32, 0] + 1) * 127.5).astype(int) - 10).tolist()


def test_validation_is_in_order(canvases):
    batches = _batches(canvases)
    assert len(batches) == 3
    for _ in range(2):
        assert _numbers(batches) == list(range(N))
        batches.on_epoch_end()


def test_shapes_and_values_of_a_batch(canvases):
    inputs, labels, weights = _batches(canvases)[2]
    assert inputs.shape == (3, 64, 64, 3)
    assert (inputs.dtype, labels.dtype, weights.dtype) == (np.float32,) * 3
    np.testing.assert_array_equal(inputs, normalise_canvas(canvases[8:], SPEC))
    np.testing.assert_array_equal(labels, [[0], [1], [0]])
    np.testing.assert_allclose(weights, [0.8, 0.9, 1.0])


def test_training_epoch_contains_every_image_once(canvases):
    batches = _batches(canvases, augmentation=UNCHANGED, seed=3)
    order = _numbers(batches)
    assert sorted(order) == list(range(N)) != order
    labels = np.concatenate([batches[index][1][:, 0] for index in range(3)])
    weights = np.concatenate([batches[index][2] for index in range(3)])
    np.testing.assert_array_equal(labels, np.array(order) % 2)
    np.testing.assert_allclose(weights, np.array(order) / 10, rtol=1e-6)


def test_order_depends_on_seed_and_epoch(canvases):
    advanced = _batches(canvases, augmentation=UNCHANGED, seed=1)
    advanced.on_epoch_end()
    advanced.on_epoch_end()
    direct = _batches(canvases, augmentation=UNCHANGED, seed=1, epoch=2)
    assert _numbers(advanced) == _numbers(direct)
    assert _numbers(direct) != _numbers(_batches(canvases, augmentation=UNCHANGED, seed=1, epoch=1))
    assert _numbers(direct) != _numbers(_batches(canvases, augmentation=UNCHANGED, seed=2, epoch=2))


def test_augmentation_depends_on_seed_epoch_and_image():
    films = np.random.default_rng(0).integers(0, 255, (N, 64, 64), np.uint8)
    augmentation = Augmentation()
    batches = _batches(films, augmentation=augmentation, seed=5, epoch=7)
    order = np.arange(N)
    np.random.default_rng((5, 7)).shuffle(order)
    for index in (2, 0):  # threads may request batches in any order
        chosen = order[index * 4 : index * 4 + 4]
        augmented = [
            augment_image(films[n], augmentation, np.random.default_rng((5, 7, n)))[0]
            for n in chosen.tolist()
        ]
        np.testing.assert_array_equal(batches[index][0], normalise_canvas(np.stack(augmented), SPEC))
    first = batches[0][0]
    batches.on_epoch_end()
    assert not np.array_equal(first, batches[0][0])


def test_class_weights_of_a_run(training_data, tiny_config):
    """The weights balance the classes of the training split, and are used in every split."""
    train, val = training_data.batches("train", tiny_config), training_data.batches("val", tiny_config)
    labels = training_data.labels(training_data.indices_of("train"))
    weights = np.concatenate([train[index][2] for index in range(len(train))])
    labels_in_order = np.concatenate([train[index][1][:, 0] for index in range(len(train))])
    assert weights[labels_in_order == 1].sum() == pytest.approx(weights[labels_in_order == 0].sum(), rel=1e-5)
    assert weights.sum() == pytest.approx(len(labels), rel=1e-5)
    by_label = {label: weights[labels_in_order == label][0] for label in (0, 1)}
    inputs, val_labels, val_weights = val[0]
    np.testing.assert_allclose(val_weights, [by_label[label] for label in val_labels[:, 0]])
    first = training_data.indices_of("val")[: len(inputs)]
    np.testing.assert_array_equal(
        inputs, normalise_canvas(training_data.canvases[training_data.rows[first]], training_data.spec)
    )


def test_negatives_are_drawn_anew_each_epoch(canvases):
    labels = (np.arange(N) < 2).astype(int)
    batches = Batches(canvases, labels, np.ones(N), SPEC, 4, augmentation=UNCHANGED, seed=1, negatives=1.5)
    batch_indices = []
    for _ in range(8):
        numbers = _numbers(batches)
        assert len(numbers) == 5
        assert len(batches) == 2
        assert {0, 1} <= set(numbers)
        batch_indices.append(tuple(numbers))
        batches.on_epoch_end()
    assert {image for numbers in batch_indices for image in numbers} == set(range(N))
    # The classes are mixed.
    assert len({tuple(sorted(numbers.index(image) for image in (0, 1))) for numbers in batch_indices}) > 2


def test_more_negatives_than_available_uses_all(canvases):
    batches = Batches(canvases, np.arange(N) % 2, np.ones(N), SPEC, 4, augmentation=UNCHANGED, negatives=9)
    assert sorted(_numbers(batches)) == list(range(N))


def test_cell_targets_follow_the_augmentation():
    """Each image has a bright square, and the target must mark its position after augmentation."""
    films = np.full((N, 64, 64), 1, np.uint8)
    boxes = []
    for number in range(N):
        x, y = 8 + 3 * number, 40 - 2 * number
        films[number, y : y + 18, x : x + 14] = 250
        boxes.append(np.array([[x, y, x + 14, y + 18]], float) if number % 2 else np.zeros((0, 4)))
    augmentation = Augmentation(brightness=0, contrast=0)
    batches = _batches(films, augmentation=augmentation, seed=3, fracture_boxes=FractureBoxes(8, boxes))
    for index in range(len(batches)):
        inputs, targets, weights = batches[index]
        assert targets.keys() == weights.keys() == {LOGIT_LAYER, FRACTURE_MAP_LAYER}
        np.testing.assert_array_equal(weights[FRACTURE_MAP_LAYER], 1)
        for film, label, cells in zip(
            inputs, targets[LOGIT_LAYER][:, 0], targets[FRACTURE_MAP_LAYER], strict=True
        ):
            centres = (film[3::8, 3::8, 0] + film[4::8, 4::8, 0]) / 2
            assert (cells == 1).any() == (label == 1)
            assert (centres[cells[..., 0] == 1] > -0.3).all()
            if label:
                assert (centres[cells[..., 0] == 0] < 0.1).all()


def test_validation_boxes_are_not_moved(canvases):
    boxes = [np.array([[8.0, 16, 24, 32]])] * N
    cells = _batches(canvases, fracture_boxes=FractureBoxes(16, boxes))[2][1][FRACTURE_MAP_LAYER]
    np.testing.assert_array_equal(cells[0], cell_targets(boxes[0], IDENTITY, (64, 64), 16))
