"""Order and variations depend on seed and epoch alone."""

import numpy as np
import pytest

from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.training.augment import augment_image
from fracture_core.training.batches import Batches, FractureBoxes
from fracture_core.training.map_targets import IDENTITY, cell_targets
from fracture_core.zoo import Augmentation
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER

SPEC = InputSpec(64, 64, 3, "signed")
PLAIN = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)
N = 11


@pytest.fixture(scope="module")
def canvases():
    """Film k has the grey value 10 + k everywhere, so that a batch tells who is in it."""
    return np.repeat(np.arange(10, 10 + N, dtype=np.uint8), 64 * 64).reshape(N, 64, 64)


def _batches(canvases, **named) -> Batches:
    return Batches(canvases, np.arange(N) % 2, np.arange(N) / 10, SPEC, 4, **named)


def _who(batches) -> list[int]:
    inputs = np.concatenate([batches[index][0] for index in range(len(batches))])
    return (np.rint((inputs[:, 32, 32, 0] + 1) * 127.5).astype(int) - 10).tolist()


def test_validation_comes_in_order(canvases):
    batches = _batches(canvases)
    assert len(batches) == 3
    for _ in range(2):
        assert _who(batches) == list(range(N))
        batches.on_epoch_end()


def test_a_batch(canvases):
    inputs, labels, weights = _batches(canvases)[2]
    assert inputs.shape == (3, 64, 64, 3)
    assert (inputs.dtype, labels.dtype, weights.dtype) == (np.float32,) * 3
    np.testing.assert_array_equal(inputs, normalise_canvas(canvases[8:], SPEC))
    np.testing.assert_array_equal(labels, [[0], [1], [0]])
    np.testing.assert_allclose(weights, [0.8, 0.9, 1.0])


def test_training_serves_every_film_once_with_its_label_and_weight(canvases):
    batches = _batches(canvases, augmentation=PLAIN, seed=3)
    order = _who(batches)
    assert sorted(order) == list(range(N)) != order
    labels = np.concatenate([batches[index][1][:, 0] for index in range(3)])
    weights = np.concatenate([batches[index][2] for index in range(3)])
    np.testing.assert_array_equal(labels, np.array(order) % 2)
    np.testing.assert_allclose(weights, np.array(order) / 10, rtol=1e-6)


def test_the_order_is_that_of_seed_and_epoch(canvases):
    walked = _batches(canvases, augmentation=PLAIN, seed=1)
    walked.on_epoch_end()
    walked.on_epoch_end()
    started = _batches(canvases, augmentation=PLAIN, seed=1, epoch=2)
    assert _who(walked) == _who(started)
    assert _who(started) != _who(_batches(canvases, augmentation=PLAIN, seed=1, epoch=1))
    assert _who(started) != _who(_batches(canvases, augmentation=PLAIN, seed=2, epoch=2))


def test_variations_are_those_of_seed_epoch_and_film():
    films = np.random.default_rng(0).integers(0, 255, (N, 64, 64), np.uint8)
    how = Augmentation()
    batches = _batches(films, augmentation=how, seed=5, epoch=7)
    order = np.arange(N)
    np.random.default_rng((5, 7)).shuffle(order)
    for index in (2, 0):  # threads may ask in any order
        chosen = order[index * 4 : index * 4 + 4]
        varied = [augment_image(films[n], how, np.random.default_rng((5, 7, n)))[0] for n in chosen.tolist()]
        np.testing.assert_array_equal(batches[index][0], normalise_canvas(np.stack(varied), SPEC))
    first = batches[0][0]
    batches.on_epoch_end()
    assert not np.array_equal(first, batches[0][0])


def test_films_of_a_run(training_data, tiny_config):
    """Weights make both kinds count the same, in every split those of the training films."""
    train, val = training_data.batches("train", tiny_config), training_data.batches("val", tiny_config)
    labels = training_data.labels(training_data.indices_of("train"))
    weights = np.concatenate([train[index][2] for index in range(len(train))])
    served = np.concatenate([train[index][1][:, 0] for index in range(len(train))])
    assert weights[served == 1].sum() == pytest.approx(weights[served == 0].sum(), rel=1e-5)
    assert weights.sum() == pytest.approx(len(labels), rel=1e-5)
    by_label = {label: weights[served == label][0] for label in (0, 1)}
    inputs, val_labels, val_weights = val[0]
    np.testing.assert_allclose(val_weights, [by_label[label] for label in val_labels[:, 0]])
    first = training_data.indices_of("val")[: len(inputs)]
    np.testing.assert_array_equal(
        inputs, normalise_canvas(training_data.canvases[training_data.rows[first]], training_data.spec)
    )


def test_few_films_without_a_fracture_and_others_each_epoch(canvases):
    labels = (np.arange(N) < 2).astype(int)
    batches = Batches(canvases, labels, np.ones(N), SPEC, 4, augmentation=PLAIN, seed=1, negatives=1.5)
    shown = []
    for _ in range(8):
        who = _who(batches)
        assert len(who) == 5
        assert len(batches) == 2
        assert {0, 1} <= set(who)
        shown.append(tuple(who))
        batches.on_epoch_end()
    assert {film for who in shown for film in who} == set(range(N))
    # Mixed: not first the one kind and then the other.
    assert len({tuple(sorted(who.index(film) for film in (0, 1))) for who in shown}) > 2


def test_more_negatives_than_there_are(canvases):
    batches = Batches(canvases, np.arange(N) % 2, np.ones(N), SPEC, 4, augmentation=PLAIN, negatives=9)
    assert sorted(_who(batches)) == list(range(N))


def test_cells_follow_their_films():
    """Each film has a square of its own, and its target knows where that went."""
    films = np.full((N, 64, 64), 1, np.uint8)
    boxes = []
    for number in range(N):
        x, y = 8 + 3 * number, 40 - 2 * number
        films[number, y : y + 18, x : x + 14] = 250
        boxes.append(np.array([[x, y, x + 14, y + 18]], float) if number % 2 else np.zeros((0, 4)))
    how = Augmentation(brightness=0, contrast=0)
    batches = _batches(films, augmentation=how, seed=3, marks=FractureBoxes(8, boxes))
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


def test_validation_films_keep_their_boxes(canvases):
    boxes = [np.array([[8.0, 16, 24, 32]])] * N
    cells = _batches(canvases, marks=FractureBoxes(16, boxes))[2][1][FRACTURE_MAP_LAYER]
    np.testing.assert_array_equal(cells[0], cell_targets(boxes[0], IDENTITY, (64, 64), 16))
