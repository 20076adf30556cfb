"""Search for label errors: as a function, on the command line and as a background job."""

import json
import shutil

import pytest
from PIL import Image

from fracture_core.cli.main import main
from fracture_core.errors import DataError, ModelError
from fracture_core.inference import features
from fracture_core.jobs import background
from fracture_core.label_errors import find_label_errors as search_module
from fracture_core.label_errors.find_label_errors import find_label_errors
from fracture_core.label_errors.search_job import LabelErrorJob


@pytest.fixture
def search(store, tmp_path):
    """Function that searches a dataset for label errors with the model `tiny`."""

    def search(root, progress=lambda *step: None, model="tiny"):
        return find_label_errors(store, model, root, "auto", tmp_path / "cache", progress)

    return search


@pytest.fixture
def flawed_dataset(phantoms, tmp_path):
    """The phantoms with a rotated copy under the other label and an unreadable file."""
    root = tmp_path / "flawed"
    shutil.copytree(phantoms, root)
    with Image.open(root / "fractured" / "synthetic_01.png") as film:
        film.transpose(Image.Transpose.ROTATE_90).save(root / "not fractured" / "other.png")
    (root / "fractured" / "broken.png").write_bytes(b"no picture")
    return root


def test_features_are_computed_once_and_cached(search, phantoms, monkeypatch):
    steps: list[tuple[str, int, int]] = []
    issues = search(phantoms, lambda *step: steps.append(step))
    assert (issues.films, issues.own, issues.unreadable, issues.contradictions) == (56, True, 0, ())
    assert (
        issues.training_images == sum(film.split == "train" for film in issues.suspected)
        or issues.training_images > 30
    )
    assert list(dict.fromkeys(stage for stage, _, _ in steps)) == [
        "Loading the model",
        "Comparing images",
        "Reading images",
        "Computing features",
        "Cross-validating",
    ]
    assert all(0 <= film.probability <= 1 for film in issues.suspected)

    def fail_if_called(*_):
        raise AssertionError("the features are cached")

    monkeypatch.setattr(features, "normalise_canvas", fail_if_called)
    cached = search(phantoms)
    assert (cached.suspected, cached.auc) == (issues.suspected, issues.auc)


def test_interrupted_search_resumes(search, phantoms, monkeypatch):
    monkeypatch.setattr(features, "_MIN_NEW", 16)
    monkeypatch.setattr(features, "_BATCH_SIZE", 16)

    def stop(stage, done, total):
        if stage == "Computing features" and done >= 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(phantoms, stop)
    steps: list[int] = []
    search(phantoms, lambda stage, done, total: steps.append(done) if stage == "Computing features" else None)
    assert steps == [32, 48, 56]


def test_contradiction_and_unreadable_file_are_reported(search, flawed_dataset):
    issues = search(flawed_dataset)
    ((first, second),) = issues.contradictions
    assert {first.path, second.path} == {"fractured/synthetic_01.png", "not fractured/other.png"}
    assert first.group == second.group
    assert (issues.films, issues.unreadable, issues.own) == (57, 1, True)


def test_search_of_another_dataset(search, phantoms, tmp_path):
    root = tmp_path / "part"
    for name in ("fractured", "not fractured"):
        (root / name).mkdir(parents=True)
        for path in sorted((phantoms / name).glob("*.png"))[:12]:
            shutil.copy(path, root / name)
    issues = search(root)
    assert (issues.films, issues.own, issues.training_images, issues.limitations) == (24, False, 0, "")


def test_unknown_model_and_missing_folder_are_refused(search, phantoms, tmp_path):
    with pytest.raises(ModelError, match="nobody"):
        search(phantoms, model="nobody")
    with pytest.raises(DataError, match="nowhere is not a folder"):
        search(tmp_path / "nowhere")


def test_dataset_labelled_for_another_finding_is_refused(search, phantoms, monkeypatch):
    catalogue = search_module.read_catalogue(phantoms)
    other = type(catalogue)(**{**vars(catalogue), "finding": "abnormality"})
    monkeypatch.setattr(search_module, "read_catalogue", lambda *_: other)
    with pytest.raises(DataError, match="labelled for abnormality: choose a model for these labels"):
        search(phantoms)


def test_command_writes_a_csv_file(flawed_dataset, store, tmp_path, capsys):
    out = tmp_path / "suspects.csv"
    assert main(["data", "suspects", str(flawed_dataset), "--model", "tiny", "--out", str(out)]) == 0
    output = capsys.readouterr().out
    assert output.startswith("Suspected label errors: ")
    assert "with both labels: 1." in output
    assert "synthetic_01.png" in out.read_text("utf-8-sig")
    assert main(["data", "suspects", str(flawed_dataset), "--model", "tiny", "--out", str(tmp_path)]) == 1
    assert "Choose another path" in capsys.readouterr().err


def test_job_stores_results_or_failure_reason(flawed_dataset, store, tmp_path):
    job = LabelErrorJob(tmp_path / "job")
    assert job.state().status == "absent"
    with pytest.raises(DataError, match="run the search again"):
        job.results()
    job.folder.mkdir()
    arguments = ["data", "suspects", str(flawed_dataset), "--model", "tiny", "--job", str(job.folder)]
    assert main(arguments) == 0
    assert (job.state().status, job.state().message) == ("finished", job.results().sentence)
    (tmp_path / "job.json").write_text(json.dumps({"films": 1}))
    with pytest.raises(DataError, match="damaged"):
        job.results()
    arguments[2] = str(tmp_path / "nowhere")
    assert main(arguments) == 1
    assert job.state().status == "failed"
    assert "nowhere is not a folder" in job.state().message


def test_cancelled_job_keeps_earlier_results(tmp_path, monkeypatch):
    job = LabelErrorJob(tmp_path / "job")
    job.start("nobody", tmp_path)
    with pytest.raises(DataError, match="wait for it or cancel it"):
        job.start("nobody", tmp_path)
    job.cancel()
    assert job.state().status == "cancelled"
    assert not job.has_results
    # Earlier results stay until the next search has finished.
    (tmp_path / "job.json").write_text("{}")
    job.start("nobody", tmp_path)
    job.cancel()
    assert job.has_results
    job.forget()
    assert not job.folder.exists()
    assert not job.has_results


def test_results_survive_a_search_that_cannot_be_started(tmp_path, monkeypatch):
    job = LabelErrorJob(tmp_path / "job")
    (tmp_path / "job.json").write_text("{}")

    def refuse(*_):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(background, "start_process", refuse)
    with pytest.raises(DataError, match="Cannot allocate memory"):
        job.start("nobody", tmp_path)
    assert (job.has_results, (tmp_path / "job.json").read_text()) == (True, "{}")
    assert job.written_at > 0
