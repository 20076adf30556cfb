"""Tests of downloads from Kaggle, against a local server."""

import base64
import hashlib
import itertools
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from local_hosts import Moved, Page, pack

from fracture_core.download import download_dataset, public_dataset
from fracture_core.download.session import RetryPolicy
from fracture_core.errors import DataError

FAST_RETRY = RetryPolicy(tries=3, wait=0.01, longest=1, timeout=5)
SERVICE = "/api/v1/datasets.DatasetApiService"
FILMS = {
    f"Set/Set/{split}/{name}/{number}.png": random.Random(f"{split}{name}{number}").randbytes(20_000)
    for split in ("train", "val", "test")
    for name in ("fractured", "not fractured")
    for number in range(2)
}
ARCHIVE = pack(FILMS)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch, tmp_path_factory):
    """Hide any API key of the person who runs the tests."""
    home = tmp_path_factory.mktemp("home")
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / ".kaggle"))


@pytest.fixture
def kaggle_key(monkeypatch):
    """An API key in the environment."""
    monkeypatch.setenv("KAGGLE_USERNAME", "somebody")
    monkeypatch.setenv("KAGGLE_KEY", "secret")


@pytest.fixture
def kaggle_server(local_host, monkeypatch):
    """Kaggle's endpoints on a local server; its library only supports fixed ones, so the local one is patched."""
    from kagglesdk import kaggle_env

    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, local_host.url)
    described = {
        "currentVersionNumber": 3,
        "licenseName": "Unknown",
        "lastUpdated": "2024-05-06T07:08:09Z",
        "totalBytes": len(ARCHIVE),
    }
    local_host.pages[f"{SERVICE}/GetDataset"] = Page(
        json.dumps(described).encode(),
        headers={"Content-Type": "application/json", "X-Kaggle-HubVersion": "99.0"},
    )
    local_host.pages[f"{SERVICE}/DownloadDataset"] = Moved(f"{local_host.url}/signed")
    _serve(local_host)
    return local_host


def _serve(host, body: bytes = ARCHIVE, **options) -> Page:
    checksum = base64.b64encode(hashlib.md5(ARCHIVE).digest()).decode()
    page = Page(body, headers={"x-goog-hash": f"crc32c=AAAAAA==,md5={checksum}"}, **options)
    host.pages["/signed"] = page
    return page


def _download_multiregion(folder: Path):
    return download_dataset(public_dataset("multiregion"), folder, retry=FAST_RETRY)


def test_dataset_is_downloaded_and_unpacked(kaggle_server, kaggle_key, tmp_path, capsys):
    folder = _download_multiregion(tmp_path / "mr")
    assert (folder.layout, folder.counts) == ("folders", {"train": 4, "val": 4, "test": 4})
    assert folder.warnings == (
        "The download contains train 4, val 4, test 4 images; train 9,246, val 828, test 506 images were published. "
        "Results may differ from published ones.",
    )
    assert "Licence according to the host: Unknown" in (folder.folder / "LICENCE.txt").read_text("utf-8")
    source = (folder.folder / "SOURCE.txt").read_text("utf-8")
    assert "Version: 3 of 2024-05-06" in source
    assert hashlib.md5(ARCHIVE).hexdigest() in source
    assert capsys.readouterr().out == ""


def test_key_is_sent_to_kaggle_only(kaggle_server, kaggle_key, tmp_path):
    _download_multiregion(tmp_path / "mr")
    assert kaggle_server.log[0].path == f"{SERVICE}/GetDataset"
    assert kaggle_server.log[0].headers["Authorization"].startswith("Basic ")
    assert "Authorization" not in kaggle_server.log[-1].headers


def test_token_is_accepted(kaggle_server, monkeypatch, tmp_path):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_secret")
    _download_multiregion(tmp_path / "mr")
    assert kaggle_server.log[0].headers["Authorization"] == "Bearer KGAT_secret"


def test_key_file_is_accepted(kaggle_server, monkeypatch, tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "kaggle.json").write_text('{"username": "somebody", "key": "secret"}')
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(folder))
    assert _download_multiregion(tmp_path / "mr").image_count == 12


def test_missing_key_is_reported(kaggle_server, tmp_path):
    with pytest.raises(DataError, match=r"Sign in at https://www\.kaggle\.com/settings/api") as error:
        _download_multiregion(tmp_path / "mr")
    assert "\n" not in str(error.value)
    assert kaggle_server.log == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "{}", '{"username": "x"}'])
def test_damaged_key_file(kaggle_server, monkeypatch, tmp_path, text):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "kaggle.json").write_text(text)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(folder))
    with pytest.raises(DataError, match="The Kaggle key cannot be used"):
        _download_multiregion(tmp_path / "mr")


def test_interrupted_download_is_resumed(kaggle_server, kaggle_key, tmp_path):
    page = _serve(
        kaggle_server, drops=[0, 0, 1 << 16, 0]
    )  # 0: only the headers are read, for size and address
    folder = _download_multiregion(tmp_path / "mr")
    assert folder.image_count == 12
    ranges = [request.headers.get("Range") for request in kaggle_server.requests_for("/signed")]
    assert [entry for entry in ranges if entry] == [f"bytes={1 << 16}-"]
    assert page.sent == len(ARCHIVE)


def test_repeated_interruptions_keep_the_partial_file(kaggle_server, kaggle_key, tmp_path):
    _serve(kaggle_server, drops=itertools.repeat(0))
    with pytest.raises(
        DataError, match=r"archive\.zip from Kaggle: the connection failed or was interrupted"
    ):
        _download_multiregion(tmp_path / "mr")
    assert (tmp_path / "mr.second-look-download" / "archive.zip.part").is_file()


def test_wrong_checksum_is_reported(kaggle_server, kaggle_key, tmp_path):
    _serve(kaggle_server, ARCHIVE[::-1])
    with pytest.raises(DataError, match="is damaged: its MD5"):
        _download_multiregion(tmp_path / "mr")
    assert not (tmp_path / "mr").exists()


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_kaggle_refuses_the_description(kaggle_server, kaggle_key, tmp_path, status):
    kaggle_server.pages[f"{SERVICE}/GetDataset"] = Page(statuses=itertools.repeat(status))
    with pytest.raises(DataError, match=f"from Kaggle: the server answered “{status} ") as error:
        _download_multiregion(tmp_path / "mr")
    assert "secret" not in str(error.value)


def test_kaggle_refuses_the_file(kaggle_server, kaggle_key, tmp_path):
    page = kaggle_server.pages[f"{SERVICE}/DownloadDataset"] = Moved(f"{kaggle_server.url}/signed")
    page._statuses = itertools.chain([302], itertools.repeat(403))
    with pytest.raises(DataError, match=r"archive\.zip from Kaggle: the server answered “403 Forbidden”"):
        _download_multiregion(tmp_path / "mr")


def test_unknown_response_is_reported(kaggle_server, kaggle_key, tmp_path):
    kaggle_server.pages[f"{SERVICE}/GetDataset"] = Page(b"<html>")
    with pytest.raises(DataError, match="the response cannot be read"):
        _download_multiregion(tmp_path / "mr")


def test_missing_network_is_reported(kaggle_server, kaggle_key, monkeypatch, tmp_path):
    from kagglesdk import kaggle_env

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, "http://127.0.0.1:9")
    with pytest.raises(DataError, match="Check the network"):
        _download_multiregion(tmp_path / "mr")


def test_dataset_without_images_is_rejected(kaggle_server, kaggle_key, tmp_path):
    empty = pack({"readme.txt": b"gone"})
    kaggle_server.pages["/signed"] = Page(empty)
    with pytest.raises(DataError, match="contains no radiographs"):
        _download_multiregion(tmp_path / "mr")


def test_kagglehub_is_imported_lazily(tmp_path):
    code = "import sys, fracture_core.download; print('kagglehub' in sys.modules)"
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert completed.stdout == "False\n"


def test_devbatrax_is_downloaded(kaggle_server, kaggle_key, tmp_path):
    dataset = replace(public_dataset("devbatrax"), counts={"train": 4, "val": 4, "test": 4})
    assert download_dataset(dataset, tmp_path / "db", retry=FAST_RETRY).warnings == ()
