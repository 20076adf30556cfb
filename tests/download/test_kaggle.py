"""Kaggle's library and our transfer, against a host on this computer."""

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

HASTE = RetryPolicy(tries=3, wait=0.01, longest=1, timeout=5)
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
    """Nobody's key, whoever runs this."""
    home = tmp_path_factory.mktemp("home")
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / ".kaggle"))


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "somebody")
    monkeypatch.setenv("KAGGLE_KEY", "secret")


@pytest.fixture
def kaggle(local_host, monkeypatch):
    """Kaggle's endpoints, here: its library knows only fixed ones, so the local one gets our port."""
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


def _serve(host, body: bytes = ARCHIVE, **given) -> Page:
    checksum = base64.b64encode(hashlib.md5(ARCHIVE).digest()).decode()
    page = Page(body, headers={"x-goog-hash": f"crc32c=AAAAAA==,md5={checksum}"}, **given)
    host.pages["/signed"] = page
    return page


def _get(folder: Path):
    return download_dataset(public_dataset("multiregion"), folder, patience=HASTE)


def test_a_set(kaggle, key, tmp_path, capsys):
    found = _get(tmp_path / "mr")
    assert (found.layout, found.counts) == ("folders", {"train": 4, "val": 4, "test": 4})
    assert found.warnings == (
        "Expected train 9,246, val 828, test 506 films as published, but there are train 4, val 4, test 4 films: "
        "results on these need not agree with what others found.",
    )
    assert "Licence as its host names it: Unknown" in (found.folder / "LICENCE.txt").read_text("utf-8")
    source = (found.folder / "SOURCE.txt").read_text("utf-8")
    assert "Version: 3 of 2024-05-06" in source
    assert hashlib.md5(ARCHIVE).hexdigest() in source
    assert capsys.readouterr().out == ""


def test_the_key_goes_to_kaggle_and_not_with_our_request(kaggle, key, tmp_path):
    _get(tmp_path / "mr")
    assert kaggle.log[0].path == f"{SERVICE}/GetDataset"
    assert kaggle.log[0].headers["Authorization"].startswith("Basic ")
    assert "Authorization" not in kaggle.log[-1].headers


def test_a_token_serves_as_well(kaggle, monkeypatch, tmp_path):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_secret")
    _get(tmp_path / "mr")
    assert kaggle.log[0].headers["Authorization"] == "Bearer KGAT_secret"


def test_a_key_file_serves_as_well(kaggle, monkeypatch, tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "kaggle.json").write_text('{"username": "somebody", "key": "secret"}')
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(folder))
    assert _get(tmp_path / "mr").image_count == 12


def test_no_key(kaggle, tmp_path):
    with pytest.raises(
        DataError, match=r"found none: sign in at https://www\.kaggle\.com/settings/api"
    ) as error:
        _get(tmp_path / "mr")
    assert "\n" not in str(error.value)
    assert kaggle.log == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "{}", '{"username": "x"}'])
def test_a_key_file_that_is_broken(kaggle, monkeypatch, tmp_path, text):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "kaggle.json").write_text(text)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(folder))
    with pytest.raises(DataError, match="Expected a Kaggle key, but"):
        _get(tmp_path / "mr")


def test_a_dropped_connection_is_taken_up(kaggle, key, tmp_path):
    page = _serve(kaggle, drops=[0, 0, 1 << 16, 0])  # at 0 only headers are read, for size and address
    found = _get(tmp_path / "mr")
    assert found.image_count == 12
    asked = [request.headers.get("Range") for request in kaggle.asked("/signed")]
    assert [entry for entry in asked if entry] == [f"bytes={1 << 16}-"]
    assert page.sent == len(ARCHIVE)


def test_a_line_that_stays_broken_keeps_the_part(kaggle, key, tmp_path):
    _serve(kaggle, drops=itertools.repeat(0))
    with pytest.raises(
        DataError, match=r"archive\.zip from Kaggle, but the connection cannot be made or breaks off"
    ):
        _get(tmp_path / "mr")
    assert (tmp_path / "mr.second-look-download" / "archive.zip.part").is_file()


def test_a_wrong_checksum(kaggle, key, tmp_path):
    _serve(kaggle, ARCHIVE[::-1])
    with pytest.raises(DataError, match="published MD5"):
        _get(tmp_path / "mr")
    assert not (tmp_path / "mr").exists()


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_kaggle_refuses(kaggle, key, tmp_path, status):
    kaggle.pages[f"{SERVICE}/GetDataset"] = Page(statuses=itertools.repeat(status))
    with pytest.raises(DataError, match=f"from Kaggle, but it answered “{status} ") as error:
        _get(tmp_path / "mr")
    assert "secret" not in str(error.value)


def test_kaggle_refuses_the_file_later(kaggle, key, tmp_path):
    page = kaggle.pages[f"{SERVICE}/DownloadDataset"] = Moved(f"{kaggle.url}/signed")
    page._statuses = itertools.chain([302], itertools.repeat(403))
    with pytest.raises(DataError, match=r"archive\.zip from Kaggle, but it answered “403 Forbidden”"):
        _get(tmp_path / "mr")


def test_kaggle_answers_something_else(kaggle, key, tmp_path):
    kaggle.pages[f"{SERVICE}/GetDataset"] = Page(b"<html>")
    with pytest.raises(DataError, match="its answer cannot be read"):
        _get(tmp_path / "mr")


def test_no_network(kaggle, key, monkeypatch, tmp_path):
    from kagglesdk import kaggle_env

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, "http://127.0.0.1:9")
    with pytest.raises(DataError, match="check the network"):
        _get(tmp_path / "mr")


def test_an_empty_set_is_refused(kaggle, key, tmp_path):
    empty = pack({"readme.txt": b"gone"})
    kaggle.pages["/signed"] = Page(empty)
    with pytest.raises(DataError, match="holds none"):
        _get(tmp_path / "mr")


def test_the_library_is_loaded_only_when_asked(tmp_path):
    code = "import sys, fracture_core.download; print('kagglehub' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout == "False\n"


def test_devbatrax_is_fetched_the_same_way(kaggle, key, tmp_path):
    row = replace(public_dataset("devbatrax"), counts={"train": 4, "val": 4, "test": 4})
    assert download_dataset(row, tmp_path / "db", patience=HASTE).warnings == ()
