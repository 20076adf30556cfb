"""The commands `models list`, `show`, `verify`, `use`, `add`, `average`, `neighbours`, `scales` and `findings`."""

import json
import shutil

import pytest
from fracture_map_images import mapped_images

from fracture_core.registry.card import ModelCard

pytestmark = pytest.mark.usefixtures("store")


def test_list_marks_the_model_in_use(run_command, store):
    shutil.copytree(store.root / "tiny", store.root / "zeta")
    store.use("zeta")
    result = run_command("models", "list")
    assert result.status == 0
    assert [line.split()[:2] for line in result.lines] == [["tiny", "Four-block"], ["*", "zeta"]]
    assert all(f"AUC {store.card('tiny').test.auc.text()}" in line for line in result.lines)


def test_list_without_a_record(run_command, edit_card):
    edit_card(test=None)
    assert run_command("models", "list").out.rstrip().endswith("no test record")


def test_show_prints_the_card(run_command, store):
    result = run_command("models", "show", "tiny")
    assert result.status == 0
    assert ModelCard.from_json(json.loads(result.out)) == store.card("tiny")


def test_verify_compares_the_reference_prediction(run_command, edit_card):
    result = run_command("models", "verify", "tiny")
    assert result.status == 0
    assert result.out.startswith("tiny: the weights match the card")
    edit_card(golden=99.0)
    result = run_command("models", "verify", "tiny")
    assert (result.status, result.out) == (1, "")
    assert "The reference prediction of tiny differs from its card by" in result.err


def test_use_changes_the_model_in_use(run_command, store):
    shutil.copytree(store.root / "tiny", store.root / "zeta")
    assert run_command("models", "use", "zeta", "--reason", "a test").out == "zeta is in use.\n"
    assert store.model_in_use() == "zeta"
    result = run_command("models", "use", "gone")
    assert result.status == 1
    assert store.model_in_use() == "zeta"


def test_add_copies_the_model_of_a_run(run_command, store, trained_run, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(trained_run.folder.parent))
    result = run_command("models", "add", "tiny")
    assert result.status == 1
    assert "A model named tiny already exists" in result.err
    shutil.rmtree(store.root / "tiny")
    result = run_command("models", "add", "tiny")
    assert result.status == 0
    assert result.out.startswith("tiny is added")
    assert store.ids() == ["tiny"]


def test_add_of_a_run_without_result(run_command, trained_run, tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path))
    run = tmp_path / "half"
    run.mkdir()
    shutil.copy(trained_run.folder / "config.json", run)
    result = run_command("models", "add", "half")
    assert result.status == 1
    assert "half has no result: it is new" in result.err
    assert run_command("models", "add", "gone").status == 1


@pytest.mark.parametrize("action", ["show", "verify", "use"])
def test_an_unknown_model(run_command, action):
    result = run_command("models", action, "gone")
    assert (result.status, result.out) == (1, "")
    assert "Expected one of the models here (tiny)" in result.err
    assert len(result.err.splitlines()) == 1


def test_average_adds_an_ensemble(run_command, store):
    from dataclasses import replace

    shutil.copytree(store.root / "tiny", store.root / "twin")
    replace(store.card("tiny"), id="twin").save(store.root / "twin" / "card.json")
    result = run_command("models", "average", "tiny", "twin", "--name", "both")
    assert result.status == 0
    assert result.out.startswith(f"both is added: AUC {store.card('both').test.auc.text()}")
    result = run_command("models", "average", "tiny", "--name", "one")
    assert (result.status, result.out) == (1, "")
    assert "two to 10 different models" in result.err


def test_neighbours_need_features(run_command, tiny_config):
    result = run_command("models", "neighbours", "tiny", "--data", tiny_config.data)
    assert result.status == 1
    assert "has no features for comparing images" in result.err


def test_scales_measures_the_heatmap_scales(
    run_command, store, edit_card, tiny_config, monkeypatch, tmp_path
):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    edit_card(heatmap_scales={})
    result = run_command("models", "scales", "tiny", "--data", tiny_config.data)
    assert result.status == 0
    scales = store.card("tiny").heatmap_scales
    assert [line.split() for line in result.lines] == [
        [name, f"{scale:.4g}"] for name, scale in scales.items()
    ]
    assert scales


def test_findings_are_chosen_and_measured(run_command, store, tiny_config, monkeypatch, tmp_path):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    images = mapped_images()
    # The tiny model has no fracture map.
    assert "no findings" in run_command("models", "findings", "tiny", "--data", tiny_config.data).lines[0]
    monkeypatch.setattr("fracture_core.training.findings.map_images", lambda *_: images)
    result = run_command("models", "findings", "tiny", "--data", tiny_config.data)
    assert result.status == 0
    card = store.card("tiny")
    assert card.findings is not None
    assert card.test_findings.fractures == 30
    assert "  60 images, 30 annotated fractures" in result.lines
    assert "60 images, 30 annotated fractures" in (store.root / "tiny" / "README.md").read_text("utf-8")
