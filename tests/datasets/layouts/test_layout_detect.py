"""Detection of dataset layouts, and its error messages."""

import re

import pytest

from fracture_core.datasets.layouts import LAYOUTS, candidate_roots, find_layout, layout_names, read_catalogue
from fracture_core.errors import DataError


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not a folder: check the path"):
        read_catalogue(tmp_path / "gone")


def test_unreadable_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read \\(File name too long\\): check the path"):
        read_catalogue(tmp_path / (300 * "a"))


@pytest.mark.parametrize(("name", "layout"), [("film.png", "auto"), ("films.csv", "mura")])
def test_file_without_csv_extension_is_refused(create_files, tmp_path, name, layout):
    with pytest.raises(DataError, match=f"{name} is not a folder: check the path"):
        read_catalogue(create_files(tmp_path, name) / name, layout)


def test_unknown_layout_is_refused(create_files, tmp_path):
    create_files(tmp_path, "1.png", "hands/2.png", "feet/3.png")
    with pytest.raises(
        DataError,
        match=r"found: feet, hands\): .*layouts: a manifest .*FracAtlas .*one folder per class",
    ):
        read_catalogue(tmp_path)


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="found: no folders"):
        read_catalogue(tmp_path)


def test_unknown_layout_name_is_refused():
    with pytest.raises(
        DataError,
        match=r"no layout 'mira': choose one of auto, csv, fracatlas, grazpedwri, mura, phantom, folders",
    ):
        find_layout("mira")
    assert [find_layout(layout.name) for layout in LAYOUTS] == list(LAYOUTS)
    assert layout_names() == ("auto", *(layout.name for layout in LAYOUTS))


def test_every_layout_has_a_short_title():
    titles = [layout.title for layout in LAYOUTS]
    assert len(set(titles)) == len(titles)
    assert all(0 < len(title) < 24 for title in titles)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_every_layout_refuses_an_empty_folder(tmp_path, layout):
    assert not layout.matches(tmp_path)
    with pytest.raises(DataError, match=re.escape(str(tmp_path))):
        read_catalogue(tmp_path, layout.name)


@pytest.mark.parametrize("wrap", ["archive", "archive/Bone data"])
def test_nested_folders_of_archives_are_searched(create_files, tmp_path, wrap):
    create_files(
        tmp_path, f"{wrap}/fractured/1.png", f"{wrap}/normal/2.png", "archive.zip", "__MACOSX/._1.png"
    )
    catalogue = read_catalogue(tmp_path)
    assert catalogue.root == tmp_path / wrap
    assert [case.id for case in catalogue.cases] == ["fractured/1.png", "normal/2.png"]
    assert read_catalogue(tmp_path, "folders") == catalogue


def test_search_ends_after_two_levels_or_at_several_subfolders(create_files, tmp_path):
    deep = create_files(tmp_path / "deep", "a/b/c/fractured/1.png", "a/b/c/normal/2.png")
    wide = create_files(tmp_path / "wide", "a/fractured/1.png", "a/normal/2.png", "b/x.txt")
    for root in (deep, wide):
        with pytest.raises(DataError, match="No known dataset"):
            read_catalogue(root)
    assert list(candidate_roots(wide)) == [wide]
    assert list(candidate_roots(deep)) == [deep, deep / "a", deep / "a/b"]


def test_circular_links_are_not_followed(create_files, tmp_path):
    create_files(tmp_path, "fractured/1.png", "normal/2.png")
    (tmp_path / "fractured" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "normal" / "self.png").symlink_to("self.png")
    assert [case.id for case in read_catalogue(tmp_path).cases] == ["fractured/1.png", "normal/2.png"]


def test_folder_that_only_links_to_itself(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(DataError, match="No known dataset"):
        read_catalogue(tmp_path)


def test_class_folders_may_be_links(create_files, tmp_path):
    linked = create_files(tmp_path / "far", "1.png")
    root = create_files(tmp_path / "set", "normal/2.png")
    (root / "fractured").symlink_to(linked, target_is_directory=True)
    assert [case.id for case in read_catalogue(root).cases] == ["fractured/1.png", "normal/2.png"]
