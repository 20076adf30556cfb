"""From a name to a folder that can be trained on."""

import itertools
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from local_hosts import Page, pack, packed_fracatlas

from fracture_core.download import PUBLIC_DATASETS, download, download_dataset, public_dataset
from fracture_core.download.figshare import FigshareHost
from fracture_core.download.session import RetryPolicy
from fracture_core.errors import DataError

HASTE = RetryPolicy(tries=2, wait=0.01, longest=1, timeout=5)


@pytest.fixture
def fracatlas(local_host):
    """The row of FracAtlas, fetched from here."""
    return replace(public_dataset("fracatlas"), source=FigshareHost(22363012, f"{local_host.url}/v2"))


def _serve(host, drops: Iterable[int] = (), **changes) -> Page:
    page = Page(packed_fracatlas(), drops=drops)
    host.article(22363012, {"FracAtlas.zip": page}, **changes)
    return page


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_table():
    assert [row.name for row in PUBLIC_DATASETS] == [
        "fracatlas",
        "grazpedwri",
        "multiregion",
        "devbatrax",
        "mura",
    ]
    assert all(row.page.startswith("https://") and row.licence and row.citation for row in PUBLIC_DATASETS)
    assert public_dataset("multiregion").counts == {"train": 9_246, "val": 828, "test": 506}


def test_an_unknown_name():
    with pytest.raises(DataError, match=r"Expected a data set out of fracatlas, .*, but got 'frac'"):
        public_dataset("frac")


def test_fracatlas(fracatlas, local_host, tmp_path):
    _serve(local_host)
    seen: list[tuple[int, int]] = []
    said: list[str] = []
    found = download_dataset(
        fracatlas,
        tmp_path / "sets" / "fa",
        lambda stage, done, total: seen.append((done, total)),
        said.append,
        HASTE,
    )
    assert (found.folder, found.layout, found.counts, found.image_count) == (
        tmp_path / "sets" / "fa",
        "fracatlas",
        {"": 6},
        6,
    )
    assert found.warnings == (
        "Expected 4,083 films as published, but there are 6 films: results on these need not agree with what others "
        "found.",
    )
    assert _files(found.folder) >= {
        "dataset.csv",
        "images/Fractured/IMG0000001.jpg",
        "LICENCE.txt",
        "SOURCE.txt",
    }
    assert not any("MACOSX" in name for name in _files(found.folder))
    assert [path.name for path in (tmp_path / "sets").iterdir()] == ["fa"]
    size = len(packed_fracatlas())
    assert (seen[0], seen[-1]) == ((0, size), (size, size))
    assert said[0].startswith("FracAtlas, version 6: 1 file, ")


def test_whose_it_is_lies_beside_it(fracatlas, local_host, tmp_path):
    _serve(local_host)
    folder = download_dataset(fracatlas, tmp_path / "fa", patience=HASTE).folder
    licence = (folder / "LICENCE.txt").read_text("utf-8")
    assert "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)" in licence
    assert "Abedeen et al. 2023" in licence
    source = (folder / "SOURCE.txt").read_text("utf-8")
    assert "Name: fracatlas (FracAtlas)" in source
    assert "URL: https://doi.org/10.6084/m9.figshare.22363012" in source
    assert "Version: 6 of 2023-06-01" in source
    assert re.search(r"Fetched: \d{4}-\d\d-\d\d\nMD5: [0-9a-f]{32}  FracAtlas.zip\n", source)


def test_as_many_films_as_published_need_no_warning(fracatlas, local_host, tmp_path):
    _serve(local_host)
    assert (
        download_dataset(replace(fracatlas, counts={"": 6}), tmp_path / "fa", patience=HASTE).warnings == ()
    )


def test_a_set_that_is_there_is_not_asked_for(fracatlas, local_host, tmp_path):
    _serve(local_host)
    download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)
    local_host.log.clear()
    (tmp_path / "fa.second-look-download").mkdir()
    again = download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)
    assert (again.image_count, local_host.log) == (6, [])
    assert not (tmp_path / "fa.second-look-download").exists()


def test_an_empty_folder_is_filled(fracatlas, local_host, tmp_path):
    _serve(local_host)
    (tmp_path / "fa").mkdir()
    assert download_dataset(fracatlas, tmp_path / "fa", patience=HASTE).image_count == 6


@pytest.mark.parametrize("kind", ["folder", "file", "other set", "root"])
def test_a_place_that_is_taken(fracatlas, local_host, tmp_path, kind):
    _serve(local_host)
    place = Path("/") if kind == "root" else tmp_path / "mine"
    if kind == "file":
        place.write_text("mine")
    elif kind != "root":
        place.mkdir()
        (place / "SOURCE.txt").write_text("Name: mura (MURA)\n" if kind == "other set" else "mine")
    with pytest.raises(DataError, match="Expected a new or empty folder for FracAtlas"):
        download_dataset(fracatlas, place, patience=HASTE)
    assert local_host.log == []


def test_a_drop_is_taken_up_by_the_next_call(fracatlas, local_host, tmp_path):
    _serve(local_host, itertools.chain([1 << 16], itertools.repeat(0)))
    with pytest.raises(DataError, match="breaks off"):
        download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)
    assert not (tmp_path / "fa").exists()
    page = _serve(local_host)
    assert download_dataset(fracatlas, tmp_path / "fa", patience=HASTE).image_count == 6
    assert page.sent == len(page.body) - (1 << 16)


def test_a_killed_unpacking_never_looks_complete(fracatlas, local_host, tmp_path, monkeypatch):
    _serve(local_host)

    def stop(archive: Path, folder: Path) -> None:
        (folder / "images").mkdir()
        (folder / "images" / "half.jpg").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download, "unzip", stop)
        with pytest.raises(KeyboardInterrupt):
            download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)
    assert not (tmp_path / "fa").exists()
    found = download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)
    assert "images/half.jpg" not in _files(found.folder)
    assert len(local_host.asked("/files/FracAtlas.zip")) == 1


def test_a_licence_nobody_agreed_to(fracatlas, local_host, tmp_path):
    _serve(local_host, license={"name": "CC BY-NC 4.0"})
    with pytest.raises(DataError, match=r"under CC BY 4\.0, but its host names 'CC BY-NC 4\.0' now"):
        download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)
    assert local_host.asked("/files/FracAtlas.zip") == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil.zip", "..", "C:evil.zip", "a\\b.zip", "", "a\nb"])
def test_files_with_names_that_lead_away(fracatlas, local_host, tmp_path, name):
    local_host.article(22363012, {name: Page(b"x")})
    with pytest.raises(DataError, match="plain names"):
        download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)
    assert list(tmp_path.iterdir()) == []


def test_an_article_without_files(fracatlas, local_host, tmp_path):
    local_host.article(22363012, {})
    with pytest.raises(DataError, match="its host lists none"):
        download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>sign in</html>", b"[]", b"{}", b'{"version": 6}', b"null"],
    ids=lambda body: str(body[:8]),
)
def test_an_answer_that_is_no_description(fracatlas, local_host, tmp_path, body):
    local_host.pages["/v2/articles/22363012"] = Page(body)
    with pytest.raises(DataError, match="its answer cannot be read"):
        download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)


def test_an_article_that_is_gone(fracatlas, tmp_path):
    with pytest.raises(DataError, match="article 22363012 from figshare, but it answered “404 Not Found”"):
        download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)


def test_no_network(fracatlas, tmp_path):
    row = replace(fracatlas, source=FigshareHost(1, "http://127.0.0.1:9/v2"))
    with pytest.raises(DataError, match="check the network"):
        download_dataset(row, tmp_path / "fa", patience=HASTE)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_too_small(fracatlas, local_host, tmp_path):
    _serve(
        local_host, files=[{"name": "a.zip", "size": 10**18, "computed_md5": "", "download_url": "http://x"}]
    )
    with pytest.raises(DataError, match="of free disk space"):
        download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)


def test_an_archive_without_films(fracatlas, local_host, tmp_path):
    local_host.article(22363012, {"FracAtlas.zip": Page(pack({"a/readme.txt": b"moved"}))})
    with pytest.raises(DataError, match="holds none"):
        download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)
    assert not (tmp_path / "fa").exists()


def test_an_archive_that_is_not_safe(fracatlas, local_host, tmp_path):
    local_host.article(22363012, {"FracAtlas.zip": Page(pack({"../a.png": b"1"}))})
    with pytest.raises(DataError, match="leads out"):
        download_dataset(fracatlas, tmp_path / "fa", patience=HASTE)
    assert [path.name for path in tmp_path.iterdir()] == ["fa.second-look-download"]


def test_several_files_and_a_layout_nobody_knows(fracatlas, local_host, tmp_path):
    parts = {f"images_part{number}.zip": Page(pack({f"{number}.png": b"1" * 900})) for number in (1, 2)}
    local_host.article(22363012, {"dataset.csv": Page(b"filestem\n1\n2\n"), **parts})
    seen: list[tuple[int, int]] = []
    found = download_dataset(
        fracatlas, tmp_path / "gz", lambda stage, done, total: seen.append((done, total)), patience=HASTE
    )
    assert _files(found.folder) == {
        "dataset.csv",
        "images_part1/1.png",
        "images_part2/2.png",
        "LICENCE.txt",
        "SOURCE.txt",
    }
    assert (found.layout, found.image_count) == ("", 2)
    assert found.warnings[0].startswith("No known dataset in ")
    total = sum(len(page.body) for page in parts.values()) + len(b"filestem\n1\n2\n")
    assert seen == sorted(seen)
    assert seen[-1] == (total, total)


def test_a_set_for_those_who_register(tmp_path):
    with pytest.raises(
        DataError, match="MURA is given to those who register: sign its agreement at https://stanford"
    ):
        download_dataset(public_dataset("mura"), tmp_path / "mura")
