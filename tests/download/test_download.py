"""Tests of downloading a dataset by name."""

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

FAST_RETRY = RetryPolicy(tries=2, wait=0.01, longest=1, timeout=5)


@pytest.fixture
def fracatlas(local_host):
    """FracAtlas, served by a local server."""
    return replace(public_dataset("fracatlas"), source=FigshareHost(22363012, f"{local_host.url}/v2"))


def _serve(host, drops: Iterable[int] = (), **changes) -> Page:
    page = Page(packed_fracatlas(), drops=drops)
    host.article(22363012, {"FracAtlas.zip": page}, **changes)
    return page


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_public_datasets_have_a_page_and_a_licence():
    assert [dataset.name for dataset in PUBLIC_DATASETS] == [
        "fracatlas",
        "grazpedwri",
        "multiregion",
        "devbatrax",
        "mura",
    ]
    assert all(
        dataset.page.startswith("https://") and dataset.licence and dataset.citation
        for dataset in PUBLIC_DATASETS
    )
    assert public_dataset("multiregion").counts == {"train": 9_246, "val": 828, "test": 506}


def test_unknown_name_is_refused():
    with pytest.raises(DataError, match=r"no public dataset 'frac'\. Choose one of: fracatlas, "):
        public_dataset("frac")


def test_fracatlas_is_downloaded_and_unpacked(fracatlas, local_host, tmp_path):
    _serve(local_host)
    progress_calls: list[tuple[str, int, int]] = []
    messages: list[str] = []
    downloaded = download_dataset(
        fracatlas,
        tmp_path / "sets" / "fa",
        lambda _stage, done, total: progress_calls.append((done, total)),
        messages.append,
        FAST_RETRY,
    )
    assert (downloaded.folder, downloaded.layout, downloaded.counts, downloaded.image_count) == (
        tmp_path / "sets" / "fa",
        "fracatlas",
        {"": 6},
        6,
    )
    assert downloaded.warnings == (
        "The download contains 6 images; 4,083 images were published. Results may differ from published ones.",
    )
    assert _files(downloaded.folder) >= {
        "dataset.csv",
        "images/Fractured/IMG0000001.jpg",
        "LICENCE.txt",
        "SOURCE.txt",
    }
    assert not any("MACOSX" in name for name in _files(downloaded.folder))
    assert [path.name for path in (tmp_path / "sets").iterdir()] == ["fa"]
    size = len(packed_fracatlas())
    assert (progress_calls[0], progress_calls[-1]) == ((0, size), (size, size))
    assert messages[0].startswith("FracAtlas, version 6: 1 file, ")


def test_licence_and_source_are_written(fracatlas, local_host, tmp_path):
    _serve(local_host)
    folder = download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY).folder
    licence = (folder / "LICENCE.txt").read_text("utf-8")
    assert "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)" in licence
    assert "Abedeen et al. 2023" in licence
    source = (folder / "SOURCE.txt").read_text("utf-8")
    assert "Name: fracatlas (FracAtlas)" in source
    assert "URL: https://doi.org/10.6084/m9.figshare.22363012" in source
    assert "Version: 6 of 2023-06-01" in source
    assert re.search(r"Fetched: \d{4}-\d\d-\d\d\nMD5: [0-9a-f]{32}  FracAtlas.zip\n", source)


def test_published_counts_give_no_warning(fracatlas, local_host, tmp_path):
    _serve(local_host)
    assert (
        download_dataset(replace(fracatlas, counts={"": 6}), tmp_path / "fa", retry=FAST_RETRY).warnings == ()
    )


def test_complete_download_is_not_requested_again(fracatlas, local_host, tmp_path):
    _serve(local_host)
    download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)
    local_host.log.clear()
    (tmp_path / "fa.second-look-download").mkdir()
    second = download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)
    assert (second.image_count, local_host.log) == (6, [])
    assert not (tmp_path / "fa.second-look-download").exists()


def test_empty_folder_is_used(fracatlas, local_host, tmp_path):
    _serve(local_host)
    (tmp_path / "fa").mkdir()
    assert download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY).image_count == 6


@pytest.mark.parametrize("kind", ["folder", "file", "other set", "root"])
def test_occupied_folder_is_rejected(fracatlas, local_host, tmp_path, kind):
    _serve(local_host)
    target = Path("/") if kind == "root" else tmp_path / "mine"
    if kind == "file":
        target.write_text("mine")
    elif kind != "root":
        target.mkdir()
        (target / "SOURCE.txt").write_text("Name: mura (MURA)\n" if kind == "other set" else "mine")
    with pytest.raises(DataError, match="FracAtlas needs a new or empty folder"):
        download_dataset(fracatlas, target, retry=FAST_RETRY)
    assert local_host.log == []


def test_interrupted_download_is_resumed(fracatlas, local_host, tmp_path):
    _serve(local_host, itertools.chain([1 << 16], itertools.repeat(0)))
    with pytest.raises(DataError, match="was interrupted"):
        download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)
    assert not (tmp_path / "fa").exists()
    page = _serve(local_host)
    assert download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY).image_count == 6
    assert page.sent == len(page.body) - (1 << 16)


def test_killed_unpacking_is_not_complete(fracatlas, local_host, tmp_path, monkeypatch):
    _serve(local_host)

    def stop(archive: Path, folder: Path) -> None:
        (folder / "images").mkdir()
        (folder / "images" / "half.jpg").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download, "unzip", stop)
        with pytest.raises(KeyboardInterrupt):
            download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)
    assert not (tmp_path / "fa").exists()
    downloaded = download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)
    assert "images/half.jpg" not in _files(downloaded.folder)
    assert len(local_host.requests_for("/files/FracAtlas.zip")) == 1


def test_changed_licence_is_rejected(fracatlas, local_host, tmp_path):
    _serve(local_host, license={"name": "CC BY-NC 4.0"})
    with pytest.raises(DataError, match=r"from CC BY 4\.0 to 'CC BY-NC 4\.0'"):
        download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)
    assert local_host.requests_for("/files/FracAtlas.zip") == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil.zip", "..", "C:evil.zip", "a\\b.zip", "", "a\nb"])
def test_unsafe_file_names_are_rejected(fracatlas, local_host, tmp_path, name):
    local_host.article(22363012, {name: Page(b"x")})
    with pytest.raises(DataError, match="unsafe or repeated names"):
        download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)
    assert list(tmp_path.iterdir()) == []


def test_article_without_files(fracatlas, local_host, tmp_path):
    local_host.article(22363012, {})
    with pytest.raises(DataError, match="lists no files"):
        download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>sign in</html>", b"[]", b"{}", b'{"version": 6}', b"null"],
    ids=lambda body: str(body[:8]),
)
def test_unknown_response_is_reported(fracatlas, local_host, tmp_path, body):
    local_host.pages["/v2/articles/22363012"] = Page(body)
    with pytest.raises(DataError, match="the response cannot be read"):
        download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)


def test_missing_article_is_reported(fracatlas, tmp_path):
    with pytest.raises(
        DataError, match="article 22363012 from figshare: the server answered “404 Not Found”"
    ):
        download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)


def test_missing_network_is_reported(fracatlas, tmp_path):
    dataset = replace(fracatlas, source=FigshareHost(1, "http://127.0.0.1:9/v2"))
    with pytest.raises(DataError, match="Check the network"):
        download_dataset(dataset, tmp_path / "fa", retry=FAST_RETRY)
    assert list(tmp_path.iterdir()) == []


def test_disk_is_too_small(fracatlas, local_host, tmp_path):
    _serve(
        local_host, files=[{"name": "a.zip", "size": 10**18, "computed_md5": "", "download_url": "http://x"}]
    )
    with pytest.raises(DataError, match="of free disk"):
        download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)


def test_archive_without_images(fracatlas, local_host, tmp_path):
    local_host.article(22363012, {"FracAtlas.zip": Page(pack({"a/readme.txt": b"moved"}))})
    with pytest.raises(DataError, match="contains no radiographs"):
        download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)
    assert not (tmp_path / "fa").exists()


def test_unsafe_archive_is_rejected(fracatlas, local_host, tmp_path):
    local_host.article(22363012, {"FracAtlas.zip": Page(pack({"../a.png": b"1"}))})
    with pytest.raises(DataError, match="leads out"):
        download_dataset(fracatlas, tmp_path / "fa", retry=FAST_RETRY)
    assert [path.name for path in tmp_path.iterdir()] == ["fa.second-look-download"]


def test_several_files_and_an_unknown_layout(fracatlas, local_host, tmp_path):
    parts = {f"images_part{number}.zip": Page(pack({f"{number}.png": b"1" * 900})) for number in (1, 2)}
    local_host.article(22363012, {"dataset.csv": Page(b"filestem\n1\n2\n"), **parts})
    progress_calls: list[tuple[str, int, int]] = []
    downloaded = download_dataset(
        fracatlas, tmp_path / "gz", lambda *arguments: progress_calls.append(arguments), retry=FAST_RETRY
    )
    assert _files(downloaded.folder) == {
        "dataset.csv",
        "images_part1/1.png",
        "images_part2/2.png",
        "LICENCE.txt",
        "SOURCE.txt",
    }
    assert (downloaded.layout, downloaded.image_count) == ("", 2)
    assert downloaded.warnings[0].startswith("No known dataset in ")
    total = sum(len(page.body) for page in parts.values()) + len(b"filestem\n1\n2\n")
    assert progress_calls == sorted(progress_calls)
    assert progress_calls[-1] == ("Downloading", total, total)


def test_dataset_that_requires_registration(tmp_path):
    with pytest.raises(
        DataError, match=r"MURA requires registration .* Sign its agreement at https://stanford"
    ):
        download_dataset(public_dataset("mura"), tmp_path / "mura")
