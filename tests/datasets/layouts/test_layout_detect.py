"""Finding a layout by looking, and saying what was found."""

import pytest

from fracture_core.datasets.layouts import LAYOUTS, candidate_roots, find_layout, layout_names, read_catalogue
from fracture_core.errors import DataError


def test_no_folder(tmp_path):
    with pytest.raises(DataError, match="is not a folder: check the path"):
        read_catalogue(tmp_path / "gone")


def test_a_folder_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="the system said “File name too long”: check the path"):
        read_catalogue(tmp_path / (300 * "a"))


@pytest.mark.parametrize(("name", "layout"), [("film.png", "auto"), ("films.csv", "mura")])
def test_a_file_is_a_manifest_or_nothing(touch, tmp_path, name, layout):
    with pytest.raises(DataError, match=f"{name} is not a folder: check the path"):
        read_catalogue(touch(tmp_path, name) / name, layout)


def test_no_known_layout(touch, tmp_path):
    touch(tmp_path, "1.png", "hands/2.png", "feet/3.png")
    with pytest.raises(
        DataError,
        match=r"found feet, hands, and none of the known layouts: a manifest .*FracAtlas .*one folder a class",
    ):
        read_catalogue(tmp_path)


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match="found no folder at all, and none of"):
        read_catalogue(tmp_path)


def test_unknown_layout_name():
    with pytest.raises(
        DataError, match=r"auto, csv, fracatlas, grazpedwri, mura, phantom, folders, but got 'mira'"
    ):
        find_layout("mira")
    assert [find_layout(row.name) for row in LAYOUTS] == list(LAYOUTS)
    assert layout_names() == ("auto", *(row.name for row in LAYOUTS))


def test_every_layout_has_a_short_title():
    titles = [row.title for row in LAYOUTS]
    assert len(set(titles)) == len(titles)
    assert all(0 < len(title) < 24 for title in titles)


@pytest.mark.parametrize("row", LAYOUTS, ids=lambda row: row.name)
def test_every_layout_refuses_an_empty_folder_with_a_sentence(tmp_path, row):
    assert not row.matches(tmp_path)
    with pytest.raises(DataError, match=r"^Expected "):
        read_catalogue(tmp_path, row.name)


@pytest.mark.parametrize("wrap", ["archive", "archive/Bone data"])
def test_an_unpacked_archive_is_looked_into(touch, tmp_path, wrap):
    touch(tmp_path, f"{wrap}/fractured/1.png", f"{wrap}/normal/2.png", "archive.zip", "__MACOSX/._1.png")
    found = read_catalogue(tmp_path)
    assert found.root == tmp_path / wrap
    assert [case.id for case in found.cases] == ["fractured/1.png", "normal/2.png"]
    assert read_catalogue(tmp_path, "folders") == found


def test_no_deeper_than_two_and_not_where_there_is_a_choice(touch, tmp_path):
    deep = touch(tmp_path / "deep", "a/b/c/fractured/1.png", "a/b/c/normal/2.png")
    wide = touch(tmp_path / "wide", "a/fractured/1.png", "a/normal/2.png", "b/x.txt")
    for root in (deep, wide):
        with pytest.raises(DataError, match="none of the known layouts"):
            read_catalogue(root)
    assert list(candidate_roots(wide)) == [wide]
    assert list(candidate_roots(deep)) == [deep, deep / "a", deep / "a/b"]


def test_links_in_a_circle_are_not_followed(touch, tmp_path):
    touch(tmp_path, "fractured/1.png", "normal/2.png")
    (tmp_path / "fractured" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "normal" / "self.png").symlink_to("self.png")
    assert [case.id for case in read_catalogue(tmp_path).cases] == ["fractured/1.png", "normal/2.png"]


def test_a_folder_that_links_to_itself_alone(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(DataError, match="none of the known layouts"):
        read_catalogue(tmp_path)


def test_class_folders_may_be_links(touch, tmp_path):
    far = touch(tmp_path / "far", "1.png")
    root = touch(tmp_path / "set", "normal/2.png")
    (root / "fractured").symlink_to(far, target_is_directory=True)
    assert [case.id for case in read_catalogue(root).cases] == ["fractured/1.png", "normal/2.png"]
