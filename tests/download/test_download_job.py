"""Tests of background downloads and of the locations of datasets."""

import socket
import time
from dataclasses import replace

import pytest
from local_hosts import Page, packed_fracatlas

from fracture_core.cli import main as cli
from fracture_core.datasets import recent_folders
from fracture_core.download import local_datasets, public_dataset, public_datasets
from fracture_core.download.download_job import DownloadJob
from fracture_core.download.figshare import FigshareHost
from fracture_core.errors import DataError


@pytest.fixture
def dataset(local_host, monkeypatch):
    """FracAtlas from a local server instead of figshare."""
    local = replace(
        public_dataset("fracatlas"), source=FigshareHost(22363012, f"{local_host.url}/v2"), counts={"": 6}
    )
    monkeypatch.setattr(public_datasets, "PUBLIC_DATASETS", (local,))
    local_host.article(22363012, {"FracAtlas.zip": Page(packed_fracatlas())})
    return local


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path))
    return tmp_path


def test_started_command_downloads_to_the_default_folder(dataset, root, monkeypatch):
    started: list[list[str]] = []
    monkeypatch.setattr(DownloadJob, "_launch", lambda self, command, data: started.append(list(command)))
    job = DownloadJob.for_dataset(root, dataset)
    job.start(dataset, root)
    assert local_datasets.find_local(dataset, root) is None
    assert cli.main([*started[0], "--job", str(job.folder)]) == 0
    assert (job.state().status, job.state().message) == ("finished", "")
    assert local_datasets.find_local(dataset, root) == local_datasets.default_folder(dataset, root)


def test_failure_is_stored_in_the_state(dataset, root, local_host):
    local_host.pages.clear()
    job = DownloadJob.for_dataset(root, dataset)
    assert job.run(dataset, local_datasets.default_folder(dataset, root)) == 1
    assert job.state().status == "failed"
    assert "the server answered “404" in job.state().message
    assert local_datasets.find_local(dataset, root) is None


def test_download_in_another_folder_is_found(dataset, root, tmp_path):
    assert cli.main(["data", "get", "fracatlas", "--to", str(tmp_path / "mine"), "--yes"]) == 0
    assert local_datasets.find_local(dataset, root) is None
    assert local_datasets.find_local(dataset, root, recent_folders.recent_folders(root)) == tmp_path / "mine"
    # An invalid or missing folder is ignored.
    assert local_datasets.find_local(dataset, root, ["/a\0b", "/gone"]) is None


def test_list_shows_downloaded_datasets(dataset, root, capsys):
    cli.main(["data", "get", "fracatlas", "--yes"])
    capsys.readouterr()
    cli.main(["data", "list"])
    assert f"downloaded to: {local_datasets.default_folder(dataset, root)}" in capsys.readouterr().out


def test_download_can_be_cancelled(root, monkeypatch):
    """A host that never answers keeps the process running until it is cancelled."""
    dataset = public_dataset("fracatlas")
    with socket.socket() as host:
        host.bind(("127.0.0.1", 0))
        host.listen()
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{host.getsockname()[1]}")
        job = DownloadJob.for_dataset(root, dataset)
        job.start(dataset, root)
        with pytest.raises(DataError, match="already being downloaded"):
            job.start(dataset, root)
        end = time.monotonic() + 60
        while not job.state().message.startswith("Requesting"):
            assert time.monotonic() < end
            time.sleep(0.05)
        job.cancel()
        assert job.state().status == "cancelled"
        assert "downloaded so far is kept" in job.state().message
        job.cancel()  # a second call has no effect
        assert job.state().status == "cancelled"
        assert local_datasets.find_local(dataset, root) is None
