"""The commands `data list`, `data get`, `data unpack` and `data delete`."""

from dataclasses import replace
from pathlib import Path

import pytest
from local_hosts import pack

from fracture_core.datasets import uploaded_datasets
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.download import public_datasets
from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig


@pytest.fixture
def answer_at_terminal(monkeypatch, capsys):
    """Function that gives one answer to all questions, and returns the output before each question."""
    outputs: list[str] = []

    def set_answer(answer: str) -> list[str]:
        def ask(prompt: str = "") -> str:
            outputs.append(capsys.readouterr().out + prompt)
            if answer == "^D":
                raise EOFError
            return answer

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", ask)
        return outputs

    return set_answer


@pytest.mark.parametrize("arguments", [("data", "list"), ("data", "get")])
def test_list_of_public_datasets(run_command, arguments, runs_folder):
    result = run_command(*arguments)
    assert result.status == 0
    assert [line.split()[0] for line in result.lines if not line.startswith(" ")] == [
        row.name for row in public_datasets.PUBLIC_DATASETS
    ]
    assert "about 338 MB; licence: CC BY 4.0" in result.out
    assert "https://www.kaggle.com/datasets/devbatrax/fracture-detection-using-x-ray-images" in result.out


def test_download_with_consent_by_option(run_command, fracatlas_server, tmp_path):
    result = run_command("data", "get", "fracatlas", "--to", tmp_path / "fa", "--yes")
    assert result.status == 0
    assert result.lines[-1] == f"6 images are in {tmp_path / 'fa'}, layout fracatlas."
    assert "Downloading: 100% of " in result.err
    assert result.lines[1] == "Licence: CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"


def test_download_without_a_terminal_needs_consent_by_option(
    run_command, fracatlas_server, monkeypatch, tmp_path
):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    result = run_command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert result.status == 1
    assert result.err.splitlines() == [
        "The licence of FracAtlas needs your consent, but there is no terminal to ask on. Read it and add --yes."
    ]
    assert fracatlas_server.log == []


@pytest.mark.parametrize("answer", ["y", " YES "])
def test_the_licence_is_shown_before_the_download(
    run_command, fracatlas_server, answer_at_terminal, tmp_path, answer
):
    outputs = answer_at_terminal(answer)
    result = run_command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert result.status == 0
    assert "CC BY 4.0" in outputs[0]
    assert "Abedeen et al. 2023" in outputs[0]
    assert len(fracatlas_server.log) == 2


@pytest.mark.parametrize("answer", ["", "n", "what?", "^D"])
def test_nothing_is_downloaded_without_consent(
    run_command, fracatlas_server, answer_at_terminal, tmp_path, answer
):
    answer_at_terminal(answer)
    result = run_command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert (result.status, result.err) == (1, "Nothing was downloaded.\n")
    assert fracatlas_server.log == []
    assert list(tmp_path.iterdir()) == []


def test_a_download_with_a_warning_succeeds(run_command, fracatlas_server, monkeypatch, tmp_path):
    monkeypatch.setattr(
        public_datasets, "PUBLIC_DATASETS", (replace(public_datasets.PUBLIC_DATASETS[0], counts={"": 4083}),)
    )
    result = run_command("data", "get", "fracatlas", "--to", tmp_path / "fa", "--yes")
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
def test_errors_are_one_sentence(run_command, arguments, sentence):
    result = run_command("data", "get", *arguments)
    assert result.status == 1
    assert sentence in result.err
    assert len(result.err.splitlines()) == 1


@pytest.fixture
def unpacked_folder(run_command, runs_folder, tmp_path):
    """The folder of an unpacked zip, as the command printed it."""
    films = {f"set/{kind}/{number}.png": b"film" for kind in ("fractured", "normal") for number in range(3)}
    (tmp_path / "My films.zip").write_bytes(pack(films))
    result = run_command("data", "unpack", tmp_path / "My films.zip")
    assert result.status == 0
    return Path(*result.lines)


def test_a_zip_is_unpacked_where_the_page_train_finds_it(run_command, unpacked_folder, runs_folder):
    assert uploaded_datasets.uploaded_folders(runs_folder) == [unpacked_folder]
    assert len(read_catalogue(unpacked_folder).cases) == 6
    assert run_command("data", "list").lines[-1].endswith(f"unpacked: {unpacked_folder}")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "No such file"),
        (b"text", "a.zip is damaged or not a supported zip"),
        (pack({"a.txt": b""}), "a.zip"),
    ],
)
def test_invalid_zips_give_a_sentence(run_command, runs_folder, tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "a.zip").write_bytes(content)
    result = run_command("data", "unpack", tmp_path / "a.zip")
    assert (result.status, result.out) == (1, "")
    assert sentence in result.err
    assert uploaded_datasets.uploaded_folders(runs_folder) == []


def test_only_unpacked_zips_can_be_deleted(run_command, unpacked_folder, runs_folder, tmp_path, monkeypatch):
    result = run_command("data", "delete", tmp_path)
    assert (result.status, tmp_path.is_dir()) == (1, True)
    assert "was not deleted, because it is not an uploaded dataset" in result.err
    monkeypatch.chdir(unpacked_folder.parent)
    assert run_command("data", "delete", unpacked_folder.name).status == 0
    assert uploaded_datasets.uploaded_folders(runs_folder) == []


def test_images_in_use_by_a_run_are_not_deleted(run_command, unpacked_folder, runs_folder, monkeypatch):
    config = TrainingConfig(str(unpacked_folder), "small_fcn")
    monkeypatch.setattr(process, "active_and_waiting", lambda root: iter([config]))
    result = run_command("data", "delete", unpacked_folder)
    assert result.status == 1
    assert "waits to use it" in result.err
    assert uploaded_datasets.uploaded_folders(runs_folder) == [unpacked_folder]
