"""`data list`, `data get`, `data unpack` and `data delete`."""

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
    """FracAtlas from here instead of figshare; gives the host."""
    row = replace(
        public_dataset("fracatlas"), source=FigshareHost(22363012, f"{local_host.url}/v2"), counts={"": 6}
    )
    monkeypatch.setattr(public_datasets, "PUBLIC_DATASETS", (row,))
    local_host.article(22363012, {"FracAtlas.zip": Page(packed_fracatlas())})
    return local_host


@pytest.fixture
def terminal(monkeypatch, capsys):
    """A person at a terminal who answers; gives what the person had read by then."""
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
    """Where runs lie, and what is unpacked."""
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.mark.parametrize("words", [("data", "list"), ("data", "get")])
def test_the_list(command, words, runs):
    said = command(*words)
    assert said.status == 0
    assert [line.split()[0] for line in said.lines if not line.startswith(" ")] == [
        row.name for row in public_datasets.PUBLIC_DATASETS
    ]
    assert "about 338 MB; licence: CC BY 4.0" in said.out
    assert "https://www.kaggle.com/datasets/devbatrax/fracture-detection-using-x-ray-images" in said.out


def test_with_consent_given_beforehand(command, fracatlas, tmp_path):
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa", "--yes")
    assert said.status == 0
    assert said.lines[-1] == f"6 films are in {tmp_path / 'fa'}, layout fracatlas."
    assert "Fetching: 100% of " in said.err
    assert said.lines[1] == "Licence: CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"


def test_without_a_terminal_consent_must_be_given(command, fracatlas, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert said.status == 1
    assert said.err.splitlines() == [
        "Expected your consent to the licence of FracAtlas, but there is no terminal to ask on: read it and add --yes."
    ]
    assert fracatlas.log == []


@pytest.mark.parametrize("answer", ["y", " YES "])
def test_the_terms_are_read_before_anything_is_fetched(command, fracatlas, terminal, tmp_path, answer):
    read = terminal(answer)
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert said.status == 0
    assert "CC BY 4.0" in read[0]
    assert "Abedeen et al. 2023" in read[0]
    assert len(fracatlas.log) == 2


@pytest.mark.parametrize("answer", ["", "n", "what?", "^D"])
def test_who_does_not_agree_fetches_nothing(command, fracatlas, terminal, tmp_path, answer):
    terminal(answer)
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert (said.status, said.err) == (1, "Nothing was fetched.\n")
    assert fracatlas.log == []
    assert list(tmp_path.iterdir()) == []


def test_a_warning_does_not_fail(command, fracatlas, monkeypatch, tmp_path):
    monkeypatch.setattr(
        public_datasets, "PUBLIC_DATASETS", (replace(public_datasets.PUBLIC_DATASETS[0], counts={"": 4083}),)
    )
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa", "--yes")
    assert said.status == 0
    assert "The download contains 6 images; 4,083 images were published" in said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nothing", "--to", "x"), "no public dataset 'nothing'"),
        (("fracatlas",), "there is no terminal to ask on"),
        (("mura", "--to", "x"), "requires registration"),
    ],
)
def test_one_sentence(command, words, sentence):
    said = command("data", "get", *words)
    assert said.status == 1
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1


@pytest.fixture
def unpacked(command, runs, tmp_path):
    """The folder of a set that came as a zip, as the command said it."""
    films = {f"set/{kind}/{number}.png": b"film" for kind in ("fractured", "normal") for number in range(3)}
    (tmp_path / "My films.zip").write_bytes(pack(films))
    said = command("data", "unpack", tmp_path / "My films.zip")
    assert said.status == 0
    return Path(*said.lines)


def test_a_zip_is_unpacked_where_the_page_looks(command, unpacked, runs):
    assert uploaded_datasets.uploaded_folders(runs) == [unpacked]
    assert len(read_catalogue(unpacked).cases) == 6
    assert command("data", "list").lines[-1].endswith(f"unpacked: {unpacked}")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "No such file"), (b"text", "not a supported zip"), (pack({"a.txt": b""}), "a.zip")],
)
def test_what_is_no_zip_of_films_is_a_sentence(command, runs, tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "a.zip").write_bytes(content)
    said = command("data", "unpack", tmp_path / "a.zip")
    assert (said.status, said.out) == (1, "")
    assert sentence in said.err
    assert uploaded_datasets.uploaded_folders(runs) == []


def test_an_unpacked_zip_is_deleted_and_nothing_else(command, unpacked, runs, tmp_path, monkeypatch):
    said = command("data", "delete", tmp_path)
    assert (said.status, tmp_path.is_dir()) == (1, True)
    assert "is not an uploaded dataset" in said.err
    monkeypatch.chdir(unpacked.parent)
    assert command("data", "delete", unpacked.name).status == 0
    assert uploaded_datasets.uploaded_folders(runs) == []


def test_films_under_training_are_not_deleted(command, unpacked, runs, monkeypatch):
    config = TrainingConfig(str(unpacked), "small_fcn")
    monkeypatch.setattr(process, "active_and_waiting", lambda root: iter([config]))
    said = command("data", "delete", unpacked)
    assert said.status == 1
    assert "no training needs" in said.err
    assert uploaded_datasets.uploaded_folders(runs) == [unpacked]
