"""Properties of cases and films, for slices."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fracture_core.audit.file_facts import inspect_file
from fracture_core.datasets import image_properties as module
from fracture_core.datasets.case_properties import case_properties
from fracture_core.datasets.cases import Case
from fracture_core.datasets.image_properties import BackgroundMeasurement, measure_image_properties
from fracture_core.imaging import read_radiograph


def test_what_the_tables_say():
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
    found = case_properties(cases)
    assert list(found.index) == ["a", "b"]
    assert list(found["views"]) == ["frontal oblique", ""]
    assert list(found["hardware"]) == [None, False]
    assert found.loc["a", "fractures"] == 2
    assert found.loc["a", "area"] == pytest.approx(0.25)
    assert found.loc["b", ["fractures", "area"]].isna().all()


@pytest.fixture
def films(tmp_path) -> dict[str, Path]:
    """Two films, a file that is none, and one that is missing."""
    rng = np.random.default_rng(1)
    found = {name: tmp_path / f"{name}.png" for name in ("one", "two", "broken", "gone")}
    for name, shape in (("one", (300, 200)), ("two", (120, 90))):
        Image.fromarray(rng.integers(0, 200, shape, np.uint8)).save(found[name])
    found["broken"].write_bytes(b"no film")
    return found


def test_films_are_measured_as_the_audit_does(films, tmp_path):
    told = []
    found = measure_image_properties(
        films, tmp_path / "cache", lambda stage, done, total: told.append((done, total))
    )
    assert told[-1] == (4, 4)
    assert list(found.columns) == list(module.IMAGE_PROPERTY_COLUMNS)
    for name in ("one", "two"):
        facts = inspect_file(films[name])
        assert tuple(found.loc[name]) == (max(facts.width, facts.height), facts.brightness, facts.contrast)
    assert found.loc[["broken", "gone"]].isna().all(axis=None)


def test_films_are_read_once_until_they_change(films, tmp_path, monkeypatch):
    first = measure_image_properties(films, tmp_path / "cache")
    seen: list[Path] = []
    monkeypatch.setattr(module, "read_radiograph", lambda path: seen.append(path) or read_radiograph(path))
    assert measure_image_properties(films, tmp_path / "cache").equals(first)
    # What could not be read is tried again.
    assert seen == [films["broken"]]
    seen.clear()
    Image.fromarray(np.full((50, 60), 90, np.uint8)).save(films["one"])
    os.utime(films["one"], (1, 1))
    assert measure_image_properties(films, tmp_path / "cache").loc["one", "longer_side"] == 60
    assert sorted(seen) == sorted([films["one"], films["broken"]])


def test_a_damaged_or_forbidden_cache_costs_nothing_but_time(films, tmp_path):
    first = measure_image_properties(films, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text("{no json", "utf-8")
    assert measure_image_properties(films, tmp_path / "cache").equals(first)
    (tmp_path / "file").touch()
    assert measure_image_properties(films, tmp_path / "file").equals(first)


def test_films_are_measured_in_the_background(films, tmp_path):
    work = BackgroundMeasurement(films, tmp_path / "cache")
    work.wait(30)
    assert work.done == work.total == 4
    assert work.table is not None
    assert work.table.equals(measure_image_properties(films, tmp_path / "cache"))


def test_what_could_not_be_read_is_tried_again(films, tmp_path):
    path = tmp_path / "late.png"
    path.write_bytes(b"nothing yet")
    when = path.stat().st_mtime_ns
    assert measure_image_properties({"late": path}, tmp_path / "cache").isna().all(axis=None)
    Image.fromarray(np.full((50, 60), 90, np.uint8)).save(path)
    os.utime(path, ns=(when, when))
    assert measure_image_properties({"late": path}, tmp_path / "cache").loc["late", "longer_side"] == 60


def test_a_fault_in_the_background_is_raised_where_it_is_seen(films, tmp_path, monkeypatch):
    def fault(*arguments):
        raise MemoryError

    # Not in the reading of one film, which costs that film only.
    monkeypatch.setattr(module, "map_in_order", fault)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    work = BackgroundMeasurement(films, tmp_path / "cache")
    work.wait(30)
    assert not work.is_running
    with pytest.raises(MemoryError):
        _ = work.table
