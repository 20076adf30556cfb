"""Tests of near-duplicate detection: copies are found after common changes, different images are not joined."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest

from fracture_core import near_duplicates
from fracture_core.imaging import read_radiograph
from fracture_core.near_duplicates import registration
from fracture_core.near_duplicates.fingerprint import ANGLES, RADII
from fracture_core.near_duplicates.registration import REGISTRATION_SIDE, Pose
from fracture_core.phantom import draw_phantom

SIZE = (200, 160)


def _save_as_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)


def _rescale(image: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def _tilt(image: np.ndarray, degrees: float) -> np.ndarray:
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return cv2.warpAffine(image, matrix, (width, height))


def _crop(image: np.ndarray) -> np.ndarray:
    image = image.copy()
    image[int(0.88 * len(image)) :] = 0
    return image


# Common changes between two copies of an image.
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{f"rotated {90 * turn}°": lambda image, turn=turn: np.rot90(image, turn) for turn in (1, 2, 3)},
    **{
        f"mirrored, {90 * turn}°": lambda image, turn=turn: np.rot90(image[:, ::-1], turn)
        for turn in range(4)
    },
    "half size": lambda image: _rescale(image, 0.5),
    "1.5 times the size": lambda image: _rescale(image, 1.5),
    "resized to a square": lambda image: cv2.resize(image, (150, 150), interpolation=cv2.INTER_AREA),
    "JPEG of quality 30": lambda image: _save_as_jpeg(image, 30),
    "darker": lambda image: (image * 0.6).astype(np.uint8),
    "other gamma": lambda image: (255 * (image / 255) ** 0.6).astype(np.uint8),
    "negative": lambda image: 255 - image,
    "tilted by 6°": lambda image: _tilt(image, 6),
    "a square tilted by 25°": lambda image: _tilt(cv2.resize(image, (160, 160)), 25),
    "cropped": _crop,
    "all at once": lambda image: _save_as_jpeg(
        _rescale(np.ascontiguousarray(np.rot90(image[:, ::-1])), 0.7), 50
    ),
}


def _square(image: np.ndarray) -> np.ndarray:
    side = (registration.REGISTRATION_SIDE, registration.REGISTRATION_SIDE)
    return cv2.resize(np.ascontiguousarray(image, np.float32) / 255, side, interpolation=cv2.INTER_AREA)


def _groups(images: list[np.ndarray]) -> np.ndarray:
    fingerprints = np.stack(
        [near_duplicates.compute_fingerprint(image.astype(np.float32) / 255) for image in images]
    )
    return near_duplicates.group_duplicates(fingerprints, lambda k: _square(images[k]))[0]


@pytest.fixture(scope="module")
def phantom_images() -> list[np.ndarray]:
    """Thirty different phantoms of three regions, with and without a fracture."""
    return [draw_phantom(k, ("hand", "leg", "forearm")[k % 3], k % 2 == 1, SIZE).pixels for k in range(30)]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_copies_are_found_and_different_images_are_not_joined(phantom_images, change):
    changed = [np.ascontiguousarray(change(image)) for image in phantom_images]
    groups = _groups([*phantom_images, *changed])
    assert groups[:30].tolist() == groups[30:].tolist()
    assert len(set(groups.tolist())) == 30


def test_different_phantoms_of_one_region_are_not_joined():
    groups = _groups([draw_phantom(1, "leg", False, SIZE).pixels, draw_phantom(2, "leg", True, SIZE).pixels])
    assert groups.tolist() == [0, 1]


def test_chain_of_copies_longer_than_the_neighbourhood_is_one_group(phantom_images):
    # 40 copies each of two images, more than the number of neighbours compared.
    rng = np.random.default_rng(0)
    noisy = [
        np.clip(phantom_images[k % 2] + rng.normal(0, 6, SIZE), 0, 255).astype(np.uint8) for k in range(80)
    ]
    assert _groups(noisy).tolist() == [0, 1] * 40


def test_match_contains_the_pair_and_its_score(phantom_images):
    phantom_images = [phantom_images[0], phantom_images[1], np.ascontiguousarray(phantom_images[0][:, ::-1])]
    fingerprints = np.stack(
        [near_duplicates.compute_fingerprint(image.astype(np.float32) / 255) for image in phantom_images]
    )
    groups, matches = near_duplicates.group_duplicates(fingerprints, lambda k: _square(phantom_images[k]))
    assert groups.tolist() == [0, 1, 0]
    (match,) = matches
    assert (match.left, match.right) == (0, 2)
    assert match.score > registration.SAME_AGREEMENT


def test_progress_rises_to_the_total(phantom_images):
    progress_calls: list[tuple[int, int]] = []
    fingerprints = np.stack(
        [near_duplicates.compute_fingerprint(image.astype(np.float32) / 255) for image in phantom_images]
    )
    near_duplicates.group_duplicates(
        fingerprints,
        lambda k: _square(phantom_images[k]),
        lambda _stage, done, total: progress_calls.append((done, total)),
    )
    assert progress_calls[-1][0] == progress_calls[-1][1]
    assert [done for done, _ in progress_calls] == sorted(done for done, _ in progress_calls)


def test_blank_images_are_not_joined():
    blank = np.zeros((50, 60), np.float32)
    rings = near_duplicates.compute_fingerprint(blank)
    assert (rings.shape, rings.dtype, rings.any()) == ((RADII, ANGLES), np.int8, False)
    assert near_duplicates.group_duplicates(np.stack([rings, rings]), lambda k: blank)[0].tolist() == [0, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_one_image_or_none_has_no_duplicates(phantom_images, count):
    fingerprints = np.zeros((0, RADII, ANGLES), np.int8)
    if count:
        fingerprints = near_duplicates.compute_fingerprint(phantom_images[0] / np.float32(255))[None]
    groups, matches = near_duplicates.group_duplicates(fingerprints, lambda k: _square(phantom_images[k]))
    assert (groups.tolist(), matches) == ([0] * count, [])


def test_pose_of_a_mirrored_negative(phantom_images):
    one = near_duplicates.compute_fingerprint(phantom_images[0].astype(np.float32) / 255)
    other = near_duplicates.compute_fingerprint(
        255 - np.ascontiguousarray(phantom_images[0][:, ::-1]).astype(np.float32)
    )
    (pose,) = registration.best_poses(np.stack([one, other]), np.array([0]), np.array([1]))
    assert (pose.mirrored, pose.negative) == (True, True)
    assert pose.correlation > 0.95
    assert pose.turn == pytest.approx(np.pi, abs=0.06)


def test_images_with_little_overlap_do_not_agree(phantom_images):
    pose = registration.Pose(0.8, 0.0, False, False)
    image = _square(phantom_images[0])
    assert registration.pixel_agreement(image, image, pose) == pytest.approx(1, abs=1e-3)
    hidden = image.copy()
    hidden[: int(0.7 * len(image))] = 0
    assert registration.pixel_agreement(image, hidden, pose) == 0


def test_find_duplicates_among_files(phantom_images, tmp_path):
    paths = [
        tmp_path / name for name in ("a.png", "b.png", "rotated.png", "same bytes.png", "bad.png", "bad2.png")
    ]
    cv2.imwrite(str(paths[0]), phantom_images[0])
    cv2.imwrite(str(paths[1]), phantom_images[1])
    cv2.imwrite(str(paths[2]), np.rot90(phantom_images[0]))
    paths[3].write_bytes(paths[1].read_bytes())
    paths[4].write_bytes(b"not an image")
    paths[5].write_bytes(b"not an image either")
    progress_calls: list[tuple[int, int]] = []
    duplicates = near_duplicates.find_duplicates(
        [*paths, tmp_path / "missing.png"], lambda _stage, done, total: progress_calls.append((done, total))
    )
    assert duplicates.tolist() == [0, 1, 0, 1, 2, 3, 4]
    assert progress_calls == [(number, 7) for number in range(1, 8)]
    assert near_duplicates.find_duplicates([]).tolist() == []


def test_missing_file_is_black(tmp_path):
    assert not near_duplicates.comparison_image(tmp_path / "missing.png").any()


@pytest.mark.real
def test_known_duplicates_of_fracatlas(real_data):
    folder = real_data / "fracatlas" / "images"
    paths = {int(path.stem[3:]): path for path in folder.rglob("IMG*.jpg")}
    known = [{3034, 4314, 4341}, {2886, 4243}, {4262, 2952}, {2998, 4280}]
    known = [present for group in known if len(present := group & set(paths)) > 1]
    # Images of one region and view, where small thumbnails agree best.
    others = [number for number in sorted(paths)[::40] if not any(number in group for group in known)]
    assert known
    assert len(others) > 50
    ids = [*(number for group in known for number in sorted(group)), *others]
    group_of_image = dict(
        zip(ids, near_duplicates.find_duplicates([paths[number] for number in ids]).tolist(), strict=True)
    )
    assert all(len({group_of_image[number] for number in group}) == 1 for group in known)
    assert len(set(group_of_image.values())) == len(known) + len(others)


@pytest.mark.real
def test_changed_copies_of_real_images_are_found(real_data):
    paths = sorted((real_data / "fracatlas" / "images").rglob("*.jpg"))
    chosen = np.random.default_rng(1).choice(len(paths), 60, replace=False)
    images = [np.round(read_radiograph(Path(paths[k])).pixels * 255).astype(np.uint8) for k in chosen]
    group_count = len(set(_groups(images).tolist()))
    for name in ("rotated 90°", "mirrored, 270°", "half size", "resized to a square", "all at once"):
        changed = [np.ascontiguousarray(CHANGES[name](film)) for film in images]
        groups = _groups([*images, *changed])
        assert np.mean(groups[:60] == groups[60:]) >= 0.98, name
        assert len(set(groups.tolist())) >= group_count, name


def test_decided_pair_does_not_replace_an_undecided_one():
    """Images 0 and 2 are one group already; the next best match of 0, image 1, must still be registered."""
    group = np.array([0, 1, 0, 3])
    doubtful = [
        (0, 2, Pose(0.92, 0.0, False, False)),
        (0, 1, Pose(0.85, 0.0, False, False)),
        (1, 3, Pose(0.88, 0.0, False, False)),
    ]
    progress_calls: list[int] = []
    module = import_module("fracture_core.near_duplicates.duplicate_groups")
    module._register_doubtful(
        group,
        [],
        doubtful,
        lambda k: progress_calls.append(k) or np.zeros((REGISTRATION_SIDE, REGISTRATION_SIDE), np.float32),
        None,
    )
    assert 0 in progress_calls
