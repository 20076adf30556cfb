"""Films are decoded once, and again when they change."""

import errno
import os
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from fracture_core.datasets.cases import Case
from fracture_core.errors import TrainingError
from fracture_core.imaging import InputSpec, letterbox, read_radiograph
from fracture_core.inference import image_cache

SPEC = InputSpec(64, 96)


@pytest.fixture
def cases(tmp_path):
    rng = np.random.default_rng(0)
    found = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), rng.integers(0, 255, (70, 80 + number), np.uint8))
        found.append(Case(str(number), path, number % 2))
    return found


@pytest.fixture
def reads(monkeypatch):
    """Files that the cache has decoded, in order."""
    seen = []

    def spy(path):
        seen.append(path.name)
        return read_radiograph(path)

    monkeypatch.setattr(image_cache, "read_radiograph", spy)
    return seen


def test_canvases_are_what_the_app_would_see(cases, tmp_path):
    decoded = image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    store = decoded.canvases
    assert store.shape == (3, 64, 96)
    assert store.dtype == np.uint8
    assert not store.flags.writeable
    assert decoded.sizes.tolist() == [[70, 80], [70, 81], [70, 82]]
    for row, case in zip(store, cases, strict=True):
        np.testing.assert_array_equal(row, letterbox(read_radiograph(case.path).pixels, 64, 96)[0])


def test_a_hit_decodes_nothing(cases, tmp_path, reads):
    first = image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    assert sorted(reads) == ["0.png", "1.png", "2.png"]
    progress = []
    again = image_cache.decode_images(
        cases, SPEC, tmp_path / "cache", lambda stage, done, total: progress.append((done, total))
    )
    assert len(reads) == 3
    assert progress == [(3, 3)]
    np.testing.assert_array_equal(first.canvases, again.canvases)
    np.testing.assert_array_equal(first.sizes, again.sizes)


@pytest.mark.parametrize("change", ["file", "order", "canvas", "fewer"])
def test_what_changes_is_decoded_again(cases, tmp_path, reads, change):
    image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    spec = SPEC
    if change == "file":
        cv2.imwrite(str(cases[1].path), np.full((70, 81), 90, np.uint8))
        os.utime(cases[1].path, (1, 1))
    elif change == "order":
        cases = cases[::-1]
    elif change == "canvas":
        spec = InputSpec(96, 96)
    else:
        cases = cases[:2]
    store = image_cache.decode_images(cases, spec, tmp_path / "cache").canvases
    assert len(reads) == 3 + len(cases)
    np.testing.assert_array_equal(
        store[1], letterbox(read_radiograph(cases[1].path).pixels, spec.height, spec.width)[0]
    )


def test_a_new_time_alone_is_enough(cases, tmp_path, reads):
    image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    os.utime(cases[0].path, (5, 5))
    image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    assert len(reads) == 6


def test_unreadable_films_are_listed_and_black_also_from_the_cache(cases, tmp_path):
    cases[1].path.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    for _ in range(2):
        decoded = image_cache.decode_images(cases, SPEC, tmp_path / "cache")
        store = decoded.canvases
        assert decoded.readable.tolist() == [True, False, True]
        assert not store[1].any()
        assert store[0].any()
        assert store[2].any()


def test_progress_counts_to_the_end(cases, tmp_path):
    seen = []
    image_cache.decode_images(
        cases, SPEC, tmp_path / "cache", lambda stage, done, total: seen.append((done, total))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve room on the disk")
def test_a_full_disk_is_one_sentence_and_leaves_nothing(cases, tmp_path, monkeypatch):
    def full(*_given):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(
        TrainingError, match=r"room for 3 decoded films .* “No space left on device”: free some space"
    ):
        image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_that_cannot_be_made(cases, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="the disk said"):
        image_cache.decode_images(cases, SPEC, tmp_path / "file" / "cache")


def test_a_film_that_is_gone(cases, tmp_path):
    cases[2] = replace(cases[2], path=tmp_path / "gone.png")
    with pytest.raises(TrainingError, match=r"Expected the film .*gone\.png, but it is gone"):
        image_cache.decode_images(cases, SPEC, tmp_path / "cache")


def test_a_stopped_reading_leaves_no_half_cache(cases, tmp_path, reads):
    class Stop(Exception):  # noqa: N818
        pass

    def stop(stage, done, total):
        raise Stop

    with pytest.raises(Stop):
        image_cache.decode_images(cases, SPEC, tmp_path / "cache", stop)
    assert list((tmp_path / "cache").iterdir()) == []
    before = len(reads)
    image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    assert len(reads) == before + 3


def test_a_cache_nobody_asked_for_in_a_month_makes_room(cases, tmp_path):
    image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    unused = set((tmp_path / "cache").iterdir())
    image_cache.decode_images(cases[:2], SPEC, tmp_path / "cache")
    used = set((tmp_path / "cache").iterdir()) - unused
    for path in unused | used:
        os.utime(path, (time.time() - 40 * 86_400,) * 2)
    image_cache.decode_images(cases[:2], SPEC, tmp_path / "cache")  # used: it begins anew to count as that
    image_cache.decode_images(cases[:1], SPEC, tmp_path / "cache")
    left = set((tmp_path / "cache").iterdir())
    assert not left & unused
    assert used < left


def test_what_a_killed_process_left_half_filled_makes_room(cases, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    left, under_work = folder / "a.1.tmp", folder / "b.2.tmp"
    for path in (left, under_work):
        path.touch()
    os.utime(left, (time.time() - 2 * 86_400,) * 2)
    image_cache.decode_images(cases, SPEC, folder)
    assert not left.exists()
    assert under_work.exists()
