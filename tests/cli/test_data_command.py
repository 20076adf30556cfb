"""The commands `data list`, `data get`, `data unpack` and `data delete`."""

from dataclasses import replace
from pathlib import Path

import pytest
from local_hosts import Page, pack, packed_fracatlas

from fracture_core.datasets import uploaded_datasets
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.download import public_dataset, public_datasets
from fracture_core.download.figshare import FigshareHost
from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig


@pytest.fixture
def fracatlas(local_host, monkeypatch):
    """FracAtlas on a local host instead of figshare; the host."""
    row = replace(
        public_dataset("fracatlas"), source=FigshareHost(22363012, f"{local_host.url}/v2"), counts={"": 6}
    )
    monkeypatch.setattr(public_datasets, "PUBLIC_DATASETS", (row,))
    local_host.article(22363012, {"FracAtlas.zip": Page(packed_fracatlas())})
    return local_host


@pytest.fixture
def terminal(monkeypatch, capsys):
    """Answer questions as a person at a terminal; collects the output that preceded each question."""
    read: list[str] = []

    def sit(answer: str) -> list[str]:
        def ask(prompt: str = "") -> str:
            read.append(capsys.readouterr().out + prompt)
            if answer == "^D":
                raise EOFError
            return answer

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", ask)
        return read

    return sit


@pytest.fixture
def runs(monkeypatch, tmp_path):
    """The folder of runs and unpacked zips."""
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.mark.parametrize("arguments", [("data", "list"), ("data", "get")])
def test_list_of_public_datasets(command, arguments, runs):
    result = command(*arguments)
    assert result.status == 0
    assert [line.split()[0] for line in result.lines if not line.startswith(" ")] == [
        row.name for row in public_datasets.PUBLIC_DATASETS
    ]
    assert "about 338 MB; licence: CC BY 4.0" in result.out
    assert "https://www.kaggle.com/datasets/devbatrax/fracture-detection-using-x-ray-images" in result.out


def test_download_with_consent_by_option(command, fracatlas, tmp_path):
    result = command("data", "get", "fracatlas", "--to", tmp_path / "fa", "--yes")
    assert result.status == 0
    assert result.lines[-1] == f"6 images are in {tmp_path / 'fa'}, layout fracatlas."
    assert "Downloading: 100% of " in result.err
    assert result.lines[1] == "Licence: CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"


def test_download_without_a_terminal_needs_consent_by_option(command, fracatlas, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    result = command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert result.status == 1
    assert result.err.splitlines() == [
        "The licence of FracAtlas needs your consent, but there is no terminal to ask on. Read it and add --yes."
    ]
    assert fracatlas.log == []


@pytest.mark.parametrize("answer", ["y", " YES "])
def test_the_licence_is_shown_before_the_download(command, fracatlas, terminal, tmp_path, answer):
    read = terminal(answer)
    result = command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert result.status == 0
    assert "CC BY 4.0" in read[0]
    assert "Abedeen et al. 2023" in read[0]
    assert len(fracatlas.log) == 2


@pytest.mark.parametrize("answer", ["", "n", "what?", "^D"])
def test_nothing_is_downloaded_without_consent(command, fracatlas, terminal, tmp_path, answer):
    terminal(answer)
    result = command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert (result.status, result.err) == (1, "Nothing was downloaded.\n")
    assert fracatlas.log == []
    assert list(tmp_path.iterdir()) == []


def test_a_download_with_a_warning_succeeds(command, fracatlas, monkeypatch, tmp_path):
    monkeypatch.setattr(
        public_datasets, "PUBLIC_DATASETS", (replace(public_datasets.PUBLIC_DATASETS[0], counts={"": 4083}),)
    )
    result = command("data", "get", "fracatlas", "--to", tmp_path / "fa", "--yes")
    assert result.status == 0
    assert "The download contains 6 images; 4,083 images were published" in result.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing", "--to", "x"), "There is no public dataset 'nothing'. Choose one of: fracatlas"),
        (("fracatlas",), "there is no terminal to ask on"),
        (("mura", "--to", "x"), "MURA requires registration"),
    ],
)
def test_errors_are_one_sentence(command, arguments, sentence):
    result = command("data", "get", *arguments)
    assert result.status == 1
    assert sentence in result.err
    assert len(result.err.splitlines()) == 1


@pytest.fixture
def unpacked(command, runs, tmp_path):
    """The folder of an unpacked zip, as the command printed it."""
    films = {f"set/{kind}/{number}.png": b"film" for kind in ("fractured", "normal") for number in range(3)}
    (tmp_path / "My films.zip").write_bytes(pack(films))
    result = command("data", "unpack", tmp_path / "My films.zip")
    assert result.status == 0
    return Path(*result.lines)


def test_a_zip_is_unpacked_where_the_page_train_finds_it(command, unpacked, runs):
    assert uploaded_datasets.uploaded_folders(runs) == [unpacked]
    assert len(read_catalogue(unpacked).cases) == 6
    assert command("data", "list").lines[-1].endswith(f"unpacked: {unpacked}")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "No such file"),
        (b"text", "a.zip is damaged or not a supported zip"),
        (pack({"a.txt": b""}), "a.zip"),
    ],
)
def test_invalid_zips_give_a_sentence(command, runs, tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "a.zip").write_bytes(content)
    result = command("data", "unpack", tmp_path / "a.zip")
    assert (result.status, result.out) == (1, "")
    assert sentence in result.err
    assert uploaded_datasets.uploaded_folders(runs) == []


def test_only_unpacked_zips_can_be_deleted(command, unpacked, runs, tmp_path, monkeypatch):
    result = command("data", "delete", tmp_path)
    assert (result.status, tmp_path.is_dir()) == (1, True)
    assert "was not deleted, because it is not an uploaded dataset" in result.err
    monkeypatch.chdir(unpacked.parent)
    assert command("data", "delete", unpacked.name).status == 0
    assert uploaded_datasets.uploaded_folders(runs) == []


def test_images_in_use_by_a_run_are_not_deleted(command, unpacked, runs, monkeypatch):
    config = TrainingConfig(str(unpacked), "small_fcn")
    monkeypatch.setattr(process, "active_and_waiting", lambda root: iter([config]))
    result = command("data", "delete", unpacked)
    assert result.status == 1
    assert "waits to use it" in result.err
    assert uploaded_datasets.uploaded_folders(runs) == [unpacked]
