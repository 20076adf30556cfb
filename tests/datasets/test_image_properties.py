"""Properties of cases and images, which define subgroups."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fracture_core.audit.file_facts import inspect_file
from fracture_core.datasets import image_properties as module
from fracture_core.datasets.cases import Case, case_properties
from fracture_core.datasets.image_properties import BackgroundMeasurement, measure_image_properties
from fracture_core.imaging import read_radiograph


def test_properties_of_cases_without_their_images():
    cases = [
        Case(
            "a",
            Path("a.png"),
            1,
            boxes=((0, 0, 0.5, 0.5), (0.1, 0.1, 0.2, 0.3)),
            views=("frontal", "oblique"),
        ),
        Case("b", Path("b.png"), 0, hardware=False),
    ]
    table = case_properties(cases)
    assert list(table.index) == ["a", "b"]
    assert list(table["views"]) == ["frontal oblique", ""]
    assert list(table["hardware"]) == [None, False]
    assert table.loc["a", "fractures"] == 2
    assert table.loc["a", "area"] == pytest.approx(0.25)
    assert table.loc["b", ["fractures", "area"]].isna().all()


@pytest.fixture
def image_files(tmp_path) -> dict[str, Path]:
    """Two images, a file that is not an image, and a missing file."""
    rng = np.random.default_rng(1)
    files = {name: tmp_path / f"{name}.png" for name in ("one", "two", "broken", "gone")}
    for name, shape in (("one", (300, 200)), ("two", (120, 90))):
        Image.fromarray(rng.integers(0, 200, shape, np.uint8)).save(files[name])
    files["broken"].write_bytes(b"not an image")
    return files


def test_values_equal_those_of_the_audit(image_files, tmp_path):
    steps = []
    table = measure_image_properties(image_files, tmp_path / "cache", lambda *step: steps.append(step))
    assert steps[-1] == ("Measuring images", 4, 4)
    assert list(table.columns) == list(module.IMAGE_PROPERTY_COLUMNS)
    for name in ("one", "two"):
        facts = inspect_file(image_files[name])
        assert tuple(table.loc[name]) == (max(facts.width, facts.height), facts.brightness, facts.contrast)
    assert table.loc[["broken", "gone"]].isna().all(axis=None)


def test_images_are_read_again_only_after_a_change(image_files, tmp_path, monkeypatch):
    first = measure_image_properties(image_files, tmp_path / "cache")
    read_paths: list[Path] = []
    monkeypatch.setattr(
        module, "read_radiograph", lambda path: read_paths.append(path) or read_radiograph(path)
    )
    assert measure_image_properties(image_files, tmp_path / "cache").equals(first)
    # Unreadable images are tried again.
    assert read_paths == [image_files["broken"]]
    read_paths.clear()
    Image.fromarray(np.full((50, 60), 90, np.uint8)).save(image_files["one"])
    os.utime(image_files["one"], (1, 1))
    assert measure_image_properties(image_files, tmp_path / "cache").loc["one", "longer_side"] == 60
    assert sorted(read_paths) == sorted([image_files["one"], image_files["broken"]])


def test_damaged_or_unwritable_cache_is_ignored(image_files, tmp_path):
    first = measure_image_properties(image_files, tmp_path / "cache")
    (cache_file,) = (tmp_path / "cache").iterdir()
    cache_file.write_text("{not json", "utf-8")
    assert measure_image_properties(image_files, tmp_path / "cache").equals(first)
    (tmp_path / "file").touch()
    assert measure_image_properties(image_files, tmp_path / "file").equals(first)


def test_measurement_in_the_background(image_files, tmp_path):
    work = BackgroundMeasurement(image_files, tmp_path / "cache")
    work.wait(30)
    assert work.done == work.every == 4
    assert work.table is not None
    assert work.table.equals(measure_image_properties(image_files, tmp_path / "cache"))


def test_unreadable_image_is_tried_again(image_files, tmp_path):
    path = tmp_path / "late.png"
    path.write_bytes(b"nothing yet")
    modified = path.stat().st_mtime_ns
    assert measure_image_properties({"late": path}, tmp_path / "cache").isna().all(axis=None)
    Image.fromarray(np.full((50, 60), 90, np.uint8)).save(path)
    os.utime(path, ns=(modified, modified))
    assert measure_image_properties({"late": path}, tmp_path / "cache").loc["late", "longer_side"] == 60


def test_background_exception_is_raised_with_the_result(image_files, tmp_path, monkeypatch):
    def fail(*arguments):
        raise MemoryError

    # Outside the reading of one image, where an exception would affect that image only.
    monkeypatch.setattr(module, "map_in_order", fail)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    work = BackgroundMeasurement(image_files, tmp_path / "cache")
    work.wait(30)
    assert not work.is_running
    with pytest.raises(MemoryError):
        _ = work.table
