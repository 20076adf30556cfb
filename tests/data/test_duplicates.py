"""Copies of one picture are found however they were turned, resized or saved again."""

import cv2
import numpy as np
import pytest

from fracture_core.data.duplicates import SIDE, clusters, orientations, thumbnail, thumbnails
from fracture_core.data.layouts import read_catalogue
from fracture_core.data.phantom import draw
from fracture_core.imaging import read


@pytest.fixture(scope="module")
def pixels():
    return draw(1, "hand", True, (200, 150)).pixels


@pytest.fixture(scope="module")
def other():
    return draw(2, "hand", True, (200, 150)).pixels


def _one_picture(*films: np.ndarray) -> bool:
    return len(set(clusters(np.stack([thumbnail(film / 255) for film in films])))) == 1


def test_thumbnail_has_zero_mean_and_unit_length(pixels):
    small = thumbnail(pixels / 255)
    assert small.shape == (SIDE, SIDE)
    assert small.dtype == np.float32
    assert float(small.mean()) == pytest.approx(0, abs=1e-6)
    assert float((small**2).sum()) == pytest.approx(1, abs=1e-5)


def test_a_blank_film_equals_nothing():
    blank = np.zeros((50, 60), np.float32)
    assert not thumbnail(blank).any()
    assert not _one_picture(blank, blank)


def test_orientations_are_eight_and_different():
    image = np.arange(16).reshape(4, 4)
    found = {version.tobytes() for version in orientations(image)}
    assert len(found) == 8
    assert {np.transpose(image).tobytes(), image[::-1].tobytes(), np.rot90(image, 3).tobytes()} <= found


@pytest.mark.parametrize("turn", range(8))
def test_every_orientation_is_found(pixels, turn):
    assert _one_picture(pixels, np.ascontiguousarray(orientations(pixels)[turn]))


def test_resized_and_saved_again(pixels, tmp_path):
    small = cv2.resize(pixels, (99, 131), interpolation=cv2.INTER_AREA)
    coded = cv2.imdecode(
        cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_GRAYSCALE
    )
    assert not np.array_equal(coded, pixels)
    assert _one_picture(pixels, small)
    assert _one_picture(pixels, coded)


def test_other_exposure_is_the_same_picture(pixels):
    assert _one_picture(pixels, pixels * 0.6 + 30)


def test_two_films_are_two_pictures(pixels, other):
    assert not _one_picture(pixels, other)


def test_clusters_join_chains_and_keep_the_rest_apart(pixels, other):
    films = [pixels, other, np.rot90(pixels), other[:, ::-1], draw(3, "leg", None, (200, 150)).pixels]
    found = clusters(np.stack([thumbnail(np.ascontiguousarray(film) / 255) for film in films]), chunk=2)
    assert found[0] == found[2]
    assert found[1] == found[3]
    assert len(set(found)) == 3


def test_no_films():
    assert clusters(np.zeros((0, SIDE, SIDE), np.float32)).shape == (0,)


def test_thumbnails_of_files(pixels, tmp_path):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    cv2.imwrite(str(good), pixels)
    bad.write_bytes(b"no picture")
    seen = []
    small = thumbnails([good, bad, good], lambda done, every: seen.append((done, every)))
    np.testing.assert_array_equal(small[0], thumbnail(read(good).pixels))
    np.testing.assert_array_equal(small[0], small[2])
    assert small[0].any()
    assert not small[1].any()
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.real
def test_known_copies_of_fracatlas_fall_together(real_data):
    known = [{3034, 4314, 4341}, {2886, 4243}, {4262, 2952}, {2998, 4280}]
    paths = {case.id: case.path for case in read_catalogue(real_data / "fracatlas").cases}
    known = [here for cluster in known if len(here := {n for n in cluster if f"IMG{n:07d}" in paths}) > 1]
    assert known
    ids = [f"IMG{number:07d}" for cluster in known for number in sorted(cluster)]
    strangers = [f"IMG{number:07d}" for number in (0, 500, 1500, 2500)]
    names = [name for name in [*ids, *strangers] if name in paths]
    found = dict(zip(names, clusters(thumbnails([paths[name] for name in names])), strict=True))
    together = [
        {found[name] for number in cluster if (name := f"IMG{number:07d}") in found} for cluster in known
    ]
    assert all(len(cluster) == 1 for cluster in together)
    assert len(set.union(*together)) == len(known)
    alone = [found[name] for name in strangers if name in found]
    assert len(set(alone)) == len(alone) > 1
    assert not set(alone) & set.union(*together)
