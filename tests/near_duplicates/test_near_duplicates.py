"""Copies of one picture are found however they were turned, resized or saved again; other films are not copies."""

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


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)


def _scaled(image: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def _tilted(image: np.ndarray, degrees: float) -> np.ndarray:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return cv2.warpAffine(image, turn, (width, height))


def _cut_off(image: np.ndarray) -> np.ndarray:
    image = image.copy()
    image[int(0.88 * len(image)) :] = 0
    return image


#: What people and programs do to a film on its way through the world.
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{f"turned {90 * turn}°": lambda image, turn=turn: np.rot90(image, turn) for turn in (1, 2, 3)},
    **{
        f"mirrored, {90 * turn}°": lambda image, turn=turn: np.rot90(image[:, ::-1], turn)
        for turn in range(4)
    },
    "half size": lambda image: _scaled(image, 0.5),
    "one and a half times the size": lambda image: _scaled(image, 1.5),
    "squeezed into a square": lambda image: cv2.resize(image, (150, 150), interpolation=cv2.INTER_AREA),
    "JPEG of quality 30": lambda image: _jpeg(image, 30),
    "darker": lambda image: (image * 0.6).astype(np.uint8),
    "other gamma": lambda image: (255 * (image / 255) ** 0.6).astype(np.uint8),
    "negative": lambda image: 255 - image,
    "tilted by 6°": lambda image: _tilted(image, 6),
    "a square tilted by 25°": lambda image: _tilted(cv2.resize(image, (160, 160)), 25),
    "cut off at the end": _cut_off,
    "all at once": lambda image: _jpeg(_scaled(np.ascontiguousarray(np.rot90(image[:, ::-1])), 0.7), 50),
}


def _square(image: np.ndarray) -> np.ndarray:
    side = (registration.REGISTRATION_SIDE, registration.REGISTRATION_SIDE)
    return cv2.resize(np.ascontiguousarray(image, np.float32) / 255, side, interpolation=cv2.INTER_AREA)


def _groups(images: list[np.ndarray]) -> np.ndarray:
    prints = np.stack(
        [near_duplicates.compute_fingerprint(image.astype(np.float32) / 255) for image in images]
    )
    return near_duplicates.group_duplicates(prints, lambda k: _square(images[k]))[0]


@pytest.fixture(scope="module")
def films() -> list[np.ndarray]:
    """Thirty different films of three regions, broken and whole."""
    return [draw_phantom(k, ("hand", "leg", "forearm")[k % 3], k % 2 == 1, SIZE).pixels for k in range(30)]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_copy_is_found_and_no_two_films_are_joined(films, change):
    changed = [np.ascontiguousarray(change(film)) for film in films]
    found = _groups([*films, *changed])
    assert found[:30].tolist() == found[30:].tolist()
    assert len(set(found.tolist())) == 30


def test_a_phantom_and_its_broken_twin_are_told_from_a_stranger():
    # The same person with and without a fracture agrees everywhere but at the fracture: one picture, on purpose.
    found = _groups([draw_phantom(1, "leg", False, SIZE).pixels, draw_phantom(2, "leg", True, SIZE).pixels])
    assert found.tolist() == [0, 1]


def test_chains_of_copies_longer_than_the_neighbourhood_hold_together(films):
    # 40 copies each of two films: more than the neighbours that are looked at for each.
    rng = np.random.default_rng(0)
    noisy = [np.clip(films[k % 2] + rng.normal(0, 6, SIZE), 0, 255).astype(np.uint8) for k in range(80)]
    assert _groups(noisy).tolist() == [0, 1] * 40


def test_matches_say_what_joined_them(films):
    images = [films[0], films[1], np.ascontiguousarray(films[0][:, ::-1])]
    prints = np.stack(
        [near_duplicates.compute_fingerprint(image.astype(np.float32) / 255) for image in images]
    )
    groups, matches = near_duplicates.group_duplicates(prints, lambda k: _square(images[k]))
    assert groups.tolist() == [0, 1, 0]
    (match,) = matches
    assert (match.left, match.right) == (0, 2)
    assert match.score > registration.SAME_AGREEMENT


def test_progress_rises_to_what_is_due(films):
    seen: list[tuple[int, int]] = []
    prints = np.stack([near_duplicates.compute_fingerprint(film.astype(np.float32) / 255) for film in films])
    near_duplicates.group_duplicates(
        prints, lambda k: _square(films[k]), lambda stage, done, total: seen.append((done, total))
    )
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_blank_film_is_like_nothing():
    blank = np.zeros((50, 60), np.float32)
    rings = near_duplicates.compute_fingerprint(blank)
    assert (rings.shape, rings.dtype, rings.any()) == ((RADII, ANGLES), np.int8, False)
    assert near_duplicates.group_duplicates(np.stack([rings, rings]), lambda k: blank)[0].tolist() == [0, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_few_films(films, count):
    prints = np.zeros((0, RADII, ANGLES), np.int8)
    if count:
        prints = near_duplicates.compute_fingerprint(films[0] / np.float32(255))[None]
    groups, matches = near_duplicates.group_duplicates(prints, lambda k: _square(films[k]))
    assert (groups.tolist(), matches) == ([0] * count, [])


def test_a_pose_says_how_the_second_lies_on_the_first(films):
    one = near_duplicates.compute_fingerprint(films[0].astype(np.float32) / 255)
    other = near_duplicates.compute_fingerprint(
        255 - np.ascontiguousarray(films[0][:, ::-1]).astype(np.float32)
    )
    (pose,) = registration.best_poses(np.stack([one, other]), np.array([0]), np.array([1]))
    assert (pose.mirrored, pose.negative) == (True, True)
    assert pose.correlation > 0.95
    assert pose.turn == pytest.approx(np.pi, abs=0.06)


def test_pictures_that_share_too_little_do_not_agree(films):
    pose = registration.Pose(0.8, 0.0, False, False)
    film = _square(films[0])
    assert registration.pixel_agreement(film, film, pose) == pytest.approx(1, abs=1e-3)
    hidden = film.copy()
    hidden[: int(0.7 * len(film))] = 0
    assert registration.pixel_agreement(film, hidden, pose) == 0


def test_files(films, tmp_path):
    paths = [
        tmp_path / name for name in ("a.png", "b.png", "turned.png", "same bytes.png", "bad.png", "bad2.png")
    ]
    cv2.imwrite(str(paths[0]), films[0])
    cv2.imwrite(str(paths[1]), films[1])
    cv2.imwrite(str(paths[2]), np.rot90(films[0]))
    paths[3].write_bytes(paths[1].read_bytes())
    paths[4].write_bytes(b"no picture")
    paths[5].write_bytes(b"another no picture")
    seen: list[tuple[int, int]] = []
    found = near_duplicates.find_duplicates(
        [*paths, tmp_path / "gone.png"], lambda stage, done, total: seen.append((done, total))
    )
    assert found.tolist() == [0, 1, 0, 1, 2, 3, 4]
    assert seen == [(number, 7) for number in range(1, 8)]
    assert near_duplicates.find_duplicates([]).tolist() == []


def test_a_file_that_is_gone_is_black(tmp_path):
    assert not near_duplicates.comparison_image(tmp_path / "gone.png").any()


@pytest.mark.real
def test_known_copies_of_fracatlas_fall_together_and_strangers_stay_apart(real_data):
    folder = real_data / "fracatlas" / "images"
    paths = {int(path.stem[3:]): path for path in folder.rglob("IMG*.jpg")}
    known = [{3034, 4314, 4341}, {2886, 4243}, {4262, 2952}, {2998, 4280}]
    known = [here for cluster in known if len(here := cluster & set(paths)) > 1]
    # Films of one region in one position, where small thumbnails agree best.
    strangers = [number for number in sorted(paths)[::40] if not any(number in cluster for cluster in known)]
    assert known
    assert len(strangers) > 50
    ids = [*(number for cluster in known for number in sorted(cluster)), *strangers]
    found = dict(
        zip(ids, near_duplicates.find_duplicates([paths[number] for number in ids]).tolist(), strict=True)
    )
    assert all(len({found[number] for number in cluster}) == 1 for cluster in known)
    assert len(set(found.values())) == len(known) + len(strangers)


@pytest.mark.real
def test_real_films_turned_scaled_and_saved_again_are_found(real_data):
    paths = sorted((real_data / "fracatlas" / "images").rglob("*.jpg"))
    chosen = np.random.default_rng(1).choice(len(paths), 60, replace=False)
    films = [np.round(read_radiograph(Path(paths[k])).pixels * 255).astype(np.uint8) for k in chosen]
    alone = len(set(_groups(films).tolist()))
    for name in ("turned 90°", "mirrored, 270°", "half size", "squeezed into a square", "all at once"):
        changed = [np.ascontiguousarray(CHANGES[name](film)) for film in films]
        found = _groups([*films, *changed])
        assert np.mean(found[:60] == found[60:]) >= 0.98, name
        assert len(set(found.tolist())) >= alone, name


def test_a_pair_that_is_settled_does_not_take_the_place_of_one_that_is_not():
    """Film 0 is one with 2 already; its next likeliest, 1, must still be looked at."""
    group = np.array([0, 1, 0, 3])
    doubtful = [
        (0, 2, Pose(0.92, 0.0, False, False)),
        (0, 1, Pose(0.85, 0.0, False, False)),
        (1, 3, Pose(0.88, 0.0, False, False)),
    ]
    seen: list[int] = []
    # The package's `clusters` is the function.
    module = import_module("fracture_core.near_duplicates.duplicate_groups")
    module._register(
        group,
        [],
        doubtful,
        lambda k: seen.append(k) or np.zeros((REGISTRATION_SIDE, REGISTRATION_SIDE), np.float32),
        None,
    )
    assert 0 in seen
