"""Random augmentation of images."""

from dataclasses import replace

import numpy as np
import pytest

from fracture_core.phantom import draw_phantom
from fracture_core.training import augment as module
from fracture_core.zoo import Augmentation

NOTHING = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)


@pytest.fixture(scope="module")
def canvas():
    """A phantom with black columns on both sides, like a letterboxed image."""
    image = draw_phantom(4, "leg", True, (64, 48)).pixels
    return np.pad(np.maximum(image, 1), ((0, 0), (8, 8)))


def augment(canvas, augmentation, rng):
    """Return the augmented image without its affine map."""
    return module.augment_image(canvas, augmentation, rng)[0]


def _rng(seed=0):
    return np.random.default_rng(seed)


def test_shape_and_type_are_unchanged(canvas):
    result = augment(canvas, Augmentation(), _rng())
    assert result.shape == canvas.shape
    assert result.dtype == np.uint8


def test_equal_seeds_give_equal_images(canvas):
    first, repeated, other = (augment(canvas, Augmentation(), _rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, repeated)
    assert not np.array_equal(first, other)


def test_input_is_not_changed(canvas):
    before = canvas.copy()
    augment(canvas, Augmentation(), _rng())
    np.testing.assert_array_equal(canvas, before)


@pytest.mark.parametrize("seed", range(5))
def test_zero_ranges_change_nothing(canvas, seed):
    np.testing.assert_array_equal(augment(canvas, NOTHING, _rng(seed)), canvas)


def test_flip_mirrors_half_of_the_images(canvas):
    images = [augment(canvas, replace(NOTHING, flip=True), _rng(seed)) for seed in range(200)]
    mirrored = [np.array_equal(image, canvas[:, ::-1]) for image in images]
    unchanged = [np.array_equal(image, canvas) for image in images]
    assert all(one != other for one, other in zip(mirrored, unchanged, strict=True))
    assert 70 < sum(mirrored) < 130


def test_background_stays_black(canvas):
    augmentation = replace(NOTHING, brightness=0.5, contrast=0.5)
    for seed in range(10):
        result = augment(canvas, augmentation, _rng(seed))
        assert not result[:, :8].any()
        assert not result[:, -8:].any()


def test_area_outside_the_canvas_is_black():
    white = np.full((64, 64), 200, np.uint8)
    result = augment(white, replace(NOTHING, rotation=45.0), _rng(3))
    corners = result[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert not corners.any()
    assert result[32, 32] == 200


@pytest.mark.parametrize(("name", "limit"), [("shift", 0.1), ("rotation", 20.0), ("zoom", 0.3)])
def test_geometric_changes_stay_in_their_ranges(name, limit):
    y, x = np.mgrid[:64, :64]
    spot = (255 * np.exp(-((x - 44) ** 2 + (y - 32) ** 2) / 20)).astype(np.uint8)

    def centre(image):
        mass = image.sum()
        return np.array([(x * image).sum() / mass, (y * image).sum() / mass])

    moves = [
        np.abs(centre(augment(spot, replace(NOTHING, **{name: limit}), _rng(seed))) - centre(spot)).max()
        for seed in range(30)
    ]
    largest = {"shift": 6.4, "rotation": 12.5 * np.sin(np.radians(20)), "zoom": 12.5 * 0.3}[name]
    assert 0.5 * largest < max(moves) <= largest + 0.3


def test_brightness_and_contrast_stay_in_their_ranges():
    half = np.concatenate([np.full((32, 64), 100, np.uint8), np.full((32, 64), 140, np.uint8)])
    for seed in range(30):
        bright = augment(half, replace(NOTHING, brightness=0.1), _rng(seed)).astype(int) - half
        assert len(np.unique(bright)) == 1
        assert abs(bright[0, 0]) <= 26
        contrast = augment(half, replace(NOTHING, contrast=0.25), _rng(seed)).astype(int)
        assert 29 <= contrast[40, 0] - contrast[0, 0] <= 51
        assert abs(contrast.mean() - 120) <= 1


def test_gamma_keeps_black_and_white():
    ramp = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    images = [augment(ramp, replace(NOTHING, gamma=0.5), _rng(seed))[0].astype(int) for seed in range(40)]
    for greys in images:
        assert (greys[0], greys[-1]) == (0, 255)
        assert (np.diff(greys) >= 0).all()
        # 128 to the exponents e^-0.5 and e^0.5.
        assert 81 <= greys[128] <= 169
    assert min(greys[128] for greys in images) < 105
    assert max(greys[128] for greys in images) > 150


def test_share_of_images_with_clahe(canvas):
    images = [augment(canvas, replace(NOTHING, clahe=0.3), _rng(seed)) for seed in range(200)]
    changed = [image for image in images if not np.array_equal(image, canvas)]
    assert 35 < len(changed) < 85
    for image in changed:
        assert image[:, 8:-8].std() > canvas[:, 8:-8].std()
        assert not image[:, :8].any()


def test_resolution_is_reduced_in_half_of_the_images():
    checkerboard = np.tile(np.array([[80, 160], [160, 80]], np.uint8), (32, 32))
    images = [augment(checkerboard, replace(NOTHING, resolution=1.0), _rng(seed)) for seed in range(100)]
    spread = np.array([image.std() for image in images])
    # Only detail is lost: the mean brightness is unchanged.
    assert 30 < (spread < 35).sum() < 65
    assert spread.max() == 40
    assert all(abs(image.mean() - 120) < 2 for image in images)


def test_noise_stays_in_its_range():
    grey = np.full((64, 64), 120, np.uint8)
    spread = [augment(grey, replace(NOTHING, noise=0.1), _rng(seed)).std() for seed in range(60)]
    assert max(spread) < 27
    assert max(spread) > 20
    assert min(spread) < 4


@pytest.mark.parametrize("name", ["gamma", "clahe", "resolution", "noise"])
def test_device_augmentation_keeps_background_and_geometry(canvas, name):
    for seed in range(10):
        image, matrix = module.augment_image(canvas, replace(NOTHING, **{name: 0.2}), _rng(seed))
        np.testing.assert_array_equal(matrix, np.eye(2, 3))
        assert not image[:, :8].any()
        assert image.any()


def test_black_image_stays_black():
    augmentation = Augmentation(gamma=0.5, clahe=1.0, resolution=1.0, noise=0.1)
    for seed in range(5):
        assert not augment(np.zeros((64, 64), np.uint8), augmentation, _rng(seed)).any()
