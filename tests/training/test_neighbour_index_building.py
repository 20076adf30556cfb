"""The index of a model's training films: built from its own data set, bound to its weights, refused for others."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from fracture_core.errors import DataError, ModelError
from fracture_core.inference.predictor import Predictor
from fracture_core.registry.store import NEIGHBOURS_NAME
from fracture_core.similar.index_job import IndexJob
from fracture_core.training import neighbour_index
from fracture_core.zoo import architectures as zoo_table
from fracture_core.zoo import find_architecture


@pytest.fixture
def with_features(monkeypatch):
    """The four-block network as if the table named its features."""
    row = replace(find_architecture("four_block"), feature_layers=("block3_norm", "block4_norm"))
    monkeypatch.setitem(zoo_table.ARCHITECTURES, "four_block", row)


@pytest.fixture
def told() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture
def build(store, tiny_config, tmp_path, told):
    def built():
        return neighbour_index.build_neighbour_index(
            store, "tiny", tiny_config.data, tmp_path / "cache", lambda *step: told.append(step)
        )

    return built


@pytest.mark.usefixtures("with_features")
def test_a_training_film_is_found_again_by_an_opinion(build, store, training_data, told):
    index = build()
    assert store.neighbours("tiny").nearest(np.ones(len(index.directions.mean))) == index.nearest(
        np.ones(len(index.directions.mean))
    )
    train = training_data.indices_of("train")
    assert sorted(index.cases) == sorted(training_data.cases[at].id for at in train)
    assert told[-1][0] == "Computing features"
    assert told[-1][1] == told[-1][2] == len(train) + len(training_data.indices_of("val"))
    assert index.record.broken.n + index.record.others.n == len(training_data.indices_of("val"))
    film = training_data.cases[train[0]]
    near = index.nearest(Predictor(store, "tiny").predict(film.path, heatmap=False).features)[0]
    assert (near.case, near.label) == (film.id, film.label)
    assert near.distance < 0.05


@pytest.mark.usefixtures("with_features")
def test_it_holds_no_picture_and_no_path_of_this_computer(build, store, tiny_config):
    build()
    content = np.load(store.root / "tiny" / NEIGHBOURS_NAME, allow_pickle=False)
    assert all(not str(path).startswith("/") for path in content["paths"])
    assert tiny_config.data not in " ".join(map(str, content["paths"]))
    assert max(array.size for array in content.values()) < 64 * 64 * len(content["cases"])


@pytest.mark.usefixtures("with_features")
def test_other_weights_have_no_index(build, store, edit_card):
    build()
    weights = store.card("tiny").to_json()["weights"]
    edit_card(weights={**weights, "sha256": "0" * 64})
    assert store.neighbours("tiny") is None
    shutil.rmtree(store.root / "tiny")
    with pytest.raises(ModelError):
        store.neighbours("tiny")


@pytest.mark.usefixtures("with_features")
def test_other_films_are_refused(build, store, edit_card):
    edit_card(data={**store.card("tiny").to_json()["data"], "split_hash": "0" * 64})
    with pytest.raises(DataError, match="the films and the split"):
        build()
    assert store.neighbours("tiny") is None


def test_an_architecture_without_features_has_no_neighbours(build, store, wide_film):
    with pytest.raises(ModelError, match="features to compare films by"):
        build()
    assert Predictor(store, "tiny").predict(wide_film, heatmap=False).features is None


def test_the_job_tells_its_state(tmp_path):
    job = IndexJob(tmp_path / "job")
    assert job.state().status == "absent"
    job.folder.mkdir()
    seen = []

    def work(progress):
        progress("Reading", 3, 3)
        seen.append(job.state())

    assert job.run(work) == 0
    assert (seen[0].status, seen[0].message, seen[0].done, seen[0].total) == ("running", "Reading", 3, 3)
    assert job.state().status == "finished"

    def fail(progress):
        raise DataError("Expected films.")

    assert job.run(fail) == 1
    assert (job.state().status, job.state().message) == ("failed", "Expected films.")
    job.forget()
    assert job.state().status == "absent"


def test_a_job_that_is_gone_without_a_word_has_failed(tmp_path):
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


def test_a_started_job_can_be_cancelled(store, tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    job = IndexJob(tmp_path / "job")
    job.start("tiny", tmp_path / "nowhere")
    assert job.state().status in ("running", "failed")
    job.cancel()
    assert job.state().status == "absent"
