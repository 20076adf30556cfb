"""Downloads in the background, and where the sets lie."""

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
def row(local_host, monkeypatch):
    """FracAtlas from here instead of figshare."""
    found = replace(
        public_dataset("fracatlas"), source=FigshareHost(22363012, f"{local_host.url}/v2"), counts={"": 6}
    )
    monkeypatch.setattr(public_datasets, "PUBLIC_DATASETS", (found,))
    local_host.article(22363012, {"FracAtlas.zip": Page(packed_fracatlas())})
    return found


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path))
    return tmp_path


def test_what_the_page_starts_fetches_the_set_to_where_it_is_looked_for(row, root, monkeypatch):
    started: list[list[str]] = []
    monkeypatch.setattr(DownloadJob, "_launch", lambda self, words, data: started.append(list(words)))
    job = DownloadJob.for_dataset(root, row)
    job.start(row, root)
    assert local_datasets.find_local(row, root) is None
    assert cli.main([*started[0], "--job", str(job.folder)]) == 0
    assert (job.state().status, job.state().what) == ("finished", "")
    assert local_datasets.find_local(row, root) == local_datasets.default_folder(row, root)


def test_a_failure_is_kept_as_a_sentence(row, root, local_host):
    local_host.pages.clear()
    job = DownloadJob.for_dataset(root, row)
    assert job.run(row, local_datasets.default_folder(row, root)) == 1
    assert job.state().status == "failed"
    assert "but it answered “404" in job.state().what
    assert local_datasets.find_local(row, root) is None


def test_a_set_that_lies_elsewhere_is_found(row, root, tmp_path):
    assert cli.main(["data", "get", "fracatlas", "--to", str(tmp_path / "mine"), "--yes"]) == 0
    assert local_datasets.find_local(row, root) is None
    assert local_datasets.find_local(row, root, recent_folders.recent_folders(root)) == tmp_path / "mine"
    # A folder with a nul in its name, or none at all, is no reason to fail.
    assert local_datasets.find_local(row, root, ["/a\0b", "/gone"]) is None


def test_the_list_says_what_is_here(row, root, capsys):
    cli.main(["data", "get", "fracatlas", "--yes"])
    capsys.readouterr()
    cli.main(["data", "list"])
    assert f"downloaded to: {local_datasets.default_folder(row, root)}" in capsys.readouterr().out


def test_a_download_is_cancelled_and_can_begin_again(root, monkeypatch):
    """A host that never answers keeps the real process waiting, so that it is at work when it is ended."""
    row = public_dataset("fracatlas")
    with socket.socket() as host:
        host.bind(("127.0.0.1", 0))
        host.listen()
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{host.getsockname()[1]}")
        job = DownloadJob.for_dataset(root, row)
        job.start(row, root)
        with pytest.raises(DataError, match="there is one: wait for it"):
            job.start(row, root)
        end = time.monotonic() + 60
        while not job.state().what.startswith("Asking"):
            assert time.monotonic() < end
            time.sleep(0.05)
        job.cancel()
        assert job.state().status == "cancelled"
        assert "what was fetched is kept" in job.state().what
        job.cancel()  # once more changes nothing
        assert job.state().status == "cancelled"
        assert local_datasets.find_local(row, root) is None
