"""Suspected labels of a data set: from the films to the list, on the command line and as a job."""

import json
import shutil

import pytest
from PIL import Image

from fracture_core.cli.main import main
from fracture_core.errors import DataError, ModelError
from fracture_core.inference import features
from fracture_core.jobs import background
from fracture_core.label_errors import find_label_errors as label_suspects
from fracture_core.label_errors.find_label_errors import find_label_errors as find_suspects
from fracture_core.label_errors.search_job import LabelErrorJob


@pytest.fixture
def find(store, tmp_path):
    def search(root, tell=lambda *step: None, model="tiny"):
        return find_suspects(store, model, root, "auto", tmp_path / "cache", tell)

    return search


@pytest.fixture
def odd(phantoms, tmp_path):
    """The phantoms, one of them under the other label too, turned, and a file that is no picture."""
    root = tmp_path / "odd"
    shutil.copytree(phantoms, root)
    with Image.open(root / "fractured" / "synthetic_01.png") as film:
        film.transpose(Image.Transpose.ROTATE_90).save(root / "not fractured" / "other.png")
    (root / "fractured" / "broken.png").write_bytes(b"no picture")
    return root


def test_every_film_is_looked_at_once_and_remembered(find, phantoms, monkeypatch):
    told: list[tuple[str, int, int]] = []
    found = find(phantoms, lambda *step: told.append(step))
    assert (found.films, found.own, found.unreadable, found.contradictions) == (56, True, 0, ())
    assert found.learnt == sum(film.split == "train" for film in found.suspected) or found.learnt > 30
    assert list(dict.fromkeys(what for what, _, _ in told)) == [
        "Waking the model",
        "Comparing films",
        "Reading the films",
        "The model looks at the films",
        "Cross-validating",
    ]
    assert all(0 <= film.probability <= 1 for film in found.suspected)

    def never(*_):
        raise AssertionError("the films were looked at before")

    monkeypatch.setattr(features, "normalise_canvas", never)
    again = find(phantoms)
    assert (again.suspected, again.auc) == (found.suspected, found.auc)


def test_a_search_that_was_ended_goes_on_where_it_was(find, phantoms, monkeypatch):
    monkeypatch.setattr(features, "_EVERY", 16)
    monkeypatch.setattr(features, "_BATCH", 16)

    def stop(what, done, every):
        if what == "The model looks at the films" and done >= 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find(phantoms, stop)
    told: list[int] = []
    find(phantoms, lambda what, done, every: told.append(done) if what.startswith("The model") else None)
    assert told == [32, 48, 56]


def test_a_picture_under_both_labels_and_an_unreadable_file_are_told(find, odd):
    found = find(odd)
    ((first, second),) = found.contradictions
    assert {first.path, second.path} == {"fractured/synthetic_01.png", "not fractured/other.png"}
    assert first.group == second.group
    assert (found.films, found.unreadable, found.own) == (57, 1, True)


def test_another_set_is_searched_and_said_to_be_another(find, phantoms, tmp_path):
    root = tmp_path / "part"
    for name in ("fractured", "not fractured"):
        (root / name).mkdir(parents=True)
        for path in sorted((phantoms / name).glob("*.png"))[:12]:
            shutil.copy(path, root / name)
    found = find(root)
    assert (found.films, found.own, found.learnt, found.limitations) == (24, False, 0, "")


def test_an_unknown_model_and_a_folder_without_films_are_said(find, phantoms, tmp_path):
    with pytest.raises(ModelError, match="nobody"):
        find(phantoms, model="nobody")
    with pytest.raises(DataError, match="Expected"):
        find(tmp_path / "nowhere")


def test_labels_of_another_meaning_are_refused(find, phantoms, monkeypatch):
    catalogue = label_suspects.read_catalogue(phantoms)
    other = type(catalogue)(**{**vars(catalogue), "finding": "abnormality"})
    monkeypatch.setattr(label_suspects, "read_catalogue", lambda *_: other)
    with pytest.raises(DataError, match="labelled for abnormality: use a model of these labels"):
        find(phantoms)


def test_the_command_writes_the_list(odd, store, tmp_path, capsys):
    out = tmp_path / "suspects.csv"
    assert main(["data", "suspects", str(odd), "--model", "tiny", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Suspected labels: ")
    assert "under both labels: 1." in said
    assert "synthetic_01.png" in out.read_text("utf-8-sig")
    assert main(["data", "suspects", str(odd), "--model", "tiny", "--out", str(tmp_path)]) == 1
    assert "Choose another path" in capsys.readouterr().err


def test_a_job_keeps_list_or_reason(odd, store, tmp_path):
    job = LabelErrorJob(tmp_path / "job")
    assert job.state().status == "absent"
    with pytest.raises(DataError, match="look for them again"):
        job.results()
    job.folder.mkdir()
    arguments = ["data", "suspects", str(odd), "--model", "tiny", "--job", str(job.folder)]
    assert main(arguments) == 0
    assert (job.state().status, job.state().what) == ("finished", job.results().sentence)
    (tmp_path / "job.json").write_text(json.dumps({"films": 1}))
    with pytest.raises(DataError, match="damaged"):
        job.results()
    arguments[2] = str(tmp_path / "nowhere")
    assert main(arguments) == 1
    assert job.state().status == "failed"
    assert "Expected" in job.state().what


def test_a_job_that_is_ended_says_so(tmp_path, monkeypatch):
    job = LabelErrorJob(tmp_path / "job")
    job.start("nobody", tmp_path)
    with pytest.raises(DataError, match="wait for it or cancel it"):
        job.start("nobody", tmp_path)
    job.cancel()
    assert job.state().status == "cancelled"
    assert not job.has_results
    # A list that was there before stays until there is a new one.
    (tmp_path / "job.json").write_text("{}")
    job.start("nobody", tmp_path)
    job.cancel()
    assert job.has_results
    job.forget()
    assert not job.folder.exists()
    assert not job.has_results


def test_a_list_outlives_a_search_that_cannot_be_started(tmp_path, monkeypatch):
    job = LabelErrorJob(tmp_path / "job")
    (tmp_path / "job.json").write_text("{}")

    def refuse(*_):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(background, "start_process", refuse)
    with pytest.raises(DataError, match="Cannot allocate memory"):
        job.start("nobody", tmp_path)
    assert (job.has_results, (tmp_path / "job.json").read_text()) == (True, "{}")
    assert job.written_at > 0
