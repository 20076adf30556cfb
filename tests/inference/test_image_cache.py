"""Images are decoded once, and again if they change."""

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
    """Three images of random pixels."""
    rng = np.random.default_rng(0)
    cases = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), rng.integers(0, 255, (70, 80 + number), np.uint8))
        cases.append(Case(str(number), path, number % 2))
    return cases


@pytest.fixture
def decoded_names(monkeypatch):
    """Names of the decoded files, in order."""
    names = []

    def spy(path):
        names.append(path.name)
        return read_radiograph(path)

    monkeypatch.setattr(image_cache, "read_radiograph", spy)
    return names


def test_canvases_equal_the_letterboxed_images(cases, tmp_path):
    decoded = image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    canvases = decoded.canvases
    assert canvases.shape == (3, 64, 96)
    assert canvases.dtype == np.uint8
    assert not canvases.flags.writeable
    assert decoded.sizes.tolist() == [[70, 80], [70, 81], [70, 82]]
    for row, case in zip(canvases, cases, strict=True):
        np.testing.assert_array_equal(row, letterbox(read_radiograph(case.path).pixels, 64, 96)[0])


def test_cache_hit_decodes_nothing(cases, tmp_path, decoded_names):
    first = image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    assert sorted(decoded_names) == ["0.png", "1.png", "2.png"]
    calls = []
    cached = image_cache.decode_images(
        cases, SPEC, tmp_path / "cache", lambda _stage, *counts: calls.append(counts)
    )
    assert len(decoded_names) == 3
    assert calls == [(3, 3)]
    np.testing.assert_array_equal(first.canvases, cached.canvases)
    np.testing.assert_array_equal(first.sizes, cached.sizes)


@pytest.mark.parametrize("change", ["file", "order", "canvas", "fewer"])
def test_changed_input_is_decoded_again(cases, tmp_path, decoded_names, change):
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
    canvases = image_cache.decode_images(cases, spec, tmp_path / "cache").canvases
    assert len(decoded_names) == 3 + len(cases)
    np.testing.assert_array_equal(
        canvases[1], letterbox(read_radiograph(cases[1].path).pixels, spec.height, spec.width)[0]
    )


def test_new_modification_time_is_decoded_again(cases, tmp_path, decoded_names):
    image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    os.utime(cases[0].path, (5, 5))
    image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    assert len(decoded_names) == 6


def test_unreadable_images_are_listed_and_black_also_from_the_cache(cases, tmp_path):
    cases[1].path.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    for _ in range(2):
        decoded = image_cache.decode_images(cases, SPEC, tmp_path / "cache")
        canvases = decoded.canvases
        assert decoded.readable.tolist() == [True, False, True]
        assert not canvases[1].any()
        assert canvases[0].any()
        assert canvases[2].any()


def test_progress_counts_to_the_end(cases, tmp_path):
    calls = []
    image_cache.decode_images(cases, SPEC, tmp_path / "cache", lambda _stage, *counts: calls.append(counts))
    assert calls == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot preallocate files")
def test_full_disk_gives_an_error_and_leaves_no_file(cases, tmp_path, monkeypatch):
    def fail_with_full_disk(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", fail_with_full_disk)
    with pytest.raises(
        TrainingError,
        match=r"Cannot store 3 decoded images in .* \(No space left on device\): free some disk space",
    ):
        image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_folder_that_cannot_be_created_is_reported(cases, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="Cannot store 3 decoded images"):
        image_cache.decode_images(cases, SPEC, tmp_path / "file" / "cache")


def test_missing_image_is_an_error(cases, tmp_path):
    cases[2] = replace(cases[2], path=tmp_path / "gone.png")
    with pytest.raises(TrainingError, match=r"gone\.png no longer exists"):
        image_cache.decode_images(cases, SPEC, tmp_path / "cache")


def test_cancelled_decoding_leaves_no_partial_cache(cases, tmp_path, decoded_names):
    class Stop(Exception):  # noqa: N818
        pass

    def stop(stage, done, total):
        raise Stop

    with pytest.raises(Stop):
        image_cache.decode_images(cases, SPEC, tmp_path / "cache", stop)
    assert list((tmp_path / "cache").iterdir()) == []
    before = len(decoded_names)
    image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    assert len(decoded_names) == before + 3


def test_cache_unused_for_a_month_is_deleted(cases, tmp_path):
    image_cache.decode_images(cases, SPEC, tmp_path / "cache")
    unused = set((tmp_path / "cache").iterdir())
    image_cache.decode_images(cases[:2], SPEC, tmp_path / "cache")
    used = set((tmp_path / "cache").iterdir()) - unused
    for path in unused | used:
        os.utime(path, (time.time() - 40 * 86_400,) * 2)
    image_cache.decode_images(cases[:2], SPEC, tmp_path / "cache")  # resets its age
    image_cache.decode_images(cases[:1], SPEC, tmp_path / "cache")
    remaining = set((tmp_path / "cache").iterdir())
    assert not remaining & unused
    assert used < remaining


def test_partial_file_of_a_killed_process_is_deleted(cases, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    abandoned, recent = folder / "a.1.tmp", folder / "b.2.tmp"
    for path in (abandoned, recent):
        path.touch()
    os.utime(abandoned, (time.time() - 2 * 86_400,) * 2)
    image_cache.decode_images(cases, SPEC, folder)
    assert not abandoned.exists()
    assert recent.exists()
