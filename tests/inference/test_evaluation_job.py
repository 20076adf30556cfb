"""Evaluation on other images in a background process, and its results."""

import json

import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import predictions
from fracture_core.inference.evaluate import evaluate_model
from fracture_core.inference.evaluation_job import EvaluationJob


@pytest.fixture
def job(tmp_path, phantoms) -> EvaluationJob:
    return EvaluationJob.for_dataset(tmp_path / "runs", "a" * 64, phantoms)


def test_results_are_kept_beside_those_of_other_datasets(store, phantoms, tmp_path, job):
    record = (store.root / "tiny" / "predictions.csv").read_bytes()
    assert (
        job.run(phantoms, lambda progress: evaluate_model(store, "tiny", phantoms, "all", "auto", progress))
        == 0
    )
    assert job.state().status == "finished"
    assert job.state().message == "56 images were evaluated."
    found = job.results()
    assert (found.data, found.summary.n) == (str(phantoms), 56)
    assert "trained on some of these images" in found.warnings[0]
    assert len(predictions.read_predictions(job.predictions_path)) == 56
    assert (store.root / "tiny" / "predictions.csv").read_bytes() == record
    assert [each.folder for each in EvaluationJob.all(tmp_path / "runs", "a" * 64)] == [job.folder]
    assert EvaluationJob.all(tmp_path / "runs", "b" * 64) == []
    job.forget()
    assert EvaluationJob.all(tmp_path / "runs", "a" * 64) == []


def test_failure_is_the_state_of_the_job(store, tmp_path, job):
    def evaluate(progress):
        raise DataError("The folder is empty.")

    assert job.run(tmp_path, evaluate) == 1
    assert (job.state().status, job.state().message) == ("failed", "The folder is empty.")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"data": "x"}', json.dumps({"data": "", "created": "", "all": 1})]
)
def test_damaged_results_give_a_sentence(job, content):
    job.metrics_path.parent.mkdir(parents=True)
    job.metrics_path.write_text(content)
    with pytest.raises(DataError, match="evaluate again"):
        job.results()
