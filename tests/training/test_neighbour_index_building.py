"""The index of similar training images: building, binding to the weights, and the background job."""

import json
import shutil

import numpy as np
import pytest

from fracture_core.errors import DataError, ModelError
from fracture_core.inference.predictor import Predictor
from fracture_core.registry.network_files import add_exported_network
from fracture_core.registry.store import NEIGHBOURS_NAME
from fracture_core.similar.index_job import IndexJob
from fracture_core.training import neighbour_index


@pytest.fixture
def progress_calls() -> list[tuple[str, int, int]]:
    """Progress reported by `build_index`: stage, done and total."""
    return []


@pytest.fixture
def build_index(store, tiny_config, tmp_path, progress_calls):
    """Function that builds the index of `tiny`."""

    def build():
        return neighbour_index.build_neighbour_index(
            store, "tiny", tiny_config.data, tmp_path / "cache", lambda *step: progress_calls.append(step)
        )

    return build


@pytest.mark.usefixtures("four_block_with_features")
def test_training_image_is_its_own_nearest_neighbour(build_index, store, training_data, progress_calls):
    index = build_index()
    assert store.neighbours("tiny").nearest(np.ones(len(index.directions.mean))) == index.nearest(
        np.ones(len(index.directions.mean))
    )
    train = training_data.indices_of("train")
    assert sorted(index.cases) == sorted(training_data.cases[at].id for at in train)
    assert progress_calls[-1][0] == "Computing features"
    assert progress_calls[-1][1] == progress_calls[-1][2] == len(train) + len(training_data.indices_of("val"))
    assert index.record.with_finding.n + index.record.without_finding.n == len(
        training_data.indices_of("val")
    )
    case = training_data.cases[train[0]]
    # The network was exported when the architecture had no feature layers.
    card, model = store.load("tiny")
    add_exported_network(store.root / "tiny", card, model).save(store.root / "tiny" / "card.json")
    neighbour = index.nearest(Predictor(store, "tiny").predict(case.path, heatmap=False).features)[0]
    assert (neighbour.case, neighbour.label) == (case.id, case.label)
    assert neighbour.distance < 0.05


@pytest.mark.usefixtures("four_block_with_features")
def test_index_contains_no_image_and_no_path_of_this_computer(build_index, store, tiny_config):
    build_index()
    content = np.load(store.root / "tiny" / NEIGHBOURS_NAME, allow_pickle=False)
    assert all(not str(path).startswith("/") for path in content["paths"])
    assert tiny_config.data not in " ".join(map(str, content["paths"]))
    assert max(array.size for array in content.values()) < 64 * 64 * len(content["cases"])


@pytest.mark.usefixtures("four_block_with_features")
def test_index_is_bound_to_the_weights(build_index, store, edit_card):
    build_index()
    weights = store.card("tiny").to_json()["weights"]
    edit_card(weights={**weights, "sha256": "0" * 64})
    assert store.neighbours("tiny") is None
    shutil.rmtree(store.root / "tiny")
    with pytest.raises(ModelError):
        store.neighbours("tiny")


@pytest.mark.usefixtures("four_block_with_features")
def test_other_dataset_is_rejected(build_index, store, edit_card):
    edit_card(data={**store.card("tiny").to_json()["data"], "split_hash": "0" * 64})
    with pytest.raises(DataError, match="differs from the dataset and split"):
        build_index()
    assert store.neighbours("tiny") is None


def test_architecture_without_features_has_no_index(build_index, store, wide_film):
    with pytest.raises(ModelError, match="has no features for comparing images"):
        build_index()
    assert Predictor(store, "tiny").predict(wide_film, heatmap=False).features is None


def test_job_reports_its_state(tmp_path):
    job = IndexJob(tmp_path / "job")
    assert job.state().status == "absent"
    job.folder.mkdir()
    states = []

    def work(progress):
        progress("Reading", 3, 3)
        states.append(job.state())

    assert job.run(work) == 0
    assert (states[0].status, states[0].message, states[0].done, states[0].total) == (
        "running",
        "Reading",
        3,
        3,
    )
    assert job.state().status == "finished"

    def fail(progress):
        raise DataError("Expected training_data.")

    assert job.run(fail) == 1
    assert (job.state().status, job.state().message) == ("failed", "Expected training_data.")
    job.forget()
    assert job.state().status == "absent"


def test_job_whose_process_disappeared_has_failed(tmp_path):
    job = IndexJob(tmp_path)
    (tmp_path / "state.json").write_text(
        json.dumps(
            {
                "status": "running",
                "what": "",
                "done": 0,
                "every": 0,
                "data": "",
                "pid": 2**22 - 1,
                "since": "1",
            }
        )
    )
    assert job.state().status == "failed"
    assert "Start it again" in job.state().message


def test_started_job_can_be_cancelled(store, tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    job = IndexJob(tmp_path / "job")
    job.start("tiny", tmp_path / "nowhere")
    assert job.state().status in ("running", "failed")
    job.cancel()
    assert job.state().status == "absent"
